"""The call that ends a membership. Points may end with it, so it is answered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Flag, Object, Text
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Member, Scope
from rewards import closing
from rewards.api.points import fact_key

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


class Close(endpoints.Endpoint):
    # Points end with it: who may only change members must not take them in this way.
    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {"POST": (Scope.MEMBERS_WRITE, Scope.POINTS_WRITE)}
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
