"""Tests of effect: who was assigned to which arm by lot, and what is stored of what they did. Only ids and sums."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.journeys import Journey
from loyaltysite.kit import scoping
from members.models import Member, Program


class Experiment(models.Model):
    """One round of a test: a step of a journey whose paths are its arms, or a journey's hold-out. `arms` are
    [{"name", "share"}], the first is what the others are compared with. What an arm does, its share, the measure and the
    window never change in a round: another draft of them begins the next one. `measured_at` is when its sums were made."""

    class Kind(models.TextChoices):
        TEST = "test", _("Test")
        HOLDOUT = "holdout", _("Hold-out")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        ENDED = "ended", _("Over")

    class Measure(models.TextChoices):
        CONVERSION = "conversion", _("Who orders")
        REVENUE = "revenue", _("Sales per member")
        MARGIN = "margin", _("Margin per member")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="experiments")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.TEST)
    step = models.CharField(_("step"), max_length=32, blank=True, default="")
    number = models.PositiveIntegerField(_("round"))
    name = models.CharField(_("name"), max_length=120)
    salt = models.CharField(max_length=32)
    arms = models.JSONField(_("arms"))
    measure = models.CharField(_("measure"), max_length=10, choices=Measure, default=Measure.CONVERSION)
    window_days = models.PositiveSmallIntegerField(_("days that count"))
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.RUNNING)
    winner = models.PositiveSmallIntegerField(_("what goes on"), null=True, blank=True)
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        constraints = [
            models.UniqueConstraint(fields=["journey", "step", "number"], name="experiment_round_unique"),
            models.UniqueConstraint(
                fields=["journey", "step"], condition=Q(state="running"), name="experiment_one_running"
            ),
            models.CheckConstraint(condition=Q(kind__in=["test", "holdout"]), name="experiment_kind_known"),
            models.CheckConstraint(
                condition=Q(measure__in=["conversion", "revenue", "margin"]), name="experiment_measure_known"
            ),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True, winner__isnull=True)
                | Q(state="ended", ended_at__isnull=False),
                name="experiment_over_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, window_days__lte=366), name="experiment_window_sensible"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING


class Exposure(models.Model):
    """That a member was assigned to an arm, once, when the lot was drawn. Never changed: whoever is here counts."""

    pk = models.CompositePrimaryKey("experiment_id", "member_id")
    experiment = models.ForeignKey(
        Experiment, on_delete=models.PROTECT, db_index=False, related_name="exposures"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    arm = models.SmallIntegerField(_("arm"))
    enrolment_id = models.BigIntegerField()
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("assignment to an arm")
        verbose_name_plural = _("assignments to arms")
        constraints = [models.CheckConstraint(condition=Q(arm__gte=0), name="exposure_arm_positive")]
        indexes = [models.Index(fields=["experiment", "at"], name="exposure_by_time")]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.member_id} {self.arm}"


class ExperimentDay(models.Model):
    """Of one arm on one day of the program: how many were `assigned` on it, and the sums over the `counted`, whose window
    ended on it. Money in minor units; squares for the variance. `unknown` counts lines whose margin nobody knows."""

    pk = models.CompositePrimaryKey("experiment_id", "day", "arm")
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, db_index=False, related_name="days")
    day = models.DateField(_("day"))
    arm = models.SmallIntegerField(_("arm"))
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    assigned = models.BigIntegerField(_("assigned"), default=0)
    counted = models.BigIntegerField(_("counted"), default=0)
    bought = models.BigIntegerField(default=0)
    revenue = models.DecimalField(max_digits=40, decimal_places=0, default=0)
    revenue_squares = models.DecimalField(max_digits=50, decimal_places=0, default=0)
    margin = models.DecimalField(max_digits=40, decimal_places=4, default=0)
    margin_squares = models.DecimalField(max_digits=50, decimal_places=8, default=0)
    cost = models.DecimalField(max_digits=40, decimal_places=4, default=0)
    cost_squares = models.DecimalField(max_digits=50, decimal_places=8, default=0)
    unknown = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("day of an experiment")
        verbose_name_plural = _("days of experiments")
        constraints = [
            models.CheckConstraint(
                condition=Q(counted__gte=0, assigned__gte=0, bought__gte=0, bought__lte=F("counted")),
                name="experimentday_counts_sensible",
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.day} {self.arm}"
