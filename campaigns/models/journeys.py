"""Journeys, what of them was published, and who stands where in them. Only ids: nothing here is personal."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class Journey(models.Model):
    """`draft` is what staff work on, valid or not; `current` is what members go through. `scanned_at` is up to when its
    days, times and silences were looked for."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    key = models.SlugField(_("key"), max_length=64)
    name = models.CharField(_("name"), max_length=120)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    draft = models.JSONField(_("draft"), default=dict)
    current = models.ForeignKey(
        "JourneyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Decides by lot who is held out; never changed, so that nobody changes sides.
    salt = models.CharField(max_length=32)
    scanned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="journey_key_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live", "paused", "stopped"]), name="journey_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(current__isnull=False), name="journey_runs_a_version"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """What was published, for ever: a trigger refuses every change."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    graph = models.JSONField(_("graph"))
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("journey version")
        verbose_name_plural = _("journey versions")
        constraints = [
            models.UniqueConstraint(fields=["journey", "number"], name="journeyversion_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} v{self.number}"


class JourneyStep(models.Model):
    """A step compiled: `onward` is the step after it, and `ways` are its paths, [{"name", "share", "where", "step"}], each
    with the id of its first step. None is the end. `spent` is what it gave of its budget."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(
        JourneyVersion, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    key = models.CharField(_("key"), max_length=32)
    kind = models.CharField(_("kind"), max_length=16)
    position = models.PositiveSmallIntegerField()
    config = models.JSONField(default=dict)
    onward = models.BigIntegerField(null=True)
    ways = models.JSONField(default=list)
    spent = models.BigIntegerField(_("given of the budget"), default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("step of a journey")
        verbose_name_plural = _("steps of journeys")
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="journeystep_key_unique"),
            models.CheckConstraint(condition=Q(spent__gte=0), name="journeystep_spent_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.kind}"


class Enrolment(models.Model):
    """A member's way through one version. `entry_key` is the rule of re-entry; `hop` counts the steps, and `woken` says
    that what the member waits for has happened."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("On the way")
        FINISHED = "finished", _("Finished")
        EXITED = "exited", _("Left")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    journey = models.ForeignKey(
        Journey, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="enrolments"
    )
    version = models.ForeignKey(
        JourneyVersion, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    entry_key = models.CharField(max_length=80)
    step = models.ForeignKey(
        JourneyStep,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.WAITING)
    due_at = models.DateTimeField(_("due"), null=True)
    hop = models.IntegerField(default=0)
    holdout = models.BooleanField(_("held out"), default=False)
    woken = models.BooleanField(default=False)
    context = models.JSONField(default=dict)
    event_id = models.BigIntegerField(null=True)
    entered_at = models.DateTimeField(_("entered"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    reason = models.CharField(_("reason"), max_length=80, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(fields=["journey", "member", "entry_key"], name="enrolment_once"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "finished", "exited"]), name="enrolment_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="waiting") | Q(step__isnull=False, due_at__isnull=False),
                name="enrolment_waits_somewhere",
            ),
        ]
        indexes = [
            models.Index(fields=["step", "due_at"], condition=Q(status="waiting"), name="enrolment_due"),
            models.Index(fields=["member"], condition=Q(status="waiting"), name="enrolment_under_way"),
            models.Index(fields=["version", "step"], condition=Q(status="exited"), name="enrolment_left"),
        ]

    def __str__(self) -> str:
        return f"{self.journey_id} {self.member_id} {self.status}"


class StepExecution(models.Model):
    """That a step was carried out for a member, once: the key is what makes it once. `way` is the path taken."""

    pk = models.CompositePrimaryKey("enrolment_id", "step_id", "hop")
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    step = models.ForeignKey(
        JourneyStep, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    hop = models.IntegerField()
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    outcome = models.CharField(_("outcome"), max_length=12)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    way = models.CharField(_("path"), max_length=100, blank=True, default="")
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("step carried out")
        verbose_name_plural = _("steps carried out")

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.step_id} {self.hop}"


class StepTally(models.Model):
    """How many passed a step on a UTC day, by outcome, reason and path: live counts without counting."""

    pk = models.CompositePrimaryKey("step_id", "on", "outcome", "reason", "way")
    step = models.ForeignKey(JourneyStep, on_delete=models.PROTECT, db_index=False, related_name="tallies")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    on = models.DateField()
    outcome = models.CharField(max_length=12)
    reason = models.CharField(max_length=40, blank=True, default="")
    way = models.CharField(max_length=100, blank=True, default="")
    number = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.step_id} {self.on} {self.outcome} {self.number}"


class WorkChunk(models.Model):
    """Enrolments from `lo` to `hi` that are due at a step. Whoever holds the lease works on it; the fence tells a worker
    that was thought dead that another one has taken over."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    step = models.ForeignKey(JourneyStep, on_delete=models.PROTECT, related_name="+", db_index=False)
    lo = models.BigIntegerField()
    hi = models.BigIntegerField()
    made_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    fence = models.IntegerField(default=0)
    tries = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=120, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("chunk of work")
        verbose_name_plural = _("chunks of work")
        indexes = [models.Index(fields=["step"], name="workchunk_by_step")]

    def __str__(self) -> str:
        return f"{self.step_id} {self.lo}–{self.hi}"


class Arrival(models.Model):
    """Something happened that lets a member in; written beside the event, taken up soon after."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    version = models.ForeignKey(
        JourneyVersion, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    event_id = models.BigIntegerField()
    order_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    context = models.JSONField(default=dict)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        indexes = [
            models.Index(fields=["version", "id"], name="arrival_by_version"),
            models.Index(fields=["member"], name="arrival_by_member"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.member_id}"


class Listener(models.Model):
    """Which events a version listens to, and what for. `test` is the condition on the member in SQL, as the trigger on
    the log asks it (see campaigns/sql/journeys.sql)."""

    class Purpose(models.TextChoices):
        EXIT = "exit", _("leaves")
        WAIT = "wait", _("goes on")
        ENTER = "enter", _("enters")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(JourneyVersion, on_delete=models.PROTECT, related_name="+")
    step = models.ForeignKey(
        JourneyStep, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=64)
    purpose = models.CharField(max_length=5, choices=Purpose)
    match = models.JSONField(default=dict)
    # The tree of the condition where its SQL changes with time, to make it anew.
    tree = models.JSONField(null=True)
    test = models.TextField(blank=True, default="")
    late_hours = models.PositiveSmallIntegerField(default=24)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("listener")
        verbose_name_plural = _("listeners")
        indexes = [models.Index(fields=["program", "kind"], name="listener_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.purpose}"


class StaffTask(models.Model):
    """What a journey asks the team to do for a member."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    enrolment_id = models.BigIntegerField()
    step = models.ForeignKey(JourneyStep, on_delete=models.PROTECT, related_name="+", db_index=False)
    hop = models.IntegerField()
    title = models.CharField(_("title"), max_length=200)
    due_at = models.DateTimeField(_("due"))
    made_at = models.DateTimeField(_("made"))
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("task for staff")
        verbose_name_plural = _("tasks for staff")
        constraints = [
            models.UniqueConstraint(fields=["enrolment_id", "step", "hop"], name="stafftask_once"),
        ]
        indexes = [
            models.Index(
                fields=["program", "due_at"], condition=Q(done_at__isnull=True), name="stafftask_open"
            ),
        ]

    def __str__(self) -> str:
        return self.title
