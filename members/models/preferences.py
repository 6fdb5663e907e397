"""What a member told the shop about the own taste. Optional, shown to nobody but staff, gone with the person."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program, Store


class Preference(models.Model):
    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.PROTECT, related_name="preference"
    )
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    store = models.ForeignKey(
        Store, verbose_name=_("favourite store"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    likes = ArrayField(models.CharField(max_length=40), verbose_name=_("likes"), default=list, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.member_id)
