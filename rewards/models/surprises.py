"""Surprises: a prize that nobody asked for, for chosen members or for some drawn by lot, within a budget."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class Surprise(models.Model):
    """`prize` as in ReferralScheme; `texts` are {language: what the member reads}. `draws` is how many are drawn by lot
    (None: everybody meant). `most` and `budget_minor` are never passed; `cost_minor` is what one costs.

    Of a draw, `salt` is secret until it is drawn and its digest was public before; whoever's sha256(salt:number) is not
    above `cutoff` was drawn. `wanted` is {"members": [ids]} or {"filter": {query}} until it has begun."""

    class State(models.TextChoices):
        READY = "ready", _("Waits for you")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    prize = models.JSONField(_("prize"))
    texts = models.JSONField(_("message"), default=dict, blank=True)
    wanted = models.JSONField(default=dict, blank=True)
    draws = models.PositiveIntegerField(_("how many are drawn"), null=True, blank=True)
    most = models.PositiveIntegerField(_("at most"))
    budget_minor = models.BigIntegerField(_("budget"), null=True, blank=True)
    cost_minor = models.BigIntegerField(_("cost of one"), default=0)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.READY)
    salt = models.BinaryField(max_length=32)
    eligible = models.BigIntegerField(_("members meant"), null=True, blank=True)
    eligible_digest = models.CharField(max_length=64, blank=True)
    cutoff = models.CharField(max_length=64, blank=True)
    given = models.PositiveIntegerField(_("given"), default=0)
    refused = models.PositiveIntegerField(_("not given"), default=0)
    spent_minor = models.BigIntegerField(_("cost"), default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("surprise")
        verbose_name_plural = _("surprises")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["ready", "running", "done", "cancelled"]), name="surprise_state_known"
            ),
            models.CheckConstraint(condition=Q(given__lte=F("most")), name="surprise_within_number"),
            models.CheckConstraint(
                condition=Q(budget_minor__isnull=True) | Q(spent_minor__lte=F("budget_minor")),
                name="surprise_within_budget",
            ),
            models.CheckConstraint(
                condition=Q(most__gte=1) & (Q(draws__isnull=True) | Q(draws__gte=1)),
                name="surprise_of_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "-created_at"], name="surprise_by_time"),
            models.Index(fields=["touched_at"], condition=Q(state="running"), name="surprise_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class SurpriseGift(models.Model):
    """What one member gets of a surprise; shown on the portal until it was seen."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        GIVEN = "given", _("Given")
        REFUSED = "refused", _("Not given")

    surprise = models.ForeignKey(Surprise, on_delete=models.PROTECT, related_name="gifts", db_index=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="surprises", db_index=False)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    why = models.CharField(max_length=32, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("gift of a surprise")
        verbose_name_plural = _("gifts of surprises")
        constraints = [
            models.UniqueConstraint(fields=["surprise", "member"], name="surprisegift_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "given", "refused"]), name="surprisegift_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member"],
                condition=Q(state="given", seen_at__isnull=True),
                name="surprisegift_unseen",
            )
        ]

    def __str__(self) -> str:
        return f"{self.surprise_id} → {self.member_id}"
