"""How members earn: rules, tiers, badges, plans."""

from __future__ import annotations

from django.contrib import admin

from members.admin import ReadOnlyAdmin
from rewards.models import (
    Badge,
    BadgeWin,
    ChallengeEntry,
    EarningRule,
    Plan,
    RuleDraft,
    RuleVersion,
    Saving,
    Standing,
    Term,
    Tier,
    TierScheme,
)


@admin.register(Badge)
class BadgeAdmin(ReadOnlyAdmin):
    list_display = ("key", "kind", "state", "counted_at", "counted_to", "revision", "program_id")
    list_filter = ("program", "kind", "state")


@admin.register(BadgeWin)
class BadgeWinAdmin(ReadOnlyAdmin):
    list_display = ("pk", "badge", "member_id", "level", "period", "won_at", "lost_at", "program_id")
    list_filter = ("program",)
    list_select_related = ("badge",)


@admin.register(ChallengeEntry)
class ChallengeEntryAdmin(ReadOnlyAdmin):
    list_display = ("pk", "badge", "member_id", "joined_at", "is_shown", "program_id")
    list_filter = ("program",)
    list_select_related = ("badge",)
    exclude = ("shown_as",)


@admin.register(EarningRule)
class EarningRuleAdmin(ReadOnlyAdmin):
    list_display = ("name", "key", "state", "budget", "spent", "program_id")
    list_filter = ("program", "state")


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnlyAdmin):
    list_display = ("rule", "number", "since", "until", "published_by", "program_id")
    list_filter = ("program",)
    list_select_related = ("rule", "published_by")


@admin.register(RuleDraft)
class RuleDraftAdmin(ReadOnlyAdmin):
    list_display = ("name", "rule", "revision", "changed_at", "changed_by", "program_id")
    list_filter = ("program",)
    list_select_related = ("rule", "changed_by")


@admin.register(TierScheme)
class TierSchemeAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "counted", "window", "review")


@admin.register(Tier)
class TierAdmin(ReadOnlyAdmin):
    list_display = ("key", "rank", "threshold", "is_never_lost", "program_id")
    list_filter = ("program",)


@admin.register(Standing)
class StandingAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "tier", "origin", "since", "valid_until", "ended_at", "program_id")
    list_filter = ("program",)
    list_select_related = ("tier",)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ("key", "state", "price_minor", "months", "program_id")
    list_filter = ("program", "state")


@admin.register(Term)
class TermAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "plan_id",
        "member_id",
        "state",
        "starts_at",
        "ends_at",
        "price_minor",
        "program_id",
    )
    list_filter = ("program", "state")


@admin.register(Saving)
class SavingAdmin(ReadOnlyAdmin):
    list_display = ("pk", "term_id", "kind", "amount_minor", "order_id", "at", "program_id")
    list_filter = ("program", "kind")
