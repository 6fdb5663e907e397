"""What people of the team want to be told by e-mail. Each looks after the own ones; the link in a mail ends one."""

from __future__ import annotations

from datetime import datetime

from django.core import signing
from django.db import transaction
from django_scopes import scope, scopes_disabled

from analytics.models import SavedView, Subscription
from members import access, audit
from members.models import Program, Role, TeamMembership, User

SALT = "wafa.analytics.subscription"
What = Subscription.What


def has(*, program: Program, user: User, what: str, view: SavedView | None = None) -> bool:
    return Subscription.objects.filter(program=program, user=user, what=what, view=view).exists()


@transaction.atomic
def begin(
    *,
    program: Program,
    user: User,
    what: str,
    site: str,
    now: datetime,
    view: SavedView | None = None,
    weekday: int = 1,
) -> Subscription:
    """Write to this person from now on; a repeat keeps the weekday up to date. `site` is the address of this site."""
    with scope(program=program):
        row, is_new = Subscription.objects.update_or_create(
            program=program,
            user=user,
            what=what,
            view=view,
            defaults={"site": site.rstrip("/"), "weekday": weekday},
            create_defaults={"site": site.rstrip("/"), "weekday": weekday, "since": now},
        )
        if is_new:
            _record(program, user, "subscription.begin", what, now)
    return row


@transaction.atomic
def end(*, program: Program, user: User, what: str, now: datetime, view: SavedView | None = None) -> None:
    """Do not write any more; a repeat changes nothing."""
    with scope(program=program):
        rows = Subscription.objects.filter(program=program, user=user, what=what, view=view)
        if rows.delete()[0]:
            _record(program, user, "subscription.end", what, now)


def token_of(row: Subscription) -> str:
    return signing.dumps(row.pk, salt=SALT)


def find(token: str) -> Subscription | None:
    """The subscription that a link of a mail names, with its program and person; None once it has ended."""
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    with scopes_disabled():
        return Subscription.objects.select_related("program", "user", "view").filter(pk=number).first()


def may_read(row: Subscription) -> bool:
    """Whether the person is still in the team with a role that sees figures."""
    team = TeamMembership.objects.filter(user_id=row.user_id, program_id=row.program_id).first()
    return bool(row.user.is_active and team and access.may(team.role, Role.ANALYST))


def _record(program: Program, user: User, action: str, what: str, now: datetime) -> None:
    audit.record(
        program=program, actor=user, action=action, subject="subscription", subject_id=user.pk,
        after={"what": str(what)}, now=now,
    )  # fmt: skip
