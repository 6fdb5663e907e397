"""Calls about households: read them, found one, who belongs, what each may take, and the end of it. What a member redeems
of what is shared: `from_household` of a redemption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people, reading
from members.api.documents import ID, call
from members.models import Scope, User
from rewards.api.points import author_in_team
from rewards.households import places, staffing
from rewards.households import reading as households
from rewards.models import Household, HouseholdPlace

WHY = Text(300, 1, example="Asked for it by phone")
PERSON = Object(
    "HouseholdMember",
    {
        "member": ID,
        "is_head": Flag(),
        "limits": Anything(
            about="What may be taken in a calendar month, in ledger units by unit key; a unit that is not named has no "
            "limit."
        ),
        "joined_at": Moment(),
    },
    needed=frozenset({"member", "is_head", "limits", "joined_at"}),
)
HOUSEHOLD = Object(
    "Household",
    {
        "id": ID,
        "head": ID,
        "pools": Flag(about="Whether what is earned moves in by itself once it can no longer be returned."),
        "shared": Anything(about="What can be used of what is shared, in ledger units by unit key."),
        "members": Many(PERSON, places.MOST),
        "founded_at": Moment(),
        "ended_at": Nullable(Moment()),
    },
    needed=frozenset({"id", "head", "pools", "shared", "members", "founded_at", "ended_at"}),
)
PAGE = reading.page_shape("HouseholdPage", HOUSEHOLD)
FOUND = Object(
    "HouseholdRequest",
    {"head": ID, "pools": Flag(about="True unless told."), "reason": WHY},
    needed=frozenset({"head", "reason"}),
)
ADD = Object("HouseholdAddition", {"member": ID, "reason": WHY}, needed=frozenset({"member", "reason"}))
LIMIT = Object(
    "HouseholdLimit",
    {
        "member": ID,
        "unit": Text(40, 1, example="points"),
        "amount": Nullable(Whole(0, 10**15, "In ledger units; null for no limit.")),
        "reason": WHY,
    },
    needed=frozenset({"member", "unit", "amount", "reason"}),
)
REASON = Object("HouseholdReason", {"reason": WHY}, needed=frozenset({"reason"}))
EXAMPLE: dict[str, Any] = {
    "id": 3001,
    "head": 1007,
    "pools": True,
    "shared": {"points": 1200},
    "members": [
        {"member": 1007, "is_head": True, "limits": {}, "joined_at": "2026-03-01T10:15:00Z"},
        {"member": 1008, "is_head": False, "limits": {"points": 300}, "joined_at": "2026-03-02T09:00:00Z"},
    ],
    "founded_at": "2026-03-01T10:15:00Z",
    "ended_at": None,
}
# Who may change only members must not give others what they earn.
WRITE = (Scope.MEMBERS_WRITE, Scope.POINTS_WRITE)


class Households(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str | tuple[str, ...]]] = {"GET": Scope.MEMBERS_READ, "POST": WRITE}

    @call(
        "list_households",
        tag="Households",
        summary="Read households",
        about="Also those that are dissolved, the latest first.",
        query=reading.PAGING,
        gives={200: (PAGE, {"items": [EXAMPLE], "next": None})},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, reading.PAGING)
        rows = Household.objects.filter(program=self.program)
        page = reading.page(rows, asked, by=("holder_id",), tell=lambda one: {"one": one})
        return Response(page | {"items": told(*[item["one"] for item in page["items"]])})

    @call(
        "found_household",
        tag="Households",
        summary="Found a household",
        about="As staff, on the word of its head. The author of this key must not be the head.",
        takes=FOUND,
        example={"head": 1007, "reason": "Asked for it by phone"},
        gives={201: (HOUSEHOLD, EXAMPLE)},
        refuses=(404, 409),
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(FOUND, request.data)
        made = staffing.found(
            program=self.program,
            head=people.find(asked["head"]),
            pools=asked.get("pools", True),
            by=author_in_team(self.caller).user,
            reason=asked["reason"],
            now=clock.now(),
        )
        return Response(told(made)[0], status=201)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "read_household",
        tag="Households",
        summary="Read a household",
        ids=["household_id"],
        gives={200: (HOUSEHOLD, EXAMPLE)},
    )
    def get(self, request: Request, household_id: int) -> Response:
        return Response(told(_find(household_id))[0])


class Mine(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "read_member_household",
        tag="Households",
        summary="Read the household of a member",
        about="Not found where the member belongs to none.",
        ids=["member_id"],
        gives={200: (HOUSEHOLD, EXAMPLE)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        place = places.place_of(people.find(member_id))
        if place is None:
            raise NotFound
        return Response(told(place.household)[0])


class Deed(endpoints.Endpoint):
    """What staff do with a household; the answer is the household after it."""

    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {"POST": WRITE}

    def do(self, household_id: int, deed: Callable[..., Household], **asked: Any) -> HttpResponse:
        by: User = author_in_team(self.caller).user
        if "member" in asked:
            asked["member"] = people.find(asked["member"])
        # As it stands in the address it is a text.
        number = int(household_id)
        one = deed(program=self.program, household_id=number, by=by, now=clock.now(), **asked)
        return Response(told(_find(one.pk))[0])


class Add(Deed):
    @call(
        "add_household_member",
        tag="Households",
        summary="Add a member",
        about="On the word of the member. A member of it stays one.",
        takes=ADD,
        example={"member": 1008, "reason": "Asked for it by phone"},
        ids=["household_id"],
        gives={200: (HOUSEHOLD, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request, household_id: int) -> HttpResponse:
        return self.do(household_id, staffing.add, **shapes.read(ADD, request.data))


class Remove(Deed):
    @call(
        "remove_household_member",
        tag="Households",
        summary="Take a member out",
        about="What is shared stays, and what the member has reserved of it goes back. The last one dissolves it instead.",
        takes=ADD,
        example={"member": 1008, "reason": "Asked for it by phone"},
        ids=["household_id"],
        gives={200: (HOUSEHOLD, EXAMPLE | {"members": EXAMPLE["members"][:1]})},
        refuses=(409,),
    )
    def post(self, request: Request, household_id: int) -> HttpResponse:
        return self.do(household_id, staffing.remove, **shapes.read(ADD, request.data))


class Limits(Deed):
    @call(
        "limit_household_member",
        tag="Households",
        summary="Say how much a member may take",
        about="In a calendar month, whichever way it is taken.",
        takes=LIMIT,
        example={"member": 1008, "unit": "points", "amount": 300, "reason": "Asked for it by phone"},
        ids=["household_id"],
        gives={200: (HOUSEHOLD, EXAMPLE)},
    )
    def post(self, request: Request, household_id: int) -> HttpResponse:
        return self.do(household_id, staffing.limit, **shapes.read(LIMIT, request.data))


class Dissolve(Deed):
    @call(
        "dissolve_household",
        tag="Households",
        summary="Dissolve a household",
        about="Everybody gets back what they put in; what came from a closed card goes to the head. A repeat changes "
        "nothing.",
        takes=REASON,
        example={"reason": "Asked for it by phone"},
        ids=["household_id"],
        gives={200: (HOUSEHOLD, EXAMPLE | {"shared": {}, "members": [], "ended_at": "2026-04-01T08:00:00Z"})},
    )
    def post(self, request: Request, household_id: int) -> HttpResponse:
        return self.do(household_id, staffing.dissolve, **shapes.read(REASON, request.data))


def told(*found: Household) -> list[dict[str, Any]]:
    """Two statements, however many."""
    ids = [one.pk for one in found]
    people_in, shared = households.people_in(ids), households.shared_by(ids)
    return [
        {
            "id": one.pk,
            "head": one.head_id,
            "pools": one.pools,
            "shared": shared.get(one.pk, {}),
            "members": [_person(place, one) for place in people_in.get(one.pk, ())],
            "founded_at": one.founded_at,
            "ended_at": one.ended_at,
        }
        for one in found
    ]


def _person(place: HouseholdPlace, one: Household) -> dict[str, Any]:
    return {
        "member": place.member_id,
        "is_head": place.member_id == one.head_id,
        "limits": place.limits,
        "joined_at": place.joined_at,
    }


def _find(household_id: int) -> Household:
    one = Household.objects.filter(pk=household_id).first()
    if one is None:
        raise NotFound
    return one
