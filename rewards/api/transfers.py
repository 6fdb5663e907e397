"""The call that sends points from one member to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards import transfers
from rewards.api.points import fact_key

WISH = Object(
    "TransferRequest",
    {"to": ID, "unit": Text(40, 1, example="points"), "amount": Whole(1, 10**15, "Ledger units.", 50)},
    needed=frozenset({"to", "unit", "amount"}),
)
DONE = Object(
    "Transfer",
    {"fact": ID, "active": Whole(0, 2**63 - 1, "What the sender can use after it.")},
    needed=frozenset({"fact", "active"}),
)


class Transfers(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "transfer_points",
        tag="Points",
        summary="Send points to another member",
        about="As the sender's own wish, within what the unit lets a member send in a calendar month. Lots keep the "
        "earlier of their own end and that of points given today. Pending and reserved points cannot be sent.",
        takes=WISH,
        example={"to": 1020, "unit": "points", "amount": 50},
        ids=["member_id"],
        gives={201: (DONE, {"fact": 4100, "active": 24})},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(WISH, request.data)
        return self.in_one(request, lambda: self._send(member_id, asked))

    def _send(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        done = transfers.transfer(
            program=self.program,
            sender=people.find(member_id),
            recipient=people.find(asked["to"]),
            unit=asked["unit"],
            amount=asked["amount"],
            key=fact_key(self.key),
            now=clock.now(),
            source="api",
        )
        return 201, {"fact": done.fact_id, "active": done.active}
