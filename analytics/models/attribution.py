"""What orders are credited to by last touch, added up by day; made again from touches and orders whenever late ones come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class AttributionPolicy(models.Model):
    """For how many days a touch counts, {"email.click": 7, …}; what is left out has its usual window, 0 never counts.
    Days before `stale_from` are as they were computed; those from it on are made anew at the next run."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.PROTECT, related_name="+")
    windows = models.JSONField(_("windows"), default=dict, blank=True)
    # What hold-outs say over the days named in it; {"since", "until", "all", "journeys": {id: …}}, money in minor units.
    effects = models.JSONField(default=dict, blank=True)
    stale_from = models.DateField(null=True, blank=True)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("rule of attribution")
        verbose_name_plural = _("rules of attribution")

    def __str__(self) -> str:
        return str(self.program_id)


class CreditDay(models.Model):
    """Orders of one day whose last touch was of this kind. Revenue is net of returns, in minor units."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    # "email", "sms", … or "code"; how it was touched: "click", "open", "code".
    channel = models.CharField(_("channel"), max_length=8)
    touch = models.CharField(_("touch"), max_length=8)
    # What touched: a journey, a template sent otherwise, a coupon; the others are 0.
    journey_id = models.BigIntegerField(default=0)
    template_id = models.BigIntegerField(default=0)
    coupon_id = models.BigIntegerField(default=0)
    orders = models.BigIntegerField(_("orders"))
    revenue_minor = models.BigIntegerField(_("sales"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("credited sales of a day")
        verbose_name_plural = _("credited sales by day")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "day", "channel", "touch", "journey_id", "template_id", "coupon_id"],
                name="creditday_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.channel}"


class CreditProductDay(models.Model):
    """What was sold of a product within credited orders of one day, by the channel credited."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    channel = models.CharField(_("channel"), max_length=8)
    sku = models.CharField(_("SKU"), max_length=128)
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    quantity = models.BigIntegerField(_("pieces"))
    revenue_minor = models.BigIntegerField(_("sales"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("credited product of a day")
        verbose_name_plural = _("credited products by day")
        constraints = [
            models.UniqueConstraint(fields=["program", "day", "channel", "sku"], name="creditproductday_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.sku}"
