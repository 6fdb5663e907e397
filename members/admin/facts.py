"""Orders, facts, the log of events and who follows it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members import followers
from members.admin.frame import ReadOnlyAdmin, table
from members.models import (
    Activity,
    AuditEntry,
    Delivery,
    Event,
    Fact,
    Following,
    Order,
    Program,
    Return,
    WaitingFact,
)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "source", "state", "total_minor", "currency", "occurred_at", "program_id")
    list_filter = ("program", "state")
    search_fields = ("external_id__exact",)
    readonly_fields = ("bought",)

    @admin.display(description=_("Lines"))
    def bought(self, order: Order) -> SafeString:
        rows = order.lines.order_by("revision", "position")
        return table(
            rows, "revision", "position", "sku", "name", "quantity", "amount_minor", "returned_quantity"
        )


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "source", "amount_minor", "matched_minor", "occurred_at", "program_id")
    list_filter = ("program",)
    readonly_fields = ("brought_back",)

    @admin.display(description=_("Lines"))
    def brought_back(self, back: Return) -> SafeString:
        return table(
            back.lines.order_by("number"), "number", "sku", "quantity", "amount_minor", "order_id", "position"
        )


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "source", "external_id", "revision", "recorded_at", "program_id")
    list_filter = ("program",)
    search_fields = ("external_id__exact",)


@admin.register(WaitingFact)
class WaitingFactAdmin(ReadOnlyAdmin):
    list_display = ("fact_id", "order_id", "program_id")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "holder_id", "order_id", "occurred_at", "program_id")
    list_filter = ("program",)


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("fact_id", "member_id", "kind", "occurred_at", "withdrawn_at", "program_id")
    list_filter = ("program",)
    exclude = ("data",)


@admin.register(Following)
class FollowingAdmin(ReadOnlyAdmin):
    list_display = ("pk", "follower", "kinds", "program_id")
    list_filter = ("program", "follower")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What waits for a follower. What was set aside can be tried again; nothing else changes here."""

    list_display = ("pk", "follower", "event_id", "tries", "error", "due_at", "parked_at", "program_id")
    list_filter = (("parked_at", admin.EmptyFieldListFilter), "follower", "program")
    list_select_related = ("program",)
    actions = ("try_again",)

    @admin.action(description=_("Try again"))
    def try_again(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        for program in Program.objects.filter(pk__in={row.program_id for row in rows}):
            ids = [row.pk for row in rows if row.program_id == program.pk]
            if followers.try_again(program=program, ids=ids):
                self._audit(request, program, "change", ["deliveries"])


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "action", "subject", "subject_id", "program_id", "address")
    list_filter = ("program",)
    list_select_related = ("actor",)
