"""What texts may tell of a member: gathered for many members at once, and only what the texts ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation

from campaigns.messages import weather
from campaigns.models import Manners, Segment, Whereabouts
from loyaltysite.kit import formats
from members.models import AudienceMember, Member, Preference, Program
from rewards import queries
from rewards.models import Tier, Unit

PARTS = ((5, "night"), (12, "morning"), (18, "afternoon"), (22, "evening"), (24, "night"))
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

type Facts = dict[str, Any]

NOWHERE = {"code": "", "name": ""}
NO_WEATHER = weather.Weather()
EMPTY: Facts = {"segments": [], "code": "", "event": {}, "data": {}}


def of_members(
    *, program: Program, members: Collection[Member], roots: Collection[str], manners: Manners, now: datetime
) -> dict[int, Facts]:
    """{member id: what texts may name}; for the program in scope. The number of statements is the same for any number."""
    ids = [member.pk for member in members]
    zones = dict(Whereabouts.objects.filter(member__in=ids).values_list("member_id", "time_zone"))
    places = _stores(ids) if {"store", "weather"} & set(roots) else {}
    unit = next(iter(queries.units_of(program)), None) if "balance" in roots else None
    balances = queries.balances_of(ids, unit=unit)
    tiers = queries.present_tiers(ids, tiers=queries.tiers_of(program)) if "tier" in roots else {}
    links = links_of(program, manners)
    source = weather.source() if "weather" in roots else None
    clocks: dict[tuple[str, str], Facts] = {}
    found: dict[int, Facts] = {}
    for tag, speakers in _by_language(program, members):
        with translation.override(tag), formats.use(tag):
            for member in speakers:
                place = places.get(member.pk, NOWHERE)
                sky = source.at(program_id=program.pk, store=place["code"]) if source else NO_WEATHER
                zone = zones.get(member.pk) or program.time_zone
                clock = clocks.get((zone, tag)) or clocks.setdefault((zone, tag), _now(now, zone))
                found[member.pk] = {
                    **EMPTY,
                    "member": _person(member, tag),
                    "program": {"name": program.name, "currency": program.currency},
                    "balance": _balance(balances.get(member.pk, 0), unit),
                    "tier": _tier(tiers.get(member.pk)),
                    "store": place,
                    "now": clock,
                    "weather": {"kind": sky.kind, "celsius": sky.celsius},
                    "links": links,
                }
    _add_segments(found, roots)
    return found


def language_of(member: Member, program: Program) -> str:
    return member.language or program.languages[0]


def links_of(program: Program, manners: Manners) -> dict[str, str]:
    """Addresses of the portal."""
    site = site_of(manners)
    home = f"{site}/p/{program.slug}/"
    return {"portal": home, "rewards": f"{home}rewards/", "preferences": f"{home}consents/"}


def site_of(manners: Manners) -> str:
    """The address of the portal without a path: the program's setting, else the first name that the site answers to."""
    if manners.site:
        return manners.site.rstrip("/")
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    return f"https://{host}"


# --- parts ------------------------------------------------------------------------------------------------------------


def _person(member: Member, tag: str) -> dict[str, Any]:
    first = member.name.split()[0] if member.name.split() else ""
    return {
        "name": member.name,
        "first_name": first,
        "number": member.number,
        "language": tag,
        "tags": list(member.tags),
        "joined": formats.format_date(member.joined_at, form="long"),
    }


def _by_language(program: Program, members: Collection[Member]) -> Iterator[tuple[str, Iterator[Member]]]:
    """To change the language takes longer than to write a name."""
    return groupby(sorted(members, key=_spoken(program)), key=_spoken(program))


def _spoken(program: Program) -> Callable[[Member], str]:
    return lambda member: language_of(member, program)


def _now(now: datetime, zone: str) -> dict[str, Any]:
    local = now.astimezone(ZoneInfo(zone))
    part = next(name for hour, name in PARTS if local.hour < hour)
    date = formats.format_date(local.date(), form="long")
    return {"hour": local.hour, "part": part, "weekday": WEEKDAYS[local.weekday()], "date": date}


def _balance(amount: int, unit: Unit | None) -> dict[str, Any]:
    if unit is None:
        return {"amount": 0, "text": ""}
    return {"amount": amount / 10**unit.precision, "text": formats.format_units(amount, unit)}


def _tier(tier: Tier | None) -> dict[str, str]:
    return {"key": tier.key, "name": queries.name_of(tier)} if tier else {"key": "", "name": ""}


def _stores(ids: Collection[int]) -> dict[int, dict[str, str]]:
    rows = Preference.objects.filter(member__in=ids, store__isnull=False).select_related("store")
    return {row.member_id: {"code": row.store.code, "name": row.store.name} for row in rows if row.store}


def _add_segments(found: Mapping[int, Facts], roots: Collection[str]) -> None:
    """Keys of the segments a member is in now."""
    if "segments" not in roots:
        return
    keys: dict[int, list[str]] = defaultdict(list)
    for member, key in segments_of(list(found)):
        keys[member].append(key)
    for member, facts in found.items():
        facts["segments"] = keys[member]


def segments_of(ids: Collection[int]) -> list[tuple[int, str]]:
    """(member id, key of a segment) for each that a member is in, as it is stored."""
    inside = list(AudienceMember.objects.filter(member__in=ids).values_list("member_id", "audience_id"))
    keys = dict(
        Segment.objects.filter(pk__in={audience for _member, audience in inside}).values_list("pk", "key")
    )
    return [(member, keys[audience]) for member, audience in inside if audience in keys]
