"""Orders, their lines and returns: facts as the shop sent them. Money is in integer minor units."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program, Store


class OrderState(models.TextChoices):
    AWAITED = "awaited", _("Awaited")  # something named it before it came: a refund, a payment
    PLACED = "placed", _("Placed")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")


class Order(models.Model):
    """The row (program, source, external_id) is the anchor on which everything about one order excludes each
    other; it exists, awaited and empty, even before the order itself has come."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    source = models.CharField(_("source"), max_length=32)
    external_id = models.CharField(_("order number"), max_length=128)
    # The member's holder; empty for an anonymous order, which earns nothing.
    member = models.ForeignKey(
        Member,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="orders",
    )
    store = models.ForeignKey(
        Store, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    channel = models.CharField(_("channel"), max_length=32, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=OrderState)
    revision = models.IntegerField(_("revision"), default=0)
    # The fact that recorded the current revision; its pricing is the one in force.
    fact_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField(_("at"))
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.BigIntegerField(_("total"), default=0)
    basis_minor = models.BigIntegerField(_("basis"), default=0)
    returned_minor = models.BigIntegerField(_("returned"), default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "source", "external_id"], name="order_external_id_unique"
            ),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["member", "-occurred_at"], condition=Q(member__isnull=False), name="order_by_member"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class OrderLine(models.Model):
    """One line of one revision of an order. `amount_minor` is what was paid for it, net of `discount_minor`;
    `tax_minor` is the part of tax; `basis_minor` is what earns (SEMANTICS 17)."""

    pk = models.CompositePrimaryKey("order_id", "revision", "position")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, related_name="lines")
    revision = models.IntegerField(default=0)
    position = models.IntegerField()
    kind = models.CharField(max_length=16, default="product")
    sku = models.CharField(max_length=128)
    name = models.CharField(max_length=300, blank=True)
    category = models.CharField(max_length=128, blank=True)
    quantity = models.IntegerField()
    amount_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    cost_minor = models.BigIntegerField(null=True)
    basis_minor = models.BigIntegerField()
    is_counted = models.BooleanField(default=True)
    returned_quantity = models.IntegerField(default=0)
    # Given back without naming quantities: an amount refund, spread over the lines in proportion.
    refunded_minor = models.BigIntegerField(default=0)

    objects = scoping.ByOrder()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orderline_quantity_positive"),
            models.CheckConstraint(
                condition=Q(returned_quantity__gte=0, returned_quantity__lte=F("quantity")),
                name="orderline_returned_within_bought",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Return(models.Model):
    """What a customer brought back, once recorded. `order` is empty when the shop named none."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="returns")
    member = models.ForeignKey(
        Member, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="returns"
    )
    source = models.CharField(max_length=32)
    external_id = models.CharField(max_length=128)
    fact_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    amount_minor = models.BigIntegerField()
    matched_minor = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")

    def __str__(self) -> str:
        return self.external_id


class ReturnLine(models.Model):
    """A line brought back and the order line it was matched with; `order` is empty when nothing matched."""

    pk = models.CompositePrimaryKey("of_id", "number")
    of = models.ForeignKey(Return, on_delete=models.PROTECT, db_index=False, related_name="lines")
    number = models.IntegerField()
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    position = models.IntegerField(null=True)
    sku = models.CharField(max_length=128)
    quantity = models.IntegerField()
    amount_minor = models.BigIntegerField()

    objects = scoping.ByReturn()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="returnline_quantity_positive")
        ]

    def __str__(self) -> str:
        return f"−{self.quantity} × {self.sku}"
