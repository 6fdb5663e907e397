"""The list of members: search as one types, filters and pages, all of it in the address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from loyaltysite.kit import formats
from members import queries as people
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.queries import Sought
from members.views import frame
from rewards import queries
from rewards.models import Tier
from rewards.queries import Mark

SIZE = 25
# Counting on beyond this would take longer than anybody wants to know it.
MOST_ALL, MOST_FOUND = 100_000, 1_000


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def members(request: StaffRequest, program: Program) -> HttpResponse:
    """Everybody, or whom the search and the filters find, newest first."""
    asked = request.GET
    tiers, units = queries.tiers_of(program), queries.units_of(program)
    sought = Sought.parse(asked.get("q", ""))
    tier = next((one for one in tiers if one.key == asked.get("tier")), None)
    state = asked.get("state", "") if asked.get("state") in Member.State.values else ""
    chosen = {"q": sought.text, "tier": tier.key if tier else "", "state": state}
    ways = _filtered(people.ways_to(program=program, sought=sought), tier, tiers, state)
    most = MOST_FOUND if any(chosen.values()) else MOST_ALL
    unit = units[0] if units else None
    found = queries.count_up_to(ways, most=most)
    if sought.text and found <= most:
        ways = queries.looked_up_first(ways, most=most)
    page = queries.page_of(
        ways,
        unit=unit,
        tiers=tiers,
        size=SIZE,
        after=Mark.parse(asked.get("after", "")),
        before=Mark.parse(asked.get("before", "")),
    )
    count = _count(found, most)
    context = {
        "page": page,
        "unit": unit,
        "unit_name": formats.unit_name(0, unit) if unit else "",
        "query": sought.text,
        "chosen": chosen,
        "count": count,
        "shown": _shown(len(page.rows), count),
        "meant": [] if page.rows else people.meant(program=program, sought=sought),
        "number_is_wrong": sought.number_is_wrong and not page.rows,
        "newer": _address(program, chosen | {"before": page.newer}) if page.newer else "",
        "older": _address(program, chosen | {"after": page.older}) if page.older else "",
        "plain": _address(program, {}),
        **_filters(program, chosen, tier, tiers),
        **frame.around(request.team, current="members", search=False),
    }
    template = "rewards/dashboard/members.html"
    if not request.htmx:
        return render(request, template, context)
    response = render(request, f"{template}#answer", context)
    return replace_url(response, _address(program, chosen))


def _filtered(ways: list[Any], tier: Tier | None, tiers: list[Tier], state: str) -> list[Any]:
    if tier is not None:
        ways = [queries.in_tier(way, tier, tiers) for way in ways]
    return [way.filter(state=state) for way in ways] if state else ways


def _address(program: Program, query: dict[str, Any]) -> str:
    """The list's address with those parts of the query that say something."""
    text = urlencode({name: value for name, value in query.items() if value})
    return reverse("rewards:members", args=[program.slug]) + (f"?{text}" if text else "")


def _filters(
    program: Program, chosen: dict[str, str], tier: Tier | None, tiers: list[Tier]
) -> dict[str, Any]:
    """Filters in force with the address without them, and those that can be added."""
    state_label = Member.State(chosen["state"]).label if chosen["state"] else ""
    found: list[dict[str, Any]] = [
        {
            "text": _("Tier is"),
            "add": _("Tier"),
            "value": queries.name_of(tier) if tier else "",
            "remove": _address(program, chosen | {"tier": ""}),
            "choices": [
                (queries.name_of(one), _address(program, chosen | {"tier": one.key})) for one in tiers
            ],
        },
        {
            "text": _("State is"),
            "add": _("State"),
            "value": state_label,
            "remove": _address(program, chosen | {"state": ""}),
            "choices": [
                (one.label, _address(program, chosen | {"state": one.value})) for one in Member.State
            ],
        },
    ]
    return {"filters": [one for one in found if one["choices"]]}


def _count(found: int, most: int) -> str:
    if found > most:
        return _("more than %(count)s") % {"count": formats.format_number(most)}
    return formats.format_number(found)


def _shown(rows: int, count: str) -> str:
    return _("%(rows)s of %(count)s") % {"rows": formats.format_number(rows), "count": count}
