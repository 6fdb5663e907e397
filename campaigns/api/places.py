"""The call by which a shop's app tells where a member is; it is compared and forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import places
from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Many, Number, Object, Text
from members.api import endpoints, people
from members.api.documents import call
from members.models import Scope

POSITION = Object(
    "Position",
    {
        "latitude": Number(-90, 90, about="In degrees (WGS 84).", example=53.5461),
        "longitude": Number(-180, 180, example=9.9663),
        "accuracy_m": Number(0, 10_000_000, about="How far off it may be; over 1,000 m says nothing."),
    },
    needed=frozenset({"latitude", "longitude"}),
)
NEAR = Object("NearStores", {"stores": Many(Text(64), 1000)}, needed=frozenset({"stores"}))


class Positions(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "tell_position",
        tag="Members",
        summary="Tell where a member is",
        about="Answers with the codes of the stores that are near, the nearest first. Journeys that begin near a store "
        "begin then, at most once for each store within the program's hours. The member must have agreed (`near a store`, "
        "on the portal), or the call is refused with `place_not_shared`. The position is not kept.",
        takes=POSITION,
        example={"latitude": 53.5463, "longitude": 9.967, "accuracy_m": 20},
        ids=["member_id"],
        gives={200: (NEAR, {"stores": ["quay"]})},
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(POSITION, request.data)
        found = places.come_by(
            member=people.find(member_id), latitude=asked["latitude"], longitude=asked["longitude"],
            off_m=asked.get("accuracy_m", 0.0), now=clock.now(),
        )  # fmt: skip
        return Response({"stores": [store.code for store in found]})
