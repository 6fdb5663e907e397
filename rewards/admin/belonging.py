"""What members give each other and to causes."""

from __future__ import annotations

from django.contrib import admin

from members.admin import ReadOnlyAdmin
from rewards.models import (
    Cause,
    CauseTotal,
    Donation,
    Household,
    HouseholdInvitation,
    HouseholdPlace,
    Payout,
    ReceiptBook,
    Referral,
    ReferralLink,
    ReferralMark,
    ReferralScheme,
    Sending,
    Surprise,
    SurpriseGift,
)


@admin.register(Cause)
class CauseAdmin(ReadOnlyAdmin):
    list_display = ("key", "state", "goal_minor", "created_at", "ended_at", "program_id")
    list_filter = ("program", "state")


@admin.register(CauseTotal)
class CauseTotalAdmin(ReadOnlyAdmin):
    list_display = ("cause_id", "unit_id", "gifts", "amount", "worth_minor", "paid_minor", "program_id")
    list_filter = ("program",)


@admin.register(ReceiptBook)
class ReceiptBookAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "last")


@admin.register(Donation)
class DonationAdmin(ReadOnlyAdmin):
    list_display = (
        "number",
        "member_id",
        "cause_id",
        "amount",
        "worth_minor",
        "given_at",
        "withdrawn_at",
        "program_id",
    )
    list_filter = ("program", "via")


@admin.register(Household)
class HouseholdAdmin(ReadOnlyAdmin):
    list_display = ("pk", "head_id", "pools", "founded_at", "ended_at", "program_id")
    list_filter = ("program",)


@admin.register(HouseholdPlace)
class HouseholdPlaceAdmin(ReadOnlyAdmin):
    list_display = ("household_id", "member_id", "limits", "joined_at", "left_at", "program_id")
    list_filter = ("program",)


@admin.register(HouseholdInvitation)
class HouseholdInvitationAdmin(ReadOnlyAdmin):
    list_display = ("household_id", "state", "invited_at", "due_at", "program_id")
    list_filter = ("program", "state")
    exclude = ("address",)


@admin.register(Sending)
class SendingAdmin(ReadOnlyAdmin):
    list_display = ("pk", "sender_id", "recipient_id", "amount", "state", "sent_at", "due_at", "program_id")
    list_filter = ("program", "state")
    exclude = ("address",)


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = ("reference", "cause_id", "amount_minor", "paid_on", "author_id", "program_id")
    list_filter = ("program",)


@admin.register(ReferralScheme)
class ReferralSchemeAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "is_on", "minimum_minor", "buy_days", "wait_days", "most", "period")


@admin.register(ReferralLink)
class ReferralLinkAdmin(ReadOnlyAdmin):
    list_display = ("code", "member_id", "visits", "made_at", "program_id")
    list_filter = ("program",)


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    list_display = ("pk", "referrer_id", "friend_id", "state", "joined_at", "due_at", "program_id")
    list_filter = ("program", "state")


@admin.register(Surprise)
class SurpriseAdmin(ReadOnlyAdmin):
    list_display = ("pk", "state", "author", "most", "given", "spent_minor", "created_at", "program_id")
    list_filter = ("program", "state")
    list_select_related = ("author",)
    exclude = ("salt",)


@admin.register(SurpriseGift)
class SurpriseGiftAdmin(ReadOnlyAdmin):
    list_display = ("pk", "surprise_id", "member_id", "state", "why", "given_at", "program_id")
    list_filter = ("program", "state")


@admin.register(ReferralMark)
class ReferralMarkAdmin(ReadOnlyAdmin):
    list_display = ("pk", "member_id", "kind", "program_id")
    list_filter = ("program", "kind")
    exclude = ("digest",)
