"""What the figures warn of, what is proposed against it, and what the team did about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class Alert(models.Model):
    """`facts` are the figures it was raised for and `remedy` is the draft that is proposed, {"kind", …}; texts are made
    from them in the reader's language. While one of a kind about a subject is open there is no second."""

    class Kind(models.TextChoices):
        LOW_EARNING = "low_earning", _("Low earning")
        WEAK_REDEMPTION = "weak_redemption", _("Weak redemption")
        STALLED_TIERS = "stalled_tiers", _("Stalled tiers")
        ANOMALY = "anomaly", _("Unusual day")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SNOOZED = "snoozed", _("Put off")
        CLOSED = "closed", _("Closed")
        OVER = "over", _("Over by itself")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # What it is about: the key of a rule, the id of a unit, the name of a figure; empty for the program.
    subject = models.CharField(_("about"), max_length=80, blank=True, default="")
    facts = models.JSONField(default=dict)
    remedy = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    raised_on = models.DateField(_("since"))
    seen_on = models.DateField(_("last seen"))
    snoozed_until = models.DateField(_("put off until"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    # The address of the draft that was made of the remedy.
    draft_url = models.CharField(max_length=300, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "kind", "subject"],
                condition=Q(state__in=["open", "snoozed"]),
                name="alert_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "snoozed", "closed", "over"]), name="alert_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="snoozed", snoozed_until__isnull=False) | ~Q(state="snoozed"),
                name="alert_snoozed_until",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | ~Q(reason=""), name="alert_closed_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["program", "-raised_on"], name="alert_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()
