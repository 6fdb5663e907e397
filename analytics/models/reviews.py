"""The monthly review: for each rule, journey and reward the facts, what they suggest, and what the team decided."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class Review(models.Model):
    """Of one month, by its first day; `version` is that of the rule the verdicts were made by. `made_at` is empty before it
    was made the first time, `asked_at` while somebody waits for it; `has_failed` says that the last try came to nothing."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(_("month"))
    made_at = models.DateTimeField(_("made"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    has_failed = models.BooleanField(default=False)
    version = models.PositiveSmallIntegerField(default=1)
    # Of the whole program in that month, for comparison.
    facts = models.JSONField(default=dict)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["program", "month"], name="review_once_a_month"),
        ]
        indexes = [
            models.Index(fields=["id"], name="review_asked_for", condition=Q(asked_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.month)


class ReviewItem(models.Model):
    """`facts` are as they were when the review was made, money in minor units; `reasons` are the keys of the lines of the
    rule that spoke. A decision once made is changed by another one, and the audit knows both."""

    class Kind(models.TextChoices):
        RULE = "rule", _("Earning rule")
        JOURNEY = "journey", _("Journey")
        REWARD = "reward", _("Reward")

    class Verdict(models.TextChoices):
        KEEP = "keep", _("Keep")
        CHANGE = "change", _("Change")
        STOP = "stop", _("Stop")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="items", db_index=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    key = models.CharField(_("key"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    facts = models.JSONField(default=dict)
    verdict = models.CharField(_("proposed"), max_length=6, choices=Verdict)
    reasons = models.JSONField(default=list)
    decision = models.CharField(_("decided"), max_length=6, choices=Verdict, blank=True, default="")
    why = models.CharField(_("why"), max_length=300, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("line of a review")
        verbose_name_plural = _("lines of reviews")
        constraints = [
            models.UniqueConstraint(fields=["review", "kind", "key"], name="reviewitem_once"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | ~Q(decision="") & Q(decided_at__isnull=False) & ~Q(why=""),
                name="reviewitem_decided_for_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["program", "kind", "key"], name="reviewitem_history")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.verdict}"
