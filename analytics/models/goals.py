"""What the team wants to reach by when, and where it stood on each day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class Goal(models.Model):
    """A key figure, read each day over the `days` days before, shall come from `start_value` on `starts_on` to `target`
    by `due_on`. Values are in the figure's own unit: minor units for money, 0.25 for 25 %."""

    class Course(models.TextChoices):
        STRAIGHT = "straight", _("The same way each day")
        SEASONAL = "seasonal", _("As the orders of the year before")

    class State(models.TextChoices):
        WAITING = "waiting", _("Not begun")
        ON_COURSE = "on_course", _("On course")
        BEHIND = "behind", _("Behind")
        REACHED = "reached", _("Reached")
        MISSED = "missed", _("Missed")
        ENDED = "ended", _("Given up")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    kpi = models.CharField(_("key figure"), max_length=40)
    days = models.PositiveSmallIntegerField(_("counted over"), default=30)
    start_value = models.DecimalField(_("from"), max_digits=20, decimal_places=6)
    target = models.DecimalField(_("to"), max_digits=20, decimal_places=6)
    starts_on = models.DateField(_("beginning"))
    due_on = models.DateField(_("by"))
    course = models.CharField(_("expected course"), max_length=8, choices=Course, default=Course.STRAIGHT)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    measured_on = models.DateField(null=True, blank=True)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    # What it was before its state changed last, and when that was; a mail tells it.
    was = models.CharField(max_length=9, choices=State, blank=True, default="")
    changed_on = models.DateField(null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gt=F("starts_on")), name="goal_due_after_start"),
            models.CheckConstraint(condition=~Q(target=F("start_value")), name="goal_goes_somewhere"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=730), name="goal_days_bounded"),
            models.CheckConstraint(
                condition=Q(state__in="waiting on_course behind reached missed ended".split()),
                name="goal_state_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GoalDay(models.Model):
    """What the figure was on a day, with what it is made of, and what was expected."""

    pk = models.CompositePrimaryKey("goal_id", "day")
    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="course_days", db_index=False)
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    expected = models.DecimalField(max_digits=20, decimal_places=6)
    numerator = models.DecimalField(max_digits=24, decimal_places=6, default=0)
    denominator = models.DecimalField(max_digits=24, decimal_places=6, null=True)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.goal_id} {self.day}"
