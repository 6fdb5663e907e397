"""The list of members: search as one types, filters and pages, all of it in the address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from loyaltysite.kit import clock, formats
from members import access
from members import queries as people
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards.coupons import many
from rewards.directory import FAR, SIZE, WALK, Count, Directory, Mark
from rewards.filters import Catalog, Filters
from rewards.views import narrowing


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def members(request: StaffRequest, program: Program) -> HttpResponse:
    """Everybody, or whom the search and the filters find, newest first."""
    asked = request.GET
    catalog = Catalog.of(program)
    filters = Filters.parse(asked, catalog)
    found = Directory(catalog, filters, clock.now())
    is_far = "far" in asked
    page = found.page(
        after=Mark.parse(asked.get("after", "")), before=Mark.parse(asked.get("before", "")), is_far=is_far
    )
    count, query, unit = _count(found.count()), filters.query(), catalog.unit
    may_act = access.may(request.team.role, Role.MANAGER)
    context = {
        "page": page,
        "unit": unit,
        "unit_name": formats.unit_name(0, unit) if unit else "",
        "sought": filters.sought.text,
        "is_filtered": bool(filters.names),
        "kept": {name: value for name, value in query.items() if name != "q"},
        "query": urlencode(query),
        "count": count,
        "shown": _shown(len(page.rows), count),
        "meant": [] if page.rows else people.meant(program=program, sought=filters.sought),
        "number_is_wrong": filters.sought.number_is_wrong and not page.rows,
        "newer": address(program, query | {"before": str(page.newer)}) if page.newer else "",
        "older": address(program, query | {"after": str(page.older)}) if page.older else "",
        "further": address(program, query | {"after": str(page.unseen), "far": "1"}) if page.unseen else "",
        "looked_at": _looked_at(FAR if is_far else WALK),
        "plain": address(program, {}),
        "filters": narrowing.tell(catalog=catalog, filters=filters, at=address(program, {})),
        "tiered": bool(catalog.tiers),
        "may_act": may_act,
        "gives_coupons": may_act and many.is_any(program=program),
        **frame.around(request.team, current="members", search=False),
    }
    template = "rewards/dashboard/members.html"
    if not request.htmx:
        return render(request, template, context)
    response = render(request, f"{template}#answer", context)
    return replace_url(response, address(program, query))


def address(program: Program, query: dict[str, Any]) -> str:
    """The list's address with those parts of the query that say something."""
    text = urlencode({name: value for name, value in query.items() if value})
    return reverse("rewards:members", args=[program.slug]) + (f"?{text}" if text else "")


def _count(found: Count) -> str:
    if found.is_more:
        return _("more than %(count)s") % {"count": formats.format_number(found.number)}
    return formats.format_number(found.number)


def _shown(rows: int, count: str) -> str:
    return _("%(rows)s of %(count)s") % {"rows": formats.format_number(rows), "count": count}


def _looked_at(number: int) -> str:
    text = ngettext(
        "%(count)s member was looked at so far.", "%(count)s members were looked at so far.", number
    )
    return text % {"count": formats.format_number(number)}


__all__ = ["SIZE", "address", "members"]
