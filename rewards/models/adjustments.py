"""Adjustments above the limit of who asked for them: they wait for a second person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program
from rewards.models.ledger import Unit


class PendingAdjustment(models.Model):
    """`amount` in ledger units, either sign. The key is that of the form, and of the posting when it is approved."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="pending_adjustments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=300)
    key = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    fact_id = models.BigIntegerField(null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("pending adjustment")
        verbose_name_plural = _("pending adjustments")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="pendingadjustment_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="pendingadjustment_not_zero"),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by__isnull=True, fact_id__isnull=True)
                | Q(state="approved", decided_by__isnull=False, fact_id__isnull=False)
                | Q(state="refused", decided_by__isnull=False, fact_id__isnull=True) & ~Q(answer=""),
                name="pendingadjustment_decision_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="pendingadjustment_by_a_second",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "state", "-asked_at"], name="pendingadjustment_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.amount:+d} ({self.state})"
