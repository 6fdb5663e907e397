"""Where a member gets letters. Optional, one for each member, gone with the person."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program

MOST_LINES, LONGEST_LINE = 4, 100


class Address(models.Model):
    """`lines` are street, house and whatever else stands above the city; `country` is its ISO 3166 code."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.PROTECT, related_name="address", verbose_name=_("member")
    )
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    lines = ArrayField(models.CharField(max_length=LONGEST_LINE), verbose_name=_("street"), size=MOST_LINES)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100)
    country = models.CharField(_("country"), max_length=2)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("postal address")
        verbose_name_plural = _("postal addresses")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lines__len__range=(1, MOST_LINES)), name="address_lines"
            ),
            models.CheckConstraint(condition=~models.Q(city=""), name="address_city"),
            models.CheckConstraint(condition=models.Q(country__regex=r"^[A-Z]{2}$"), name="address_country"),
        ]

    def __str__(self) -> str:
        return str(self.member_id)
