"""The next best actions, the most urgent first, each with the figures it follows from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics.models import ScoreRun
from analytics.scores import policies, runs
from analytics.views.value import words
from members import access
from members.access import StaffRequest, program_view
from members.models import MemberScore, NextAction, Program, Role
from members.views import frame

SIZE = 50
CHOICES = [each for each in NextAction if each is not NextAction.NONE]


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def actions(request: StaffRequest, program: Program) -> HttpResponse:
    """Members for whom there is something to do, of one kind or of all."""
    kind = request.GET.get("kind", "")
    rows, goes_on = _page(program, kind, request.GET.get("after", ""))
    context = {
        "rows": [words.tell(one, program=program) for one in rows],
        "later": f"?{urlencode(_query(kind) | {'after': f'{rows[-1].priority_minor}.{rows[-1].pk}'})}"
        if goes_on
        else "",
        "is_later": "after" in request.GET,
        "first": f"?{urlencode(_query(kind))}",
        "tabs": [
            {"url": "?", "text": _("All"), "current": kind not in CHOICES},
            *({"url": f"?kind={one}", "text": one.label, "current": kind == one} for one in CHOICES),
        ],
        "policy": policies.of(program),
        "run": runs.newest(program, ScoreRun.State.DONE),
        "may_act": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="value", crumbs=[("", _("Next best actions"))]),
    }
    template = "analytics/value/actions.html"
    return render(request, f"{template}#list" if request.htmx else template, context)


def _query(kind: str) -> dict[str, Any]:
    return {"kind": kind} if kind in CHOICES else {}


def _page(program: Program, kind: str, after: str) -> tuple[list[MemberScore], bool]:
    """A page of rows by priority, and whether more follow; `after` is priority and member of the last one seen."""
    rows = MemberScore.objects.filter(program=program).exclude(action=NextAction.NONE)
    if kind in CHOICES:
        rows = rows.filter(action=kind)
    priority, _dot, number = after.partition(".")
    if priority.isdecimal() and number.isdecimal() and len(after) < 40:
        rows = rows.filter(priority_minor__lte=int(priority)).exclude(
            priority_minor=int(priority), member_id__lte=int(number)
        )
    found = list(rows.select_related("member").order_by("-priority_minor", "member_id")[: SIZE + 1])
    return found[:SIZE], len(found) > SIZE
