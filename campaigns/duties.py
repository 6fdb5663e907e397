"""What journeys ask the team to do: a task is done once, by somebody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.models import StaffTask
from loyaltysite.kit.errors import NotFound
from members import audit
from members.models import Program, User


class DutyUnknown(NotFound):
    message = _("There is no such task.")


def open_ones(program: Program) -> QuerySet[StaffTask]:
    """What is still to be done, what is due first first."""
    return (
        StaffTask.objects.filter(program=program, done_at__isnull=True)
        .select_related("member", "step__version__journey")
        .order_by("due_at", "pk")
    )


def done_ones(program: Program) -> QuerySet[StaffTask]:
    """What was done, latest first."""
    return (
        StaffTask.objects.filter(program=program, done_at__isnull=False)
        .select_related("member", "done_by", "step__version__journey")
        .order_by("-done_at", "-pk")
    )


@transaction.atomic
def finish(*, program: Program, task_id: int, by: User, now: datetime) -> StaffTask:
    """Call a task done; a repeat leaves who did it first. Raises DutyUnknown."""
    with scope(program=program):
        task = StaffTask.objects.select_for_update(no_key=True).filter(pk=task_id).first()
        if task is None:
            raise DutyUnknown
        if task.done_at is None:
            task.done_at, task.done_by = now, by
            task.save(update_fields=["done_at", "done_by"])
            audit.record(
                program=program,
                actor=by,
                action="task.finish",
                subject="task",
                subject_id=str(task.pk),
                now=now,
            )
    return task
