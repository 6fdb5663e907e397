"""Calls that end a membership: closed, or merged into another one. Points move with it, so each is answered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Flag, Object, Text
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Member, Scope
from rewards import closing, merging
from rewards.api.points import fact_key

# A balance ends, or goes to somebody else: who may only change members must not move it by these ways.
MOVING: Mapping[str, tuple[str, ...]] = {"POST": (Scope.MEMBERS_WRITE, Scope.POINTS_WRITE)}

CLOSE = Object(
    "Closing",
    {
        "reason": Text(300, 1, example="Asked for it"),
        "forfeits": Flag(
            about="Whether all points are taken at once; false unless told, and then they stay."
        ),
    },
    needed=frozenset({"reason"}),
)
# No name or identity: this answer is stored.
CLOSED = Object(
    "Closed",
    {"member": ID, "state": Text(16, choices=tuple(Member.State.values))},
    needed=frozenset({"member", "state"}),
)
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


class Close(endpoints.Endpoint):
    scopes = MOVING
    moves_value = frozenset({"POST"})

    @call(
        "close_member",
        tag="Members",
        summary="Close a membership",
        about="No earning and no spending from then on. The balance stays for a return, unless it is forfeited.",
        takes=CLOSE,
        example={"reason": "Asked for it", "forfeits": True},
        ids=["member_id"],
        gives={200: (CLOSED, {"member": 1007, "state": "closed"})},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(CLOSE, request.data)
        return self.in_one(request, lambda: self._close(member_id, asked))

    def _close(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        member = closing.close(
            program=self.program,
            member=people.find(member_id),
            forfeits=asked.get("forfeits", False),
            reason=asked["reason"],
            by=self.author,
            key=fact_key(self.key),
            now=clock.now(),
        )
        return 200, {"member": member.pk, "state": member.state}


class Merge(endpoints.Endpoint):
    scopes = MOVING
    moves_value = frozenset({"POST"})

    @call(
        "merge_members",
        tag="Members",
        summary="Merge two members",
        about="Identities, orders, counts and points go to the member in the address; the other one is closed and points "
        "to it. Staff can take it apart again on the dashboard.",
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
