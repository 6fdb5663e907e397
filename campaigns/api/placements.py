"""Banners, cards and interstitials for a shop's own site or app, and lines for its tills; what was seen is reported back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.messages import placements
from campaigns.models import Message
from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Object, Text
from members.api import endpoints, people, reading
from members.api.documents import ID, Query, call
from members.models import Scope

ITEM = Object(
    "Placement",
    {
        "id": ID,
        "place": Text(16, choices=("banner", "card", "interstitial", "till")),
        "title": Text(1000),
        "text": Text(10_000, about="Plain text, never HTML."),
        "button": Text(1000),
        "link": Text(2000, about="Where the button leads; empty without one."),
        "until": Moment(),
    },
    needed=frozenset({"id", "place", "title", "text", "button", "link", "until"}),
)
ITEMS = Object("Placements", {"items": Many(ITEM, 20)}, needed=frozenset({"items"}))
EXAMPLE = {
    "id": 501, "place": "banner", "title": "Rain today", "text": "A hot tea is waiting, Anna.", "button": "See it",
    "link": "https://shop.example/tea", "until": "2026-03-14T10:15:00Z",
}  # fmt: skip
SURFACE = {
    "surface": Query(Text(8, choices=("site", "till")), "Where it is shown; the site where nothing is said.")
}
REPORT = Object(
    "PlacementReport",
    {"what": Text(8, choices=("seen", "clicked", "closed"))},
    needed=frozenset({"what"}),
)
KEPT = Object(
    "PlacementKept",
    {
        "id": ID,
        "seen_at": Nullable(Moment()),
        "clicked_at": Nullable(Moment()),
        "closed_at": Nullable(Moment()),
    },
    needed=frozenset({"id", "seen_at", "clicked_at", "closed_at"}),
)
KEPT_EXAMPLE = {"id": 501, "seen_at": "2026-03-01T10:15:00Z", "clicked_at": None, "closed_at": None}


class Placements(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_placements",
        tag="Members",
        summary="What is to be shown to a member now",
        about="What journeys placed for the member and the gate let through, in the member's language: at most one "
        "interstitial, one banner and three cards, or two lines for the till. Asking is not showing: report what was seen.",
        ids=["member_id"],
        query=SURFACE,
        gives={200: (ITEMS, {"items": [EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        asked = reading.query(request, SURFACE)
        surface = "till" if asked.get("surface") == "till" else "portal"
        found = placements.feed(
            program=self.program, member=people.find(member_id), now=clock.now(), surface=surface
        )
        return Response({"items": [asdict(item) for item in found]})


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "report_placement",
        tag="Members",
        summary="Report what became of a placement",
        about="`seen`, `clicked` or `closed`; what is closed is shown no more. The first time counts. A click on marketing "
        "counts while the member agrees to its topic.",
        takes=REPORT,
        example={"what": "seen"},
        ids=["member_id", "placement_id"],
        gives={200: (KEPT, KEPT_EXAMPLE)},
    )
    def post(self, request: Request, member_id: int, placement_id: int) -> Response:
        asked = shapes.read(REPORT, request.data)
        found = placements.report(
            program=self.program, member=people.find(member_id), number=placement_id, what=asked["what"],
            now=clock.now(),
        )  # fmt: skip
        if found is None:
            raise NotFound
        return Response(_kept(found))


def _kept(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "seen_at": message.delivered_at,
        "clicked_at": message.clicked_at,
        "closed_at": message.closed_at,
    }
