"""When and where a reward of the kind event takes place, and whom we have reminded of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program
from rewards.models.catalogue import Reward

MOST_HOURS = 24 * 14


class Gathering(models.Model):
    """Its seats are the reward's stock. `places` is {language: text}; the day is that of `time_zone`. After another day was
    set, what members hold is good until then: done for redemptions up to `extended_to`, empty when all are."""

    reward = models.OneToOneField(
        Reward, primary_key=True, on_delete=models.PROTECT, related_name="gathering"
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    begins_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64)
    places = models.JSONField(_("place"), default=dict, blank=True)
    remind_hours = models.PositiveSmallIntegerField(_("reminder, hours before"), default=24)
    extended_to = models.BigIntegerField(null=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(editable=False)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="gathering_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(remind_hours__lte=MOST_HOURS), name="gathering_reminder_bounded"
            ),
        ]
        indexes = [models.Index(fields=["begins_at"], name="gathering_by_day")]

    def __str__(self) -> str:
        return f"{self.reward_id} {self.begins_at:%Y-%m-%d}"


class GatheringReminder(models.Model):
    """Who holds a seat was told of this beginning; of another one again."""

    pk = models.CompositePrimaryKey("redemption_id", "begins_at")
    redemption_id = models.BigIntegerField()
    begins_at = models.DateTimeField()
    gathering = models.ForeignKey(Gathering, on_delete=models.PROTECT, db_index=False, related_name="+")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.redemption_id} {self.begins_at:%Y-%m-%d}"
