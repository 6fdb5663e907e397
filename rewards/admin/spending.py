"""What members spend on, and what pays for orders."""

from __future__ import annotations

from django.contrib import admin

from members.admin import ReadOnlyAdmin
from rewards.models import (
    Code,
    CodeBatch,
    CodePool,
    Coupon,
    CouponUse,
    Gathering,
    GiftCard,
    Redemption,
    Reward,
    RewardPicture,
    Tender,
)


@admin.register(Tender)
class TenderAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "kind", "unit_id", "amount", "money_minor")
    list_filter = ("program", "kind")


@admin.register(GiftCard)
class GiftCardAdmin(ReadOnlyAdmin):
    list_display = ("pk", "program_id", "ending", "state", "origin", "value_minor", "issued_at")
    list_filter = ("program", "state", "origin")
    exclude = ("code_digest", "code_sealed")


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    list_display = ("key", "kind", "state", "stock", "taken", "program_id")
    list_filter = ("program", "state", "kind")


@admin.register(Gathering)
class GatheringAdmin(ReadOnlyAdmin):
    list_display = ("reward", "begins_at", "time_zone", "remind_hours", "revision", "program_id")
    list_filter = ("program",)
    list_select_related = ("reward",)


@admin.register(RewardPicture)
class RewardPictureAdmin(ReadOnlyAdmin):
    list_display = ("pk", "digest", "program_id")
    list_filter = ("program",)
    exclude = ("content",)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = ("pk", "reward_id", "member_id", "state", "reserved_at", "due_at", "program_id")
    list_filter = ("program", "state")
    exclude = ("code_digest", "code_sealed")


@admin.register(CodePool)
class CodePoolAdmin(ReadOnlyAdmin):
    list_display = ("key", "name", "purpose", "source", "use", "is_open", "program_id")
    list_filter = ("program", "purpose")


@admin.register(CodeBatch)
class CodeBatchAdmin(ReadOnlyAdmin):
    list_display = ("pk", "pool", "kind", "state", "rows", "taken", "created_at", "program_id")
    list_filter = ("program", "state")
    list_select_related = ("pool",)
    exclude = ("stored",)


@admin.register(Code)
class CodeAdmin(ReadOnlyAdmin):
    list_display = ("pk", "pool_id", "member_id", "used", "most", "given_at", "program_id")
    list_filter = ("program",)
    exclude = ("digest", "sealed")
    show_full_result_count = False


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    list_display = ("key", "kind", "state", "stacking", "most", "taken", "program_id")
    list_filter = ("program", "state", "kind")


@admin.register(CouponUse)
class CouponUseAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "coupon_id",
        "order_id",
        "member_id",
        "discount_minor",
        "at",
        "given_back_at",
        "program_id",
    )
    list_filter = ("program",)
