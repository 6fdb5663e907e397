"""Where a shop wants to be told what happened, and what it is still to be told."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program


class Webhook(models.Model):
    """An address that gets the events of some topics, or of all if none is named. Its secret is sealed; while it is
    changed the one before signs as well, until `former_until`."""

    class State(models.TextChoices):
        LIVE = "live", _("In force")
        PAUSED = "paused", _("Paused")
        ENDED = "ended", _("Ended")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(_("name"), max_length=120)
    url = models.CharField(_("address"), max_length=500)
    topics = ArrayField(models.CharField(max_length=32), verbose_name=_("topics"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.LIVE)
    # Why it was paused or ended by itself; empty where a person did it.
    stopped_for = models.CharField(max_length=16, blank=True, default="")
    secret_sealed = models.BinaryField()
    former_sealed = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)
    # Since when nothing arrives; empty while things do.
    failing_since = models.DateTimeField(_("failing since"), null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["live", "paused", "ended"]), name="webhook_state_known"
            ),
            models.CheckConstraint(
                condition=Q(former_sealed__isnull=True, former_until__isnull=True)
                | Q(former_sealed__isnull=False, former_until__isnull=False),
                name="webhook_former_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookMessage(models.Model):
    """One event for one address. `number` is what the receiver tells repeats by; it stays the same at each try."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Delivered")
        FAILED = "failed", _("Given up")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages", db_index=False)
    # Empty for one that was only sent to try the address.
    event_id = models.BigIntegerField(_("event"), null=True)
    kind = models.CharField(_("kind"), max_length=64)
    number = models.CharField(max_length=40)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    tries = models.SmallIntegerField(_("tries"), default=0)
    due_at = models.DateTimeField(_("next try"), null=True)
    # HTTP status of the last try; empty where no answer came, and then `trouble` says why.
    status = models.SmallIntegerField(_("answer"), null=True)
    trouble = models.CharField(max_length=24, blank=True, default="")
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("message to a webhook")
        verbose_name_plural = _("messages to webhooks")
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "event_id"],
                name="webhookmessage_once",
                condition=Q(event_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False)
                | ~Q(state="waiting") & Q(due_at__isnull=True),
                name="webhookmessage_due_while_waiting",
            ),
        ]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhookmessage_newest"),
            models.Index(
                fields=["webhook", "due_at"], condition=Q(due_at__isnull=False), name="webhookmessage_due"
            ),
            models.Index(fields=["made_at"], name="webhookmessage_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state}"
