"""Points on their way to another member: held with the sender until the receiver takes them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program
from rewards.models.ledger import Unit


class Sending(models.Model):
    """`amount` in ledger units, reserved in the sender's lots of `parts` ([lot id, amount] each) until it is answered or
    its time is over. `address` is a keyed digest of the contact that was typed; nothing says whether anybody has it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("On its way")
        TAKEN = "taken", _("Received")
        WITHDRAWN = "withdrawn", _("Taken back")
        DECLINED = "declined", _("Not wanted")
        ENDED = "ended", _("Not fetched")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    sender = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="sendings")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField(_("amount"))
    parts = models.JSONField(default=list)
    address = models.BinaryField(max_length=32)
    # The first sign of what was typed, so that the sender can tell them apart.
    hint = models.CharField(max_length=8, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    recipient = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="received"
    )
    fact_id = models.BigIntegerField(unique=True)
    sent_at = models.DateTimeField(_("sent"))
    due_at = models.DateTimeField(_("waits until"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("sending")
        verbose_name_plural = _("sendings")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="sending_of_something"),
            models.CheckConstraint(
                condition=Q(state="waiting", closed_at__isnull=True)
                | ~Q(state="waiting") & Q(closed_at__isnull=False),
                name="sending_closed_by_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="taken") | Q(recipient__isnull=False), name="sending_taken_by_somebody"
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "-sent_at"], name="sending_by_sender"),
            models.Index(fields=["address"], condition=Q(state="waiting"), name="sending_by_address"),
            models.Index(fields=["program", "due_at"], condition=Q(state="waiting"), name="sending_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
