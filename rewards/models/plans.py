"""Paid membership: plans that can be bought, terms that members have paid for, and what they saved with them."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program

LONGEST_TERM = 120


class Only(Func):
    """A number as a range that holds nothing else: core PostgreSQL excludes by ranges alone."""

    function = "int8range"
    template = "%(function)s(%(expressions)s, '[]')"
    arity = 2


class Plan(models.Model):
    """`names`, `summaries` and `terms` are {language: text}; `months` is the length of a term, empty for one that is paid
    once and has no end; `benefits` are as rewards.benefits.kinds reads them."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="plans")
    key = models.SlugField(_("key"), max_length=60)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    names = models.JSONField(_("names"), default=dict)
    summaries = models.JSONField(_("in a few words"), default=dict, blank=True)
    terms = models.JSONField(_("terms"), default=dict, blank=True)
    price_minor = models.BigIntegerField(_("price"))
    months = models.PositiveSmallIntegerField(_("months of a term"), null=True, blank=True)
    benefits = models.JSONField(_("benefits"), default=list, blank=True)
    refund_days = models.PositiveSmallIntegerField(_("days to get the price back"), default=14)
    renewal_days = models.PositiveSmallIntegerField(_("days before the end to renew"), default=30)
    notice_days = models.PositiveSmallIntegerField(_("days of notice before the end"), default=14)
    eligibility = models.JSONField(_("for whom"), null=True, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="plan_key_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live", "ended"]), name="plan_state_known"
            ),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="plan_price_not_negative"),
            models.CheckConstraint(
                condition=Q(months__isnull=True) | Q(months__gte=1, months__lte=LONGEST_TERM),
                name="plan_term_bounded",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Term(models.Model):
    """A time that a member has paid for, from `starts_at` (inclusive) to `ends_at` (exclusive; empty = without end).

    What was promised stays: price, benefits, and until when the price can be had back. `number` counts the terms of the
    member and plan, `streak` those that followed one another without a gap; `anchor_on` is the day from which a streak
    counts its months. The application's role may only read: rows are written by `wafa_post` and the jobs of plans.sql."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Runs")
        LEAVING = "leaving", _("Ends and is not renewed")
        ENDED = "ended", _("Over")
        REFUNDED = "refunded", _("Paid back")

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="plan_terms"
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="sold"
    )
    number = models.PositiveIntegerField()
    streak = models.PositiveIntegerField(default=1)
    anchor_on = models.DateField()
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    stopped_at = models.DateTimeField(null=True)
    price_minor = models.BigIntegerField(_("price paid"))
    paid_at = models.DateTimeField(_("paid"))
    source = models.CharField(max_length=32)
    payment = models.CharField(_("payment"), max_length=128)
    refund_until = models.DateTimeField(null=True)
    benefits = models.JSONField(default=list)
    fact_id = models.BigIntegerField()
    noticed_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("term of a plan")
        verbose_name_plural = _("terms of plans")
        constraints = [
            models.UniqueConstraint(fields=["member", "plan", "number"], name="term_number_unique"),
            models.CheckConstraint(
                condition=Q(state="refunded", stopped_at__isnull=False)
                | Q(state__in=["active", "leaving", "ended"], stopped_at__isnull=True),
                name="term_stopped_by_state",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="term_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="term_price_not_negative"),
            ExclusionConstraint(
                name="term_one_at_a_time",
                expressions=[
                    (Only(F("member_id"), F("member_id")), RangeOperators.OVERLAPS),
                    (Only(F("plan_id"), F("plan_id")), RangeOperators.OVERLAPS),
                    (
                        Func(
                            F("starts_at"),
                            F("ends_at"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(state="refunded"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "ends_at"],
                condition=Q(state__in=["active", "leaving"], ends_at__isnull=False),
                name="term_by_end",
            ),
            models.Index(fields=["plan", "-starts_at"], name="term_by_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.plan_id} #{self.number}"


class Saving(models.Model):
    """What one fact was worth to a member because of a term, in minor units; a return takes it back, below zero."""

    fact_id = models.BigIntegerField()
    term = models.ForeignKey(Term, on_delete=models.DO_NOTHING, db_constraint=False, related_name="savings")
    kind = models.CharField(max_length=16)
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    order_id = models.BigIntegerField(null=True)
    amount_minor = models.BigIntegerField()
    at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("saving")
        verbose_name_plural = _("savings")
        constraints = [
            models.UniqueConstraint(fields=["term", "fact_id", "kind"], name="saving_once_per_fact"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="saving_is_something"),
        ]

    def __str__(self) -> str:
        return f"{self.term_id}: {self.kind} {self.amount_minor}"
