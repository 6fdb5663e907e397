"""Files that leave the house: the list for the printer, and a segment for the audiences of social networks."""

from __future__ import annotations

from django.contrib import messages as notes
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns import tasks
from campaigns.audiences import retargeting
from campaigns.messages import printing
from campaigns.models import PrintList, Segment
from campaigns.views.messages.outbox import tabs_of
from loyaltysite.kit import clock
from loyaltysite.kit.sheets import attach
from members.access import StaffRequest, confirmed, program_view
from members.models import Program, Role
from members.views import frame

MOST = 20
ALL = "campaigns:files"


@require_safe
@program_view(role=Role.MANAGER)
def file_list(request: StaffRequest, program: Program) -> HttpResponse:
    segments = Segment.objects.filter(program=program, state=Segment.State.LIVE).order_by("name")
    chosen = segments.filter(key=request.GET.get("segment", "")).first()
    context = {
        "waiting": printing.waiting(program=program),
        "lists": PrintList.objects.filter(program=program).select_related("made_by").order_by("-pk")[:MOST],
        "segments": segments,
        "chosen": chosen,
        "allowed": retargeting.count(segment=chosen) if chosen else None,
        "tabs": tabs_of(request, program, "files"),
        **frame.around(request.team, current="messages", crumbs=[("", _("Files"))]),
    }
    return render(request, "campaigns/dashboard/messages/files.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def print_list(request: StaffRequest, program: Program) -> HttpResponse:
    """Put everything that waits on a list; a worker fills it."""
    if not printing.waiting(program=program).number:
        notes.info(request, _("Nothing waits to be printed."))
        return redirect(ALL, program.slug)
    printing.begin(program=program, by=request.user, now=clock.now())
    # Losing the wake-up is harmless: the next run finds what waits.
    transaction.on_commit(lambda: tasks.fill_print_lists.delay(), robust=True)  # noqa: PLW0108 - the task of this moment
    notes.success(request, _("The list is being made."))
    return redirect(ALL, program.slug)


@require_POST
@program_view(role=Role.MANAGER)
@confirmed
def print_file(request: StaffRequest, program: Program, list_id: int) -> HttpResponse:
    rows = PrintList.objects.filter(finished_at__isnull=False).select_related("program")
    made = get_object_or_404(rows, program=program, pk=list_id)
    now = clock.now()
    return attach(printing.take(made=made, by=request.user, now=now), f"{made.mark}-{program.slug}.csv")


@require_POST
@program_view(role=Role.MANAGER)
@confirmed
def audience_file(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    rows = Segment.objects.select_related("program").exclude(state=Segment.State.ARCHIVED)
    found = get_object_or_404(rows, program=program, key=key)
    now = clock.now()
    name = f"{found.key}-{program.slug}-{now.astimezone(program.zone):%Y-%m-%d}.csv"
    return attach(retargeting.lines(segment=found, by=request.user, now=now), name)
