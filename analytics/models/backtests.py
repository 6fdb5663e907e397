"""Back-tests: a draft replayed on the program's own past, the chunks of members it is worked in, and what came out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program, User


class Backtest(models.Model):
    """`changes` is the draft as it was (analytics/backtests/changes.py), `basis` says which rules it is compared with.
    Money values are whole numbers of 1/`scale` minor unit. `result` is there once it is done, with the moment in
    `finished_at` and the rule versions that priced in `versions`."""

    class State(models.TextChoices):
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Stopped")
        FAILED = "failed", _("Failed")

    class Basis(models.TextChoices):
        THEN = "then", _("The rules of their own day")
        NOW = "now", _("The rules of today")

    class Watch(models.TextChoices):
        WAITING = "waiting", _("Not published")
        INSIDE = "inside", _("As forecast")
        OUTSIDE = "outside", _("Outside the forecast")
        OVER = "over", _("Over")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    changes = models.JSONField(_("changes"), default=dict)
    basis = models.CharField(_("compared with"), max_length=4, choices=Basis, default=Basis.THEN)
    first = models.DateField(_("from"))
    last = models.DateField(_("to"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RUNNING)
    error = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveSmallIntegerField(default=1)
    scale = models.BigIntegerField(default=1)
    versions = models.JSONField(default=list)
    members = models.BigIntegerField(_("members"), default=0)
    result = models.JSONField(default=dict)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    # What was made of the draft: since when it is in force, how it goes, and what to do when it goes otherwise.
    pauses = models.BooleanField(default=False)
    watch = models.CharField(max_length=7, choices=Watch, default=Watch.WAITING)
    live_since = models.DateTimeField(null=True)
    live = models.JSONField(default=dict)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("back-test")
        verbose_name_plural = _("back-tests")
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=models.F("last")), name="backtest_has_days"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(finished_at__isnull=False), name="backtest_done_has_a_moment"
            ),
        ]
        indexes = [models.Index(fields=["program", "-created_at"], name="backtest_by_time")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING


class BacktestChunk(models.Model):
    """The members `lo` to `hi`, claimed with a lease and a fence; `sums` is what they came to."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, db_index=False, related_name="chunks")
    lo = models.BigIntegerField()
    hi = models.BigIntegerField()
    members = models.IntegerField()
    lease_until = models.DateTimeField(null=True)
    fence = models.IntegerField(default=0)
    is_done = models.BooleanField(default=False)
    sums = models.JSONField(default=dict)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("part of a back-test")
        verbose_name_plural = _("parts of back-tests")
        constraints = [models.UniqueConstraint(fields=["backtest", "lo"], name="backtestchunk_once")]

    def __str__(self) -> str:
        return f"{self.backtest_id}: {self.lo}"


class BacktestMember(models.Model):
    """What one member would have gained or lost: `before` and `after` are what they were given net of what they paid, in
    1/scale minor unit; tiers are those at the end. Who neither gains nor loses nor changes tier has no row once the
    back-test is done."""

    pk = models.CompositePrimaryKey("backtest_id", "member_id")
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, db_index=False, related_name="people")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member_id = models.BigIntegerField()
    orders = models.IntegerField()
    before = models.BigIntegerField()
    after = models.BigIntegerField()
    tier_before = models.CharField(max_length=50, blank=True, default="")
    tier_after = models.CharField(max_length=50, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("member in a back-test")
        verbose_name_plural = _("members in back-tests")

    def __str__(self) -> str:
        return f"{self.backtest_id}/{self.member_id}"
