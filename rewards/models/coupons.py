"""Coupons: what a code is good for in an order, and each use of one. What an order was promised stays."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program
from rewards.models.codes import Code, CodePool


class Coupon(models.Model):
    """`conditions` is a tree over the order and its member as rules have it, `lines` one over a line. `taken` counts
    uses only where `most` limits them; wafa_post moves it. `comes_back`: an order that ends whole frees it again."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", _("Money off")
        PERCENT = "percent", _("Percent off")
        PRODUCT = "product", _("Free product")
        SHIPPING = "shipping", _("Free shipping")
        RULE = "rule", _("Lets an earning rule count")

    class Stacking(models.TextChoices):
        COMMON = "common", _("With other common ones")
        EXCLUSIVE = "exclusive", _("Only by itself")
        ALWAYS = "always", _("With everything")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="coupons")
    pool = models.ForeignKey(CodePool, on_delete=models.PROTECT, related_name="coupons")
    key = models.SlugField(_("key"), max_length=60)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    names = models.JSONField(_("names"), default=dict)
    terms = models.JSONField(_("terms"), default=dict, blank=True)
    value_minor = models.BigIntegerField(_("money off"), null=True, blank=True)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    most_minor = models.BigIntegerField(_("at most"), null=True, blank=True)
    sku = models.CharField(_("SKU"), max_length=128, blank=True)
    conditions = models.JSONField(_("when"), null=True, blank=True)
    lines = models.JSONField(_("on which lines"), null=True, blank=True)
    minimum_minor = models.BigIntegerField(_("minimum order"), default=0)
    stores = ArrayField(models.CharField(max_length=64), verbose_name=_("stores"), default=list, blank=True)
    members_only = models.BooleanField(_("only for members"), default=False)
    stacking = models.CharField(
        _("together with others"), max_length=9, choices=Stacking, default=Stacking.COMMON
    )
    most = models.BigIntegerField(_("uses altogether"), null=True, blank=True)
    taken = models.BigIntegerField(default=0, editable=False)
    per_member = models.PositiveIntegerField(_("uses for one member"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    comes_back = models.BooleanField(_("can be used again after a cancellation"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="coupon_key_unique"),
            # A code means one thing.
            models.UniqueConstraint(
                fields=["pool"], condition=~Q(state="ended"), name="coupon_one_for_a_pool"
            ),
            models.CheckConstraint(
                condition=Q(kind="amount", value_minor__gt=0)
                | ~Q(kind="amount") & Q(value_minor__isnull=True),
                name="coupon_amount_where_it_counts",
            ),
            models.CheckConstraint(
                condition=Q(kind="percent", percent__gt=0, percent__lte=100)
                | ~Q(kind="percent") & Q(percent__isnull=True),
                name="coupon_percent_where_it_counts",
            ),
            models.CheckConstraint(condition=~Q(kind="product") | ~Q(sku=""), name="coupon_product_is_named"),
            models.CheckConstraint(
                condition=Q(minimum_minor__gte=0)
                & (Q(most_minor__isnull=True) | Q(most_minor__gt=0))
                & (Q(per_member__isnull=True) | Q(per_member__gte=1)),
                name="coupon_limits_positive",
            ),
            models.CheckConstraint(
                condition=Q(taken__gte=0) & (Q(most__isnull=True) | Q(taken__lte=F("most"))),
                name="coupon_within_most",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="coupon_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class CouponUse(models.Model):
    """A code claimed by an order. `shares` is what came off each line as [[position, minor units]]. Written by wafa_post
    alone; once given back it stays so."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    coupon = models.ForeignKey(
        Coupon, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="uses"
    )
    code = models.ForeignKey(
        Code, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="uses"
    )
    member = models.ForeignKey(
        Member, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    order_id = models.BigIntegerField()
    fact_id = models.BigIntegerField()
    discount_minor = models.BigIntegerField(_("discount"))
    shares = models.JSONField(default=list)
    at = models.DateTimeField(_("used"))
    given_back_at = models.DateTimeField(_("given back"), null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        constraints = [
            models.UniqueConstraint(
                fields=["order_id", "code"],
                condition=Q(given_back_at__isnull=True),
                name="couponuse_once_an_order",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0), name="couponuse_discount_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["coupon", "-at"], name="couponuse_by_coupon"),
            models.Index(
                fields=["member", "coupon"],
                condition=Q(member__isnull=False, given_back_at__isnull=True),
                name="couponuse_by_member",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.order_id}"
