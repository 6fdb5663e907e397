"""Who follows the log of events, and what of it each follower has still to be told."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program


class Following(models.Model):
    """A follower (see members/followers.py) is told the events of a program: those of `kinds`, or all if there are none."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    follower = models.CharField(_("follower"), max_length=32)
    kinds = ArrayField(models.CharField(max_length=64), verbose_name=_("kinds"), default=list, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("following")
        verbose_name_plural = _("followings")
        constraints = [
            models.UniqueConstraint(fields=["program", "follower"], name="following_once"),
        ]

    def __str__(self) -> str:
        return f"{self.follower} {self.program_id}"


class Delivery(models.Model):
    """One event that one follower has not dealt with yet. Written by a trigger beside the event, deleted in the
    transaction of its effect; `due_at` is empty before the first failure, and `parked_at` says when we gave up."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    follower = models.CharField(_("follower"), max_length=32)
    event_id = models.BigIntegerField(_("event"))
    tries = models.SmallIntegerField(_("tries"), default=0)
    due_at = models.DateTimeField(_("next try"), null=True)
    parked_at = models.DateTimeField(_("set aside"), null=True)
    # What kind of error it was last; its words may hold anything and only go to the log.
    error = models.CharField(_("error"), max_length=120, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["program", "follower", "id"],
                condition=models.Q(parked_at__isnull=True),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["parked_at"], condition=models.Q(parked_at__isnull=False), name="delivery_parked"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower} {self.event_id}"
