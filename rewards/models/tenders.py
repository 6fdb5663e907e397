"""What of an order was paid with points or credit. Every row is written by `wafa_post`; none is changed or removed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Order, Program
from rewards.models.ledger import Unit, Wallet


class Tender(models.Model):
    """`amount` in ledger units paid `money_minor` of the order out of one wallet, or was given back to it: because the
    order came to cost less (cut), or because of a return (refund). `fact_id` is the order, change or return."""

    class Kind(models.TextChoices):
        PAY = "pay", _("Paid")
        CUT = "cut", _("Paid too much")
        REFUND = "refund", _("Given back")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    order = models.ForeignKey(
        Order, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="tenders"
    )
    fact_id = models.BigIntegerField()
    wallet = models.ForeignKey(
        Wallet, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    amount = models.BigIntegerField(_("amount"))
    money_minor = models.BigIntegerField(_("money"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("part payment")
        verbose_name_plural = _("part payments")
        constraints = [
            models.UniqueConstraint(fields=["order", "fact_id", "wallet", "kind"], name="tender_once"),
            models.CheckConstraint(condition=Q(kind__in=["pay", "cut", "refund"]), name="tender_kind_known"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, money_minor__gte=0) & (Q(amount__gt=0) | Q(money_minor__gt=0)),
                name="tender_of_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind} {self.money_minor}"
