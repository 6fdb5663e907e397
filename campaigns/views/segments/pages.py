"""All segments with their size and course, and one of them: who is in it, who came and went, what asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from campaigns.audiences import fields, lists, segments
from campaigns.models import Segment, SegmentDay, SegmentMove
from loyaltysite.kit import clock, formats
from loyaltysite.kit.conditions import ConditionError, describe
from loyaltysite.kit.errors import DomainError, NotFound
from members import access
from members.access import StaffRequest, program_view
from members.models import AudienceMember, Member, Program, Role
from members.views import frame

State = Segment.State
MOODS = {State.DRAFT: "draft", State.LIVE: "good", State.ARCHIVED: ""}
DAYS = 30
MOST_MOVES, ON_A_PAGE = 20, 25


@dataclass(frozen=True, slots=True)
class Line:
    """A segment in the list: `course` is its size day by day, `change` by how much it grew in these days."""

    segment: Segment
    said: str
    course: list[int]

    @property
    def mood(self) -> str:
        return MOODS[State(self.segment.state)]

    @property
    def change(self) -> int:
        return self.segment.size - self.course[0] if self.course else 0


@require_safe
@program_view(role=Role.ANALYST)
def segment_list(request: StaffRequest, program: Program) -> HttpResponse:
    """Those that are not archived, the largest first; four statements."""
    found = Segment.objects.filter(program=program)
    archived = found.filter(state=State.ARCHIVED).order_by("name")
    courses = _courses(program)
    lines = [
        Line(one, said_of(one, program), courses.get(one.pk, []))
        for one in found.exclude(state=State.ARCHIVED).order_by("-size", "name", "pk")
    ]
    context = {
        "lines": lines,
        "archived": archived,
        "days": DAYS,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="segments"),
    }
    return render(request, "campaigns/dashboard/segments/list.html", context)


def _courses(program: Program, **which: Any) -> dict[int, list[int]]:
    since = clock.now().astimezone(program.zone).date() - timedelta(days=DAYS)
    found: dict[int, list[int]] = {}
    rows = SegmentDay.objects.filter(program=program, day__gte=since, **which).order_by("day")
    for number, size in rows.values_list("segment_id", "size"):
        found.setdefault(number, []).append(size)
    return found


def said_of(segment: Segment, program: Program, *, draft: bool = False) -> str:
    """The conditions in words of the active language."""
    if segment.kind == Segment.Kind.LIST:
        return _("A fixed list")
    tree = segment.draft if draft or segment.state == State.DRAFT else segment.tree
    try:
        condition = fields.parse(tree or {})
    except ConditionError:
        return _("It asks for something that is not there any more.")
    return _("All members") if condition.is_trivial else describe(condition, currency=program.currency)


@require_safe
@program_view(role=Role.ANALYST)
def segment(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One segment with its members, newest first."""
    found = Segment.objects.filter(program=program, key=key).first()
    if found is None:
        raise Http404
    inside = AudienceMember.objects.filter(audience_id=found.pk).select_related("member")
    paginator = Paginator(inside.order_by("-since", "-member_id"), ON_A_PAGE)
    paginator.count = found.size
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "segment": found,
        "mood": MOODS[State(found.state)],
        "said": said_of(found, program),
        "draft_said": said_of(found, program, draft=True)
        if found.draft and found.state == State.LIVE
        else "",
        "course": _courses(program, segment=found).get(found.pk, []),
        "members": page,
        "moves": _moves(found),
        "uses": segments.uses(program=program, segment=found),
        "may_edit": access.may(request.team.role, Role.MANAGER) and found.state != State.ARCHIVED,
        "report": request.session.pop(_report_key(found), None),
        **frame.around(request.team, current="segments", crumbs=[(request.path, found.name)]),
    }
    return render(request, "campaigns/dashboard/segments/segment.html", context)


def _moves(found: Segment) -> list[dict[str, Any]]:
    moves = list(SegmentMove.objects.filter(segment=found).order_by("-pk")[:MOST_MOVES])
    people = Member.objects.in_bulk([move.member_id for move in moves])
    return [{"move": move, "member": people[move.member_id]} for move in moves if move.member_id in people]


# --- actions ----------------------------------------------------------------------------------------------------------


def _publish(request: StaffRequest, program: Program, key: str) -> str:
    now = clock.now()
    segments.publish(program=program, key=key, by=request.user, now=now)
    if segments.gather(program=program, key=key, now=now):
        return _("The segment is in force.")
    return _("The segment is in force; its members are being gathered.")


def _discard(request: StaffRequest, program: Program, key: str) -> str:
    segments.discard(program=program, key=key, by=request.user, now=clock.now())
    return _("What was written is gone.")


def _archive(request: StaffRequest, program: Program, key: str) -> str:
    segments.archive(program=program, key=key, by=request.user, now=clock.now())
    return _("The segment is archived.")


def _import(request: StaffRequest, program: Program, key: str) -> str:
    file = request.FILES.get("file")
    text = file.read().decode("utf-8", errors="replace") if file else request.POST.get("lines", "")
    report = lists.put(program=program, key=key, lines=text.splitlines(), by=request.user, now=clock.now())
    found = Segment.objects.get(program=program, key=key)
    if report.unknown:
        rest = report.unknown_count - len(report.unknown)
        request.session[_report_key(found)] = {"unknown": report.unknown, "rest": rest}
    places = {"count": formats.format_number(report.entered), "read": formats.format_number(report.read)}
    return (
        ngettext(
            "%(count)s member is new in the list, of %(read)s lines.",
            "%(count)s members are new in the list, of %(read)s lines.",
            report.entered,
        )
        % places
    )


def _report_key(found: Segment) -> str:
    return f"segment-{found.pk}-report"


ACTIONS: dict[str, Callable[[StaffRequest, Program, str], str]] = {
    "publish": _publish,
    "discard": _discard,
    "archive": _archive,
    "import": _import,
}


@require_POST
@program_view(role=Role.MANAGER)
def act(request: StaffRequest, program: Program, key: str, name: str) -> HttpResponse:
    """Publish, discard, archive or fill a list."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    try:
        messages.success(request, action(request, program, key))
    except NotFound:
        raise Http404 from None
    except (DomainError, ConditionError) as error:
        messages.error(request, str(error))
    return redirect("campaigns:segment", program.slug, key)
