"""The ledger, what moved it, and what waits."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members.admin import ReadOnlyAdmin, table
from rewards.models import (
    Allocation,
    Award,
    BulkAction,
    Entry,
    ExpiryNotice,
    Hold,
    ImportRun,
    Lot,
    PendingAdjustment,
    Pricing,
    Reinstatement,
    Seal,
    Settlement,
    TillAction,
    TillStamp,
    Unit,
    Wallet,
    Warrant,
)


class Sealed(ReadOnlyAdmin):
    """Shows the seal as figures that can be compared."""

    exclude = ("digest",)
    readonly_fields = ("seal",)

    @admin.display(description=_("Seal"))
    def seal(self, row: Entry | Wallet) -> str:
        return bytes(row.digest).hex()


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    list_display = ("key", "program_id", "precision", "worth_numerator", "worth_denominator", "is_money")
    list_filter = ("program",)


@admin.register(Wallet)
class WalletAdmin(Sealed):
    list_display = (
        "pk",
        "holder_id",
        "unit",
        "active",
        "pending",
        "reserved",
        "arrears",
        "seq",
        "program_id",
    )
    list_filter = ("program",)
    list_select_related = ("unit",)
    search_fields = ("holder_id__exact",)
    search_help_text = _("Number of the holder")


@admin.register(Entry)
class EntryAdmin(Sealed):
    list_display = (
        "pk",
        "wallet_id",
        "seq",
        "kind",
        "active_change",
        "active",
        "at",
        "posted_at",
        "program_id",
    )
    list_filter = ("program",)
    search_fields = ("wallet_id__exact",)
    search_help_text = _("Number of the wallet")
    readonly_fields = ("seal", "used")  # type: ignore[assignment]

    @admin.display(description=_("Lots used"))
    def used(self, entry: Entry) -> SafeString:
        return table(Allocation.objects.filter(entry=entry), "lot_id", "amount")


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    list_display = (
        "pk",
        "wallet_id",
        "granted",
        "remaining",
        "is_active",
        "earned_at",
        "expires_at",
        "program_id",
    )
    list_filter = ("program",)
    readonly_fields = ("used_by",)

    @admin.display(description=_("Used by"))
    def used_by(self, lot: Lot) -> SafeString:
        return table(Allocation.objects.filter(lot=lot), "entry_id", "amount")


@admin.register(Pricing)
class PricingAdmin(ReadOnlyAdmin):
    list_display = ("fact_id", "program_id", "awarded")
    list_filter = ("program",)
    readonly_fields = ("awards", "settlements")

    @admin.display(description=_("Awards"))
    def awards(self, pricing: Pricing) -> SafeString:
        rows = Award.objects.filter(fact_id=pricing.fact_id)
        return table(rows, "version_id", "unit_id", "desired", "awarded", "cut_by")

    @admin.display(description=_("Settlements"))
    def settlements(self, pricing: Pricing) -> SafeString:
        rows = Settlement.objects.filter(fact_id=pricing.fact_id)
        return table(
            rows, "order_id", "awarded", "reversed", "from_own", "from_others", "to_arrears", "forgiven"
        )


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ("at", "heads", "program_id")
    list_filter = ("program",)
    exclude = ("root", "signature")
    readonly_fields = ("root_of_all",)

    @admin.display(description=_("Root"))
    def root_of_all(self, seal: Seal) -> str:
        return bytes(seal.root).hex()


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    list_display = ("kind", "state", "author", "total", "done", "refused", "created_at", "program_id")
    list_filter = ("program", "kind", "state")
    list_select_related = ("author",)


@admin.register(PendingAdjustment)
class PendingAdjustmentAdmin(ReadOnlyAdmin):
    list_display = ("pk", "member_id", "unit", "amount", "state", "asked_at", "program_id")
    list_filter = ("program", "state")
    list_select_related = ("unit",)


@admin.register(TillAction)
class TillActionAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "kind", "cashier", "holder_id", "order_id", "program_id")
    list_filter = ("program", "kind")
    list_select_related = ("cashier",)
    exclude = ("fingerprint",)


@admin.register(TillStamp)
class TillStampAdmin(ReadOnlyAdmin):
    list_display = ("unit", "sku", "name", "price_minor", "is_shown", "program_id")
    list_filter = ("program",)
    list_select_related = ("unit",)


@admin.register(Warrant)
class WarrantAdmin(ReadOnlyAdmin):
    list_display = ("given_at", "kind", "given_by", "holder_id", "fact_id", "program_id")
    list_filter = ("program", "kind")
    list_select_related = ("given_by",)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "author", "rows", "rejected_rows", "created_at", "program_id")
    list_filter = ("program", "state")
    list_select_related = ("author",)
    exclude = ("digest", "stored")


@admin.register(ExpiryNotice)
class ExpiryNoticeAdmin(ReadOnlyAdmin):
    list_display = ("pk", "program_id", "wallet_id", "lot_id", "ends_at", "noted_at")
    list_filter = ("program",)


@admin.register(Reinstatement)
class ReinstatementAdmin(ReadOnlyAdmin):
    list_display = ("pk", "program_id", "member_id", "unit", "lot_id", "amount", "author", "at")
    list_filter = ("program",)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("pk", "program_id", "member_id", "unit", "amount", "author", "held_at", "released_at")
    list_filter = ("program",)
