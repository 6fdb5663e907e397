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

    @property
    def is_cancelled(self) -> bool:
        """It was taken back before it began: an interval without a moment in it."""
        return self.until is not None and self.until == self.since


class RuleDraft(models.Model):
    """What the next version of a rule shall be; one for each rule. `revision` grows with every save, so that the
    second of two editors is told; `based_on` is the number of the version that it began from."""

    rule = models.OneToOneField(EarningRule, primary_key=True, on_delete=models.CASCADE, related_name="draft")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=200)
    definition = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    based_on = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("draft of a rule")
        verbose_name_plural = _("drafts of rules")
        constraints = [
            models.CheckConstraint(condition=Q(revision__gte=1), name="ruledraft_revision_positive"),
        ]

    def __str__(self) -> str:
        return self.name
