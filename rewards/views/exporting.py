"""Take the members of the present filter away as a file."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse
from django.views.decorators.http import require_POST
from django_scopes import scope

from loyaltysite.kit import clock
from loyaltysite.kit.sheets import attach
from members.access import StaffRequest, program_view
from members.models import Program, Role
from rewards import exports
from rewards.directory import Directory
from rewards.filters import Catalog, Filters


@require_POST
@program_view(role=Role.ANALYST)
def export(request: StaffRequest, program: Program) -> HttpResponse:
    """The members that the address's filters find, streamed."""
    catalog, now = Catalog.of(program), clock.now()
    found = Directory(catalog, Filters.parse(request.GET, catalog), now)
    columns = exports.ask(found=found, role=request.team.role, by=request.user, now=now)
    name = f"members-{program.slug}-{now.astimezone(program.zone):%Y-%m-%d}.csv"
    return attach(_within(program, exports.lines(found=found, columns=columns)), name)


def _within(program: Program, lines: Iterator[str]) -> Iterator[str]:
    """The file is written after the view has ended, and with it its scope."""
    with scope(program=program):
        yield from lines
