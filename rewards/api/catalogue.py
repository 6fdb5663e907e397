"""Calls that read what a program is: its settings and units, its tiers, and where a member stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import call
from members.models import Scope
from rewards.models import Unit
from rewards.queries import tiers_of, units_of
from rewards.tiers import standings

NAMES = Anything(about="By language; units by plural category as well.")
UNIT = Object(
    "Unit",
    {
        "key": Text(40),
        "names": NAMES,
        "precision": Whole(0, 6, "Decimals: amounts of this unit are whole numbers of 10^-precision."),
        "worth": Object(
            "", {"numerator": Whole(0, 2**63 - 1), "denominator": Whole(1, 2**63 - 1)}, frozenset({"numerator", "denominator"}),
            about="What one unit is worth in minor units of the currency, as an exact ratio.",
        ),
        "is_money": Flag(),
    },
    needed=frozenset({"key", "names", "precision", "worth", "is_money"}),
)  # fmt: skip
PROGRAM = Object(
    "Program",
    {
        "slug": Text(60),
        "name": Text(120),
        "currency": Text(3),
        "time_zone": Text(64),
        "languages": Many(Text(8), 100),
        "return_days": Whole(0, 32767),
        "units": Many(UNIT, 1000),
    },
    needed=frozenset({"slug", "name", "currency", "time_zone", "languages", "return_days", "units"}),
)
TIER = Object(
    "Tier",
    {
        "key": Text(40),
        "names": NAMES,
        "rank": Whole(0, 32767),
        "threshold": Whole(0, 2**63 - 1, "In the metric's whole unit; net spend in minor units."),
        "multipliers": Anything(about="Faster earning by unit, as exact ratios such as `3/2`."),
        "expiry": Anything(
            about="When points end that are earned in it, by unit, where that is not the unit's own policy."
        ),
        "is_never_lost": Flag(),
    },
    needed=frozenset({"key", "names", "rank", "threshold", "multipliers", "expiry", "is_never_lost"}),
)
TIERS = Object("Tiers", {"items": Many(TIER, 1000)}, needed=frozenset({"items"}))
STANDING = Object(
    "Standing",
    {
        "tier": Nullable(Text(40)),
        "is_provisional": Flag(about="Until the return windows of the qualifying orders have ended."),
        "is_manual": Flag(),
        "confirms_at": Nullable(Moment()),
        "valid_until": Nullable(Moment(about="The first moment at which it may be reviewed; null without end.")),
        "total": Whole(-(2**63), 2**63 - 1, "What counts towards the next tier by now."),
        "next_tier": Nullable(Text(40)),
        "missing": Nullable(Whole(0, 2**63 - 1, "What is still needed for it,")),
        "next_by": Nullable(Moment(about="and before when.")),
        "keep_missing": Nullable(Whole(0, 2**63 - 1, "What is still needed to keep this one,")),
        "keep_by": Nullable(Moment(about="and before when.")),
    },
    needed=frozenset(
        {
            "tier", "is_provisional", "is_manual", "confirms_at", "valid_until", "total", "next_tier", "missing",
            "next_by", "keep_missing", "keep_by",
        }
    ),
)  # fmt: skip


class Program(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call("read_program", tag="Program", summary="Read the program", gives={200: (PROGRAM, None)})
    def get(self, request: Request) -> Response:
        plain = PROGRAM.needed - {"units"}
        found: dict[str, Any] = {name: getattr(self.program, name) for name in plain}
        return Response(found | {"units": [_unit(unit) for unit in units_of(self.program)]})


class Tiers(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_tiers",
        tag="Program",
        summary="List the tiers",
        about="Lowest first.",
        gives={200: (TIERS, None)},
    )
    def get(self, request: Request) -> Response:
        tiers = tiers_of(self.program)
        return Response({"items": [{name: getattr(tier, name) for name in TIER.fields} for tier in tiers]})


class Standing(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "read_standing",
        tag="Members",
        summary="Read a member's tier",
        about="The tier, what is missing for the next one and to keep this one, and by when. A program without tiers "
        "answers `no_tiers`.",
        ids=["member_id"],
        gives={200: (STANDING, None)},
        refuses=(422,),
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = people.find(member_id)
        progress = standings.progress_of(program=self.program, member=member, now=clock.now())
        plain = STANDING.needed - {"tier", "next_tier"}
        found: dict[str, Any] = {name: getattr(progress, name) for name in plain}
        return Response(
            found
            | {
                "tier": progress.level.key if progress.level else None,
                "next_tier": progress.next_level.key if progress.next_level else None,
            }
        )


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "key": unit.key,
        "names": unit.names,
        "precision": unit.precision,
        "worth": {"numerator": unit.worth_numerator, "denominator": unit.worth_denominator},
        "is_money": unit.is_money,
    }
