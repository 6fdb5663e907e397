"""Around the end of points: what members were told beforehand, and what was given back afterwards."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program
from rewards.models.ledger import Unit


class ExpiryNotice(models.Model):
    """That an end was announced, once: of a lot, or (without one) of all that a wallet would lose by inactivity."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    wallet_id = models.BigIntegerField()
    lot_id = models.BigIntegerField(null=True)
    ends_at = models.DateTimeField(_("ends"))
    noted_at = models.DateTimeField(_("announced"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("notice of an end")
        verbose_name_plural = _("notices of ends")
        constraints = [
            models.UniqueConstraint(fields=["lot_id"], name="expirynotice_once_a_lot"),
            models.UniqueConstraint(
                fields=["wallet_id", "ends_at"],
                condition=Q(lot_id__isnull=True),
                name="expirynotice_once_a_lapse",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}: {self.ends_at:%Y-%m-%d}"


class Reinstatement(models.Model):
    """A lot that had ended and was given back, once: `amount` in ledger units; without an author the member asked."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="reinstatements")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    lot_id = models.BigIntegerField(unique=True)
    amount = models.BigIntegerField(_("amount"))
    fact_id = models.BigIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("given back"), default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("reinstatement")
        verbose_name_plural = _("reinstatements")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="reinstatement_of_something")]

    def __str__(self) -> str:
        return f"{self.lot_id}: {self.amount}"
