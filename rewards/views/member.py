"""One member: tier, wallets, and a history in which every line unfolds to its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language_info, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock, formats
from members import access, addresses
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards import histories, holds, queries
from rewards.histories import HistoryLine, Purse
from rewards.models import Lot, Unit
from rewards.views import badge_words, consents, doings, panes, progress, telling
from rewards.views.finding import find
from rewards.views.households import words as household_words
from rewards.views.plans import member as memberships

SIZE = 20
# How many lots the strip shows; the table under it has them all.
STRIP = 7
# A lot that ends within so many days is shown in amber.
SOON = timedelta(days=14)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def member(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """Profile, tier and wallets, and one page of history, of orders or of changes by staff."""
    return show(request, program, number, query=request.GET, part="person" if request.htmx else "")


def show(
    request: StaffRequest, program: Program, number: str, *, query: QueryDict, part: str
) -> HttpResponse:
    """The page, or one part of it as a reload would show it."""
    person = find(program, number)
    now = clock.now()
    here = reverse("rewards:member", args=[program.slug, number])
    tab = query.get("tab", "")
    before = _moment(query.get("before", ""))
    held = doings.standings_of(program=program, member=person)
    purses = histories.purses_of(program=program, member=person)
    context = {
        "person": person,
        "initials": _initials(person),
        "speaks": _language(person),
        "identities": list(person.identities.filter(program=program).order_by("kind", "value")),
        "place": addresses.place_of(getattr(person, "address", None)),
        "tier": progress.tell(program=program, member=person, now=now),
        "standings": held,
        "has_manual": any(row.is_manual and row.is_open for row in held),
        "purses": [_tell_purse(purse, now) for purse in purses],
        # Held points are rare: nobody else pays for the question.
        "holds": holds.open_of(program=program, member=person)
        if any(p.wallet.reserved for p in purses)
        else [],
        "gives_back": any(purse.unit.grace_days for purse in purses),
        "memberships": memberships.tell(program=program, member=person, now=now),
        "household": household_words.of_member(program, person, now),
        "badges": badge_words.of_member(program, person, now),
        "merges": doings.merges_of(program=program, member=person),
        "waiting": doings.waiting_of(program=program, member=person),
        "may_act": access.may(request.team.role, Role.MANAGER),
        "is_fragment": bool(part),
        "tab": tab if tab in ("orders", "changes") else "history",
        "tabs": _tabs(here, tab),
        "is_later": before is not None,
        "latest": f"{here}?tab={tab}" if tab in ("orders", "changes") else here,
        **panes.tell(request, program, person),
        **consents.tell(request, program, person),
        **_tab(program, person, tab, before),
        **frame.around(request.team, current="members", crumbs=[(here, str(person))]),
    }
    context["earlier"] = _earlier(here, tab, context.pop("goes_on"))
    template = "rewards/dashboard/member.html"
    return render(request, f"{template}#{part}" if part else template, context)


def query_of(request: StaffRequest) -> QueryDict:
    """The query of the page that an action was asked for from, as HTMX tells it."""
    address = urlsplit(request.htmx.current_url_abs_path or "")
    return QueryDict(address.query)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def reasons(request: StaffRequest, program: Program, number: str, fact_id: str) -> HttpResponse:
    """What a fact did not earn, and why: the part under a line of the history, or a page of its own."""
    person = find(program, number)
    names = queries.rules_of(program)
    here = reverse("rewards:member", args=[program.slug, number])
    order = queries.order_of_fact(program=program, member=person, fact_id=int(fact_id))
    if order is None:
        raise Http404
    context = {
        "person": person,
        "order": order,
        "refusals": [
            {"rule": names.get(reason.rule_id, ""), "text": reason.text}
            for reason in histories.explain(program=program, fact_id=int(fact_id))
            if not reason.has_fired
        ],
        "back": here,
        **frame.around(
            request.team, current="members", crumbs=[(here, str(person)), (request.path, order.external_id)]
        ),
    }
    template = "rewards/dashboard/reasons.html"
    return render(request, f"{template}#refusals" if request.htmx else template, context)


def _history(program: Program, person: Member, before: datetime | None) -> dict[str, Any]:
    lines, goes_on = _page(program, person, before)
    used = queries.allocations_of([line.entry.pk for line in lines])
    opened = queries.lots_of([line.entry.lot_id for line in lines if line.entry.lot_id])
    told = [
        telling.tell(
            line,
            program=program,
            member_number=person.number,
            used=used.get(line.entry.pk, ()),
            opened=opened.get(line.entry.lot_id or 0),
        )
        for line in lines
    ]
    return {"lines": told, "goes_on": goes_on}


def _page(
    program: Program, person: Member, before: datetime | None
) -> tuple[Sequence[HistoryLine], datetime | None]:
    """A page of lines and from where the next goes on. What was booked at one moment stays on one page."""
    limit = SIZE + 1
    while True:
        lines = histories.lines_of(program=program, member=person, limit=limit, before=before)
        if len(lines) < limit:
            return lines, None
        rest = lines[-1].entry.posted_at
        whole = [line for line in lines if line.entry.posted_at > rest]
        if whole:
            return whole, whole[-1].entry.posted_at
        limit *= 4


def _orders(program: Program, person: Member, before: datetime | None) -> dict[str, Any]:
    deals, goes_on = queries.deals_of(program=program, member=person, size=SIZE, before=before)
    return {"deals": deals, "goes_on": goes_on}


def _changes(program: Program, person: Member, before: datetime | None) -> dict[str, Any]:
    found, goes_on = doings.changes_of(program=program, member=person, size=SIZE, before=before)
    return {"changes": found, "goes_on": goes_on}


def _tab(program: Program, person: Member, tab: str, before: datetime | None) -> dict[str, Any]:
    if tab == "orders":
        return _orders(program, person, before)
    if tab == "changes":
        return _changes(program, person, before)
    return _history(program, person, before)


def _tabs(here: str, tab: str) -> list[dict[str, Any]]:
    return [
        {
            "url": here,
            "text": pgettext("of a member", "History"),
            "current": tab not in ("orders", "changes"),
        },
        {"url": f"{here}?tab=orders", "text": _("Orders and returns"), "current": tab == "orders"},
        {"url": f"{here}?tab=changes", "text": _("Changes by staff"), "current": tab == "changes"},
    ]


def _earlier(here: str, tab: str, goes_on: datetime | None) -> str:
    if goes_on is None:
        return ""
    query = ({"tab": tab} if tab in ("orders", "changes") else {}) | {"before": goes_on.isoformat()}
    return f"{here}?{urlencode(query)}"


def _moment(text: str) -> datetime | None:
    """A moment from an address; None for anything else."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _initials(person: Member) -> str:
    words = [word for word in person.name.split() if word[0].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])) or "–"


def _language(person: Member) -> str:
    """What the member reads, in the member's own word for it."""
    try:
        return str(get_language_info(person.language)["name_local"]).capitalize() if person.language else ""
    except KeyError:
        return person.language


def _tell_purse(purse: Purse, now: datetime) -> dict[str, Any]:
    """A wallet with its lots in order of use, each with the day on which it ends; the strip shows the first few."""
    wallet, unit = purse.wallet, purse.unit
    return {
        "unit": unit,
        "name": formats.unit_name(0, unit),
        "worth": purse.worth_minor(wallet.active),
        **{
            name: _whole(getattr(wallet, name), unit) for name in ("active", "pending", "reserved", "arrears")
        },
        "lots": [
            {
                "text": formats.format_number(_whole(lot.remaining, unit), decimals=unit.precision or None),
                "note": _lot_note(lot, first=place == 0),
                "amount": lot.remaining,
                "state": _lot_state(lot, now),
            }
            for place, lot in enumerate(purse.lots[:STRIP])
        ],
        "count": len(purse.lots),
        "more": len(purse.lots) > STRIP,
        "rows": [
            {
                "earned_at": lot.earned_at,
                "granted": _whole(lot.granted, unit),
                "left": _whole(lot.remaining, unit),
                "ends": telling.last_day(lot) if lot.is_active else _lot_note(lot, first=False),
            }
            for lot in purse.lots
        ],
    }


def _whole(amount: int, unit: Unit) -> Decimal:
    return Decimal(amount).scaleb(-unit.precision)


def _lot_note(lot: Lot, *, first: bool) -> str:
    if not lot.is_active:
        if lot.active_at is None:
            return _("waits for “%(event)s”") % {"event": lot.awaits}
        return _("pending to %(day)s") % {"day": formats.format_date(lot.active_at)}
    if lot.expires_at is None:
        return _("never ends")
    day = telling.last_day(lot)
    return _("ends %(day)s") % {"day": day} if first else day


def _lot_state(lot: Lot, now: datetime) -> str:
    if not lot.is_active:
        return "wait"
    return "next" if lot.expires_at is not None and lot.expires_at <= now + SOON else ""
