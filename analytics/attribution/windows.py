"""For how many days a touch of a channel counts: the usual windows, and the program's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from analytics.models import AttributionPolicy
from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Program, User
from rewards.posting import LOCKED, Busy

# A click says that the message was acted on, an opening only that it was seen. A code in the order itself always counts.
USUAL: Mapping[str, int] = {
    "email.click": 7,
    "email.open": 1,
    "sms.click": 7,
    "push.click": 7,
    "push.open": 1,
    "inapp.click": 7,
    "inapp.open": 1,
}
LONGEST = 90


class WindowInvalid(DomainError):
    code = "attribution_window_invalid"
    message = _("A window has between 0 and %(most)s days.")


def of(program: Program) -> dict[str, int]:
    """All windows of a program in days; 0 never counts."""
    row = AttributionPolicy.objects.filter(program=program).first()
    return {**USUAL, **(row.windows if row else {})}


@transaction.atomic
def change(*, program: Program, windows: Mapping[str, int], by: User, first: date, now: datetime) -> None:
    """Set the windows; days from `first` on are made anew by the next count. A repeat changes nothing.

    Raises WindowInvalid with the field of what is wrong, Busy while past sales are being credited."""
    for key, days in windows.items():
        if key not in USUAL or not 0 <= days <= LONGEST:
            raise WindowInvalid(field=key.replace(".", "_"), most=LONGEST)
    with scope(program=program):
        row = _lock(program)
        before = {**USUAL, **row.windows}
        after = {**before, **windows}
        if after == before:
            return
        row.windows = {key: days for key, days in after.items() if days != USUAL[key]}
        row.stale_from = first
        row.save(update_fields=["windows", "stale_from"])
        audit.record(
            program=program, actor=by, action="attribution.change", subject="program", subject_id=program.slug,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip


def _lock(program: Program) -> AttributionPolicy:
    try:
        return AttributionPolicy.objects.select_for_update().get_or_create(program=program)[0]
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == LOCKED:
            raise Busy from error
        raise
