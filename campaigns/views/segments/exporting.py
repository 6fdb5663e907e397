"""Take the members of a segment away as a file, with the columns that the asker's role may see."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from campaigns.audiences import takeout
from campaigns.models import Segment
from loyaltysite.kit import clock
from loyaltysite.kit.sheets import attach
from members.access import StaffRequest, program_view
from members.models import Program, Role


@require_POST
@program_view(role=Role.ANALYST)
def export(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Streamed, and written down who took it."""
    segment = Segment.objects.filter(program=program, key=key).first()
    if segment is None:
        raise Http404
    now = clock.now()
    lines = takeout.lines(segment=segment, role=request.team.role, by=request.user, now=now)
    name = f"{segment.key}-{program.slug}-{now.astimezone(program.zone):%Y-%m-%d}.csv"
    return attach(lines, name)
