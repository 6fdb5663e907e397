"""The audit log: who did what, found by person, deed, subject and time; also as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_scopes import scope

from loyaltysite.kit import clock
from loyaltysite.kit.sheets import attach
from members import audit as books
from members import chronicle, deeds
from members.access import StaffRequest, program_view
from members.chronicle import Asked
from members.models import AuditEntry, Program, Role, User
from members.views import frame

PAGE = "members/dashboard/audit.html"


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.MANAGER)
def audit(request: StaffRequest, program: Program) -> HttpResponse:
    """Newest first; the filters stand in the address."""
    asked = Asked.parse(request.GET.dict())
    rows, mark = chronicle.page(
        chronicle.entries(program=program, asked=asked), after=request.GET.get("after", "")
    )
    here = reverse("members:audit", args=[program.slug])
    context = {
        "rows": _told(program, rows),
        "asked": asked,
        "groups": deeds.GROUPS.items(),
        "plain": here,
        "query": urlencode(asked.query),
        "older": f"{here}?{urlencode(asked.query | {'after': mark})}" if mark else "",
        "newest": f"{here}?{urlencode(asked.query)}" if request.GET.get("after") else "",
        **frame.around(request.team, current="audit"),
    }
    return render(request, f"{PAGE}#entries" if request.htmx else PAGE, context)


@require_POST
@program_view(role=Role.MANAGER)
def audit_export(request: StaffRequest, program: Program) -> HttpResponse:
    """What the filters find, as a file; that it was taken is in the audit too."""
    asked, now = Asked.parse(request.GET.dict()), clock.now()
    books.record(
        program=program, actor=request.user, action="audit.export", subject="audit", after=asked.query, now=now
    )  # fmt: skip
    name = f"audit-{program.slug}-{now.astimezone(program.zone):%Y-%m-%d}.csv"
    return attach(_within(program, asked), name)


def _within(program: Program, asked: Asked) -> Iterator[str]:
    """The file is written after the view has ended, and with it its scope."""
    with scope(program=program):
        yield from chronicle.lines(chronicle.entries(program=program, asked=asked))


def _told(program: Program, rows: list[AuditEntry]) -> list[dict[str, Any]]:
    numbers = [row.subject_id for row in rows if row.subject == "user" and row.subject_id.isdigit()]
    users = User.objects.in_bulk([int(number) for number in numbers])
    return [
        {
            "at": row.at,
            "sentence": deeds.sentence(
                row.action,
                who=row.actor.get_full_name() if row.actor else _("The system"),
                what=_subject(row, users),
                subject=row.subject,
            ),
            "what": row.subject_id,
            "member_url": _member_url(program, row),
            "differences": deeds.differences(row.before, row.after),
            "reason": row.reason,
            "address": row.address,
            "request_id": row.request_id,
        }
        for row in rows
    ]


def _subject(row: AuditEntry, users: dict[int, User]) -> str:
    """People of the team by their name, all else by its number or key."""
    name = row.subject_id
    if row.subject == "user" and name.isdigit() and int(name) in users:
        return users[int(name)].get_full_name()
    return name


def _member_url(program: Program, row: AuditEntry) -> str:
    name = row.subject_id
    if row.subject == "member" and len(name) == 12 and name.isdigit():
        return reverse("rewards:member", args=[program.slug, name])
    return ""
