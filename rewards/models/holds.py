"""Points that staff hold back while something is looked into (SEMANTICS 13)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program
from rewards.models.ledger import Unit


class Hold(models.Model):
    """`amount` in ledger units, reserved in the lots of `parts` ([lot id, amount] each) until it is released."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="holds")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(_("amount"))
    parts = models.JSONField(default=list)
    reason = models.CharField(_("reason"), max_length=300)
    fact_id = models.BigIntegerField(unique=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    held_at = models.DateTimeField(_("held"), default=timezone.now)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("hold for review")
        verbose_name_plural = _("holds for review")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_of_something"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False),
                name="hold_release_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["member"], condition=Q(released_at__isnull=True), name="hold_open_by_member")
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.amount}"
