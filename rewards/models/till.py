"""What cashiers did at a till: one row for each tap, found again by the key that was made at the tap."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class TillAction(models.Model):
    """`fingerprint` tells a repeat from a contradiction, `answer` holds figures and ids, never a person's data.

    The key is unique everywhere, so that it can belong to one cashier of one program only. Rows are only added."""

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        JOIN = "join", _("Joining")
        REDEEM = "redeem", _("Reward")
        DONATE = "donate", _("Donation")
        UNDO = "undo", _("Undoing")

    key = models.UUIDField(unique=True)
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    cashier = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    fingerprint = models.BinaryField()
    holder_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    # The action that was undone, each at most once.
    of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="undoing")
    answer = models.JSONField(default=dict)
    tapped_at = models.DateTimeField(_("tapped"))
    recorded_at = models.DateTimeField(_("recorded"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("action at a till")
        verbose_name_plural = _("actions at tills")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["sale", "join", "redeem", "donate", "undo"]),
                name="tillaction_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="undo", of__isnull=False) | (~Q(kind="undo") & Q(of__isnull=True)),
                name="tillaction_undo_names_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
