"""What one tap at the till stands for: an article, sold for a price."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program
from rewards.models.ledger import Unit


class TillStamp(models.Model):
    """Of one unit of stamps. Without a row the till takes the article that is sold most and earns the stamp."""

    unit = models.OneToOneField(Unit, primary_key=True, on_delete=models.PROTECT, related_name="till_stamp")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("product name"), max_length=120)
    category = models.CharField(_("category"), max_length=128, blank=True)
    # With its tax, as it is said at the till.
    price_minor = models.BigIntegerField(_("price"))
    is_shown = models.BooleanField(_("at the till"), default=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("stamp at the till")
        verbose_name_plural = _("stamps at the till")
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="tillstamp_costs_something"),
            models.CheckConstraint(condition=~Q(sku=""), name="tillstamp_is_an_article"),
        ]

    def __str__(self) -> str:
        return self.sku
