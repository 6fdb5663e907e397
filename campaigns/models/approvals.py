"""Journeys whose publishing waits for a second person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.experiments import Experiment
from campaigns.models.journeys import Journey, JourneyVersion
from loyaltysite.kit import scoping
from members.models import Program


class PublishRequest(models.Model):
    """What somebody wants to put into force: the draft of that `revision` with its `mapping`, or one arm of a test."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        REPLACED = "replaced", _("Asked anew")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="publish_requests")
    revision = models.BigIntegerField()
    mapping = models.JSONField(default=dict)
    experiment = models.ForeignKey(
        Experiment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    arm = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True, default="")
    version = models.ForeignKey(
        JourneyVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("wish to publish")
        verbose_name_plural = _("wishes to publish")
        constraints = [
            models.UniqueConstraint(
                fields=["journey"], condition=Q(state="waiting"), name="publishrequest_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "replaced"], decided_by__isnull=True, version__isnull=True)
                | Q(state="approved", decided_by__isnull=False, version__isnull=False)
                | Q(state="refused", decided_by__isnull=False, version__isnull=True) & ~Q(answer=""),
                name="publishrequest_decision_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="publishrequest_by_a_second",
            ),
            models.CheckConstraint(
                condition=Q(experiment__isnull=True, arm__isnull=True)
                | Q(experiment__isnull=False, arm__isnull=False),
                name="publishrequest_arm_of_a_test",
            ),
        ]
        indexes = [models.Index(fields=["program", "state", "-asked_at"], name="publishrequest_by_state")]

    def __str__(self) -> str:
        return f"{self.journey_id} ({self.state})"
