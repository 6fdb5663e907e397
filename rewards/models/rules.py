"""Earning rules and their versions. A published version is never changed; the next one takes over at a moment."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class EarningRule(models.Model):
    """`spent` counts a total budget and is written last in a posting; it is the only row shared by members."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        RETIRED = "retired", _("Retired")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="rules")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    budget = models.BigIntegerField(_("budget"), null=True, blank=True)
    spent = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="earningrule_key_unique"),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) | Q(spent__lte=F("budget")), name="earningrule_within_budget"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """In force for what happened from `since` (inclusive) to `until` (exclusive)."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    rule = models.ForeignKey(EarningRule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("rule version")
        verbose_name_plural = _("rule versions")
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="ruleversion_number_unique"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="ruleversion_until_after_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.number}"
