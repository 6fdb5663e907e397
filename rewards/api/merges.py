"""Calls that make one member of two, and two of one again. Points move with it, so each is answered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Object, Text, Whole
from members import models
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards import merging
from rewards.api.points import fact_key
from rewards.merging import Bearing, Separation

# Points go from one to the other: who may only change members must not move them in this way.
MOVING = (Scope.MEMBERS_WRITE, Scope.POINTS_WRITE)
SEEING = (Scope.MEMBERS_READ, Scope.POINTS_READ)

MERGE = Object(
    "MergeRequest",
    {"gone": ID, "reason": Text(300, 1, example="The same person")},
    needed=frozenset({"gone", "reason"}),
    about="The member `gone` becomes part of the one in the address.",
)
MERGED = Object(
    "Merge",
    {"id": ID, "kept": ID, "gone": ID, "fact": ID},
    needed=frozenset({"id", "kept", "gone", "fact"}),
)
MADE = Object(
    "MergeMade",
    {"id": ID, "kept": ID, "gone": ID, "merged_at": Moment(), "undone_at": Nullable(Moment())},
    needed=frozenset({"id", "kept", "gone", "merged_at", "undone_at"}),
)
MADE_ALL = Object("Merges", {"items": Many(MADE, 10_000)}, needed=frozenset({"items"}))
AMOUNT = Whole(-(2**63), 2**63 - 1)
SIDE = Object(
    "SideAfterUndoing",
    dict.fromkeys(("active", "pending", "arrears"), Whole(0, 2**63 - 1)),
    needed=frozenset({"active", "pending", "arrears"}),
)
PART = Object(
    "PartOfUndoing",
    {
        "unit": Text(40),
        "returned": Whole(0, 2**63 - 1, "What is left of the other's and goes back as it is."),
        "used": Whole(
            -(2**63), 2**63 - 1, "Used by the kept one of the other's; below zero: the other way round."
        ),
        "charged": Whole(0, 2**63 - 1, "What whoever used it pays back."),
        "restored": Whole(0, 2**63 - 1, "What the other has back of it."),
        "given": Whole(-(2**63), 2**63 - 1, "What the shop gives; below zero: what has ended in between."),
        "kept": SIDE,
        "gone": SIDE,
    },
    needed=frozenset({"unit", "returned", "used", "charged", "restored", "given", "kept", "gone"}),
)
WAYS = Object(
    "WaysOfUndoing",
    {str(way): Many(PART, 1000) for way in Bearing.values},
    needed=frozenset(Bearing.values),
    about="By who bears what was used meanwhile: `user` pays back, `shared` half each, `owner` nobody, `shop` the shop.",
)
OUTLOOK = Object(
    "MergeOutlook",
    {"orders": Whole(0, 2**31 - 1), "identities": Whole(0, 2**31 - 1), "ways": WAYS},
    needed=frozenset({"orders", "identities", "ways"}),
)
UNDO = Object(
    "MergeUndoing",
    {
        "bearing": Text(8, choices=tuple(Bearing.values), about="Who bears what was used meanwhile."),
        "reason": Text(300, 1, example="Father and son"),
    },
    needed=frozenset({"bearing", "reason"}),
)
UNDONE = Object(
    "MergeUndone",
    {"id": ID, "kept": ID, "gone": ID, "fact": ID},
    needed=frozenset({"id", "kept", "gone", "fact"}),
)


class Merge(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {"POST": MOVING}
    moves_value = frozenset({"POST"})

    @call(
        "merge_members",
        tag="Members",
        summary="Merge two members",
        about="Identities, orders, counts and points go to the member in the address; the other one is closed and points "
        "to it. It can be taken apart again.",
        takes=MERGE,
        example={"gone": 1021, "reason": "The same person"},
        ids=["member_id"],
        gives={200: (MERGED, {"id": 12, "kept": 1007, "gone": 1021, "fact": 4200})},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(MERGE, request.data)
        return self.in_one(request, lambda: self._merge(member_id, asked))

    def _merge(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        made = merging.merge(
            program=self.program,
            kept=people.find(member_id),
            gone=people.find(asked["gone"]),
            reason=asked["reason"],
            by=self.author,
            key=fact_key(self.key),
            now=clock.now(),
        )
        return 200, {"id": made.pk, "kept": made.kept_id, "gone": made.gone_id, "fact": made.fact_id}


class Merges(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_merges",
        tag="Members",
        summary="List a member's merges",
        about="Those in which the member stayed or went, latest first.",
        ids=["member_id"],
        gives={200: (MADE_ALL, None)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = people.find(member_id)
        rows = models.Merge.objects.filter(Q(kept=member) | Q(gone=member)).order_by("-merged_at", "-pk")
        return Response({"items": [_told(made) for made in rows]})


class Undo(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {"GET": SEEING, "POST": MOVING}
    moves_value = frozenset({"POST"})

    @call(
        "foresee_unmerge",
        tag="Members",
        summary="See what undoing a merge would do",
        about="The same computation as undoing it, for every way to bear what was used meanwhile; nothing is written.",
        ids=["merge_id"],
        gives={200: (OUTLOOK, None)},
        refuses=(409,),
    )
    def get(self, request: Request, merge_id: int) -> Response:
        seen = merging.foresee(program=self.program, made=find(merge_id), now=clock.now())
        ways = {way: [_part_told(part) for part in parts] for way, parts in seen.ways.items()}
        return Response({"orders": seen.orders, "identities": seen.identities, "ways": ways})

    @call(
        "unmerge",
        tag="Members",
        summary="Undo a merge",
        about="Each side gets its own again; what was used meanwhile is borne as you choose. A merge that was undone is "
        "refused with `undone_already`, one that something later builds on with `merge_bound`.",
        takes=UNDO,
        example={"bearing": "shared", "reason": "Father and son"},
        ids=["merge_id"],
        gives={200: (UNDONE, {"id": 12, "kept": 1007, "gone": 1021, "fact": 4300})},
        moves_value=True,
    )
    def post(self, request: Request, merge_id: int) -> HttpResponse:
        asked = shapes.read(UNDO, request.data)
        return self.in_one(request, lambda: self._undo(merge_id, asked))

    def _undo(self, merge_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        made = merging.undo(
            program=self.program,
            made=find(merge_id),
            by=self.author,
            key=fact_key(self.key),
            now=clock.now(),
            **asked,
        )
        return 200, {"id": made.pk, "kept": made.kept_id, "gone": made.gone_id, "fact": made.undo_fact_id}


def find(merge_id: int) -> models.Merge:
    """The merge of the caller's program. Raises NotFound, also for those of other programs."""
    rows = models.Merge.objects.select_related("kept__program", "gone__program", "program")
    made = rows.filter(pk=merge_id).first()
    if made is None:
        raise NotFound
    return made


def _told(made: models.Merge) -> dict[str, Any]:
    return {
        "id": made.pk,
        "kept": made.kept_id,
        "gone": made.gone_id,
        "merged_at": made.merged_at,
        "undone_at": made.undone_at,
    }


def _part_told(part: Separation) -> dict[str, Any]:
    plain = {
        name: getattr(part, name) for name in ("unit", "returned", "used", "charged", "restored", "given")
    }
    sides = {"kept": part.kept, "gone": part.gone}
    return plain | {
        side: dict(zip(("active", "pending", "arrears"), amounts, strict=True))
        for side, amounts in sides.items()
    }
