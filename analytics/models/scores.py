"""Customer value: what a program wants of its scores, each run that found them, and the models that were fitted for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, NextAction, Program


class ValuePolicy(models.Model):
    """How a program reads risk and what its offers may cost; without a row the defaults hold. `offer_share` and `holdout`
    are in percent; `budget_minor` is what all offers of one run may cost together."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.PROTECT, related_name="+")
    horizon_days = models.PositiveSmallIntegerField(_("days of silence that count as a risk"), default=90)
    budget_minor = models.BigIntegerField(_("budget for offers"), default=0)
    offer_share = models.PositiveSmallIntegerField(_("share of what is at risk, %"), default=10)
    holdout = models.PositiveSmallIntegerField(_("held out, %"), default=10)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("policy of customer value")
        verbose_name_plural = _("policies of customer value")
        constraints = [
            models.CheckConstraint(
                condition=Q(horizon_days__gte=14, horizon_days__lte=365), name="value_horizon_bounded"
            ),
            models.CheckConstraint(condition=Q(budget_minor__gte=0), name="value_budget_not_negative"),
            models.CheckConstraint(condition=Q(offer_share__lte=100), name="value_offer_is_share"),
            models.CheckConstraint(condition=Q(holdout__lte=50), name="value_holdout_is_share"),
        ]

    def __str__(self) -> str:
        return str(self.program_id)


class ScoreRun(models.Model):
    """One scoring of all customers of a program: asked for, carried out by a worker, and what it found. `definition` is the
    version of what the figures mean; `result` holds distribution, bands, calibration and actions as the page shows them."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Model(models.TextChoices):
        BGNBD = "bgnbd", "BG/NBD"
        PARETONBD = "paretonbd", "Pareto/NBD"
        PLAIN = "plain", _("Plain estimate")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    stage = models.CharField(max_length=16, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    as_of = models.DateField(null=True)
    definition = models.PositiveSmallIntegerField(default=1)
    customers = models.PositiveIntegerField(_("customers"), default=0)
    model = models.CharField(_("model"), max_length=9, choices=Model, blank=True, default="")
    # Why it is a plain estimate: a code of analytics/scores/foretelling.py.
    why = models.CharField(max_length=24, blank=True, default="")
    spend_model = models.CharField(max_length=10, blank=True, default="")
    margin_share = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    margin_source = models.CharField(max_length=8, blank=True, default="")
    discount_rate = models.IntegerField(default=1000)
    horizon_days = models.PositiveSmallIntegerField(default=90)
    seconds = models.FloatField(null=True)
    result = models.JSONField(default=dict, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("scoring")
        verbose_name_plural = _("scorings")
        constraints = [
            models.UniqueConstraint(
                fields=["program"], condition=Q(state__in=["waiting", "running"]), name="scorerun_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]), name="scorerun_state_known"
            ),
        ]
        indexes = [models.Index(fields=["program", "-id"], name="scorerun_newest")]

    def __str__(self) -> str:
        return f"{self.program_id} {self.as_of or self.asked_at}"


class ModelFit(models.Model):
    """One model fitted to one program's customers (or, without a program, to published data), whether it converged or not."""

    class Use(models.TextChoices):
        SCORES = "scores", _("Scores")
        CALIBRATION = "check", _("Check on the past")

    run = models.ForeignKey(ScoreRun, on_delete=models.CASCADE, related_name="fits")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    use = models.CharField(max_length=6, choices=Use, default=Use.SCORES)
    model = models.CharField(_("model"), max_length=10)
    parameters = models.JSONField(default=dict)
    log_likelihood = models.FloatField(null=True)
    customers = models.PositiveIntegerField(default=0)
    evaluations = models.PositiveIntegerField(default=0)
    converged = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True, default="")
    seconds = models.FloatField(default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("fitted model")
        verbose_name_plural = _("fitted models")

    def __str__(self) -> str:
        return f"{self.run_id} {self.model}"


class Chosen(models.Model):
    """That an action was chosen for a member, from the day on which it first was: by it those held out and the others are
    compared. One row a member; a member is in it once, as it was drawn then."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    action = models.CharField(max_length=8, choices=NextAction)
    is_held_out = models.BooleanField()
    since = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("chosen action")
        verbose_name_plural = _("chosen actions")

    def __str__(self) -> str:
        return f"{self.member_id} {self.action}"


class SelfTest(models.Model):
    """What the installed version gave for the published figures, and when. Of no program: the data are everybody's."""

    at = models.DateTimeField()
    is_good = models.BooleanField()
    seconds = models.FloatField()
    versions = models.JSONField(default=dict)
    checks = models.JSONField(default=list)

    class Meta:
        verbose_name = _("self-test of the models")
        verbose_name_plural = _("self-tests of the models")

    def __str__(self) -> str:
        return str(self.at)
