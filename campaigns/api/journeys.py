"""The call by which another system lets a member into a journey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.journeys import doors
from campaigns.models import Journey
from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Moment, Nullable, Object, Text
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope

WISH = Object(
    "JourneyEntryRequest",
    {
        "journey": Text(64, 1, about="Its key.", example="welcome"),
        "key": Text(
            64, 1, about="Names this time: the same key again enters no second time.", example="case-4711"
        ),
    },
    needed=frozenset({"journey", "key"}),
)
ENTRY = Object(
    "JourneyEntry",
    {
        "enrolment": Nullable(ID),
        "state": Nullable(Text(8, about="`waiting`, `finished` or `exited`; null who was kept out.")),
        "entered_at": Nullable(Moment()),
    },
    needed=frozenset({"enrolment", "state", "entered_at"}),
)
EXAMPLE = {"enrolment": 81, "state": "waiting", "entered_at": "2026-03-01T10:15:00Z"}


class Entries(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "enter_journey",
        tag="Members",
        summary="Let a member into a journey",
        about="Into one that runs and whose trigger is this call. The journey's own condition and rule of re-entry decide; "
        "whom they keep out has no enrolment.",
        takes=WISH,
        example={"journey": "welcome", "key": "case-4711"},
        ids=["member_id"],
        gives={201: (ENTRY, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(WISH, request.data)
        member = people.find(member_id)
        journey = Journey.objects.filter(program=self.program, key=asked["journey"]).first()
        if journey is None:
            raise NotFound(field="journey")
        made = doors.enrol(journey=journey, member=member, key=asked["key"], context={}, now=clock.now())
        told: dict[str, Any] = {"enrolment": None, "state": None, "entered_at": None}
        if made is not None:
            told = {"enrolment": made.pk, "state": made.status, "entered_at": made.entered_at}
        return Response(told, status=201)
