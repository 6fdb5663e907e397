"""Two members that are one person: what was brought together, so that it can be taken apart again.

`record` holds ids and figures only, never a person's data: that stays on the rows of the two members.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.orders import Order
from members.models.people import Member
from members.models.programs import Program


class Merge(models.Model):
    """`gone` became part of `kept`. Undone at most once; then `undoing` says what each side got and bore."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    kept = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="merges")
    gone = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="departures")
    reason = models.CharField(_("reason"), max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    merged_at = models.DateTimeField(_("merged"), default=timezone.now)
    fact_id = models.BigIntegerField()
    record = models.JSONField(default=dict)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    undo_reason = models.CharField(_("reason of undoing"), max_length=300, blank=True)
    undo_fact_id = models.BigIntegerField(null=True, blank=True)
    # {unit key: ledger units} that the shop bore when it was undone.
    given = models.JSONField(default=dict, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["gone"], condition=models.Q(undone_at=None), name="merge_gone_once"
            ),
            models.CheckConstraint(condition=~models.Q(kept=models.F("gone")), name="merge_of_two"),
            models.CheckConstraint(
                condition=models.Q(undone_at=None)
                | models.Q(undone_by__isnull=False, undo_fact_id__isnull=False) & ~models.Q(undo_reason=""),
                name="merge_undoing_explained",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"


class MergedOrder(models.Model):
    """An order that a merge handed over, with what it counted for at that moment."""

    pk = models.CompositePrimaryKey("merge_id", "order_id")
    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, db_index=False, related_name="orders")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, related_name="+")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    spend_minor = models.BigIntegerField(default=0)
    orders = models.IntegerField(default=0)
    points = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.merge_id}: {self.order_id}"


class OrderRoute(models.Model):
    """An order that came after a merge through what had identified the gone member; it goes back with that one."""

    order = models.OneToOneField(Order, primary_key=True, on_delete=models.PROTECT, related_name="route")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.order_id} through {self.member_id}"
