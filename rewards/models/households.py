"""Households: members who share a wallet, with a head who says how much each may take from it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Holder, Member, Program


class Household(models.Model):
    """Its wallets are those of `holder`. With `pools` what its members can use moves in by itself."""

    holder = models.OneToOneField(
        Holder, primary_key=True, on_delete=models.PROTECT, related_name="household"
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="households")
    head = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    pools = models.BooleanField(_("moves in by itself"), default=True)
    founded_at = models.DateTimeField(_("founded"))
    ended_at = models.DateTimeField(_("dissolved"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")
        indexes = [
            models.Index(fields=["program"], condition=Q(ended_at__isnull=True), name="household_open")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class HouseholdPlace(models.Model):
    """A member's time in a household. `limits` is {unit key: ledger units to take in a calendar month}; a unit that is
    not named has no limit."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="places")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="places")
    limits = models.JSONField(_("limits"), default=dict, blank=True)
    joined_at = models.DateTimeField(_("joined"))
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("place in a household")
        verbose_name_plural = _("places in households")
        constraints = [
            models.UniqueConstraint(
                fields=["member"], condition=Q(left_at__isnull=True), name="householdplace_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=models.F("joined_at")),
                name="householdplace_left_after_joining",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.household_id}/{self.member_id}"


class HouseholdInvitation(models.Model):
    """For whoever proves that the contact is theirs; `address` is a keyed digest of it, as for sendings."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Not wanted")
        WITHDRAWN = "withdrawn", _("Taken back")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="invitations")
    address = models.BinaryField(max_length=32)
    hint = models.CharField(max_length=8, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    invited_at = models.DateTimeField(_("invited"))
    due_at = models.DateTimeField(_("waits until"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("invitation to a household")
        verbose_name_plural = _("invitations to households")
        indexes = [
            models.Index(fields=["address"], condition=Q(state="waiting"), name="householdinvitation_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.household_id} {self.state}"
