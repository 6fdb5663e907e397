"""Calls about points that have ended: what a member may have back, and giving it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Many, Moment, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards import reinstatements
from rewards.reinstatements import Offer

OFFER = Object(
    "ReinstatementOffer",
    {
        "lot": ID,
        "unit": Text(40),
        "precision": Whole(0, 6),
        "amount": Whole(1, 2**63 - 1, "Ledger units that ended of this lot."),
        "ended_at": Moment(),
        "until": Moment(about="The first moment at which it can no longer be asked for."),
    },
    needed=frozenset({"lot", "unit", "precision", "amount", "ended_at", "until"}),
)
OFFERS = Object("ReinstatementOffers", {"items": Many(OFFER, 100_000)}, needed=frozenset({"items"}))
WISH = Object("ReinstatementRequest", {"lot": ID}, needed=frozenset({"lot"}))
DONE = Object(
    "Reinstatement",
    {"fact": ID, "lot": ID, "active": Whole(0, 2**63 - 1, "What the member can use after it.")},
    needed=frozenset({"fact", "lot", "active"}),
)


class Reinstatements(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ, "POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "list_reinstatement_offers",
        tag="Points",
        summary="Read what a member may have back",
        about="Lots that ended within the unit's days of grace and were not given back before.",
        ids=["member_id"],
        gives={200: (OFFERS, None)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = people.find(member_id)
        found = reinstatements.offers(program=self.program, member=member, now=clock.now())
        return Response({"items": [_told(offer) for offer in found]})

    @call(
        "reinstate_points",
        tag="Points",
        summary="Give back a lot that ended",
        about="As the member's own wish: once for a lot, within the unit's budget of grace. It is usable for the unit's "
        "days of grace.",
        takes=WISH,
        example={"lot": 1010},
        ids=["member_id"],
        gives={201: (DONE, {"fact": 4100, "lot": 1010, "active": 74})},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(WISH, request.data)
        return self.in_one(request, lambda: self._reinstate(member_id, asked["lot"]))

    def _reinstate(self, member_id: int, lot_id: int) -> tuple[int, dict[str, Any]]:
        done = reinstatements.reinstate(
            program=self.program, member=people.find(member_id), lot_id=lot_id, now=clock.now()
        )
        return 201, {"fact": done.fact_id, "lot": lot_id, "active": done.active}


def _told(offer: Offer) -> dict[str, Any]:
    return {
        "lot": offer.lot_id,
        "unit": offer.unit.key,
        "precision": offer.unit.precision,
        "amount": offer.amount,
        "ended_at": offer.ended_at,
        "until": offer.until,
    }
