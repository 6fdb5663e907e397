"""Calls about members: find, join, read, block. Personal data is only ever here, and no answer with it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Day, Flag, Many, Moment, Nullable, Object, Text
from members import addresses, identities, people, profiles, tags
from members.api import endpoints, reading
from members.api.documents import ID, Query, call
from members.arrivals import Introduction
from members.models import Identity, Member, Program, Scope

NUMBER = Text(12, 12, about="The member number on the card.", example="204816120937")
CONTACT = Object(
    "Contact",
    {
        "kind": Text(8, choices=tuple(Identity.Kind.values)),
        "value": Text(254, 1, example="anna@example.com"),
    },
    needed=frozenset({"kind", "value"}),
)
KNOWN_BY = Object(
    "Identity",
    {"kind": Text(8, choices=tuple(Identity.Kind.values)), "value": Text(254), "is_verified": Flag()},
    needed=frozenset({"kind", "value", "is_verified"}),
)
ADDRESS = Object(
    "PostalAddress",
    {
        "lines": Many(Text(100, 1), 4, 1, about="Street, house and whatever else stands above the city."),
        "postcode": Text(20, about="Empty where there is none."),
        "city": Text(100, 1),
        "country": Text(2, 2, about="ISO 3166, such as GB."),
    },
    needed=frozenset({"lines", "postcode", "city", "country"}),
)
MEMBER = Object(
    "Member",
    {
        "id": ID,
        "number": NUMBER,
        "name": Text(200),
        "language": Text(8),
        "birthday": Nullable(Day()),
        "state": Text(16, choices=tuple(Member.State.values)),
        "tags": Many(Text(64), 1000),
        "joined_at": Moment(),
        "merged_into": Nullable(ID),
        "identities": Many(KNOWN_BY, 1000),
        "address": Nullable(ADDRESS),
    },
    needed=frozenset(
        {
            "id",
            "number",
            "name",
            "language",
            "birthday",
            "state",
            "tags",
            "joined_at",
            "merged_into",
            "identities",
            "address",
        }
    ),
)
NEW = Object(
    "MemberRequest",
    {
        "name": Text(200, example="Anna"),
        "language": Text(8, example="en"),
        "contacts": Many(
            CONTACT, 10, 1, about="How the member can be found; each belongs to one member only."
        ),
        "referral_code": Text(
            64, about="The code of the member who brought this one; one that leads nowhere refuses the call."
        ),
    },
    needed=frozenset({"contacts"}),
)
CHANGE = Object(
    "MemberChange",
    {
        "name": Text(200, example="Anna Marlowe"),
        "language": Text(8),
        "birthday": Nullable(Day(about="In the past; null for none.")),
        "address": Nullable(ADDRESS),
        "tags": Many(
            Text(tags.LONGEST, 1), tags.MOST, about="All of them: one that is not named goes. Without commas."
        ),
    },
    about="What is sent is changed, the rest stays; an address is changed as a whole, and null is none. Letters go only to who "
    "agreed to post.",
)
REASON = Object("Reason", {"reason": Text(300, 1, example="Card stolen")}, needed=frozenset({"reason"}))
PAGE = reading.page_shape("MemberPage", MEMBER)
EXAMPLE = {
    "id": 1007,
    "number": "204816120937",
    "name": "Anna",
    "language": "en",
    "birthday": None,
    "state": "active",
    "tags": [],
    "joined_at": "2026-03-01T10:15:00Z",
    "merged_into": None,
    "identities": [{"kind": "email", "value": "anna@example.com", "is_verified": False}],
    "address": None,
}
HOME = {"lines": ["12 Harbour Lane"], "postcode": "BS1 4RN", "city": "Bristol", "country": "GB"}
FILTERS = {
    kind: Query(Text(254, 1), f"Only the member with this identity ({kind}).")
    for kind in Identity.Kind.values
} | {
    "number": Query(Text(12, 1), "Only the member with this number."),
    "state": Query(Text(16, choices=tuple(Member.State.values)), "Only members in this state."),
    "joined_since": Query(Moment(), "Only who joined at or after this moment."),
    "joined_before": Query(Moment(), "Only who joined before it."),
    **reading.PAGING,
}


class Members(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ, "POST": Scope.MEMBERS_WRITE}

    @call(
        "list_members",
        tag="Members",
        summary="Find members",
        about="By any identity or the number, or all of them, who joined last first.",
        query=FILTERS,
        gives={200: (PAGE, {"items": [EXAMPLE], "next": None})},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, FILTERS)
        rows = _matching(Member.objects.filter(program=self.program), asked)
        rows = rows.select_related("address").prefetch_related("identities")
        return Response(reading.page(rows, asked, by=("joined_at", "holder_id"), tell=member_told))

    @call(
        "create_member",
        tag="Members",
        summary="Let somebody join",
        about="An identity that a member has already is refused with `identity_taken`; so a repeat makes nobody twice, "
        "and the member is found by that identity. No Idempotency-Key: the answer holds personal data, and stored "
        "answers must not.",
        takes=NEW,
        example={"name": "Anna", "contacts": [{"kind": "email", "value": "anna@example.com"}]},
        gives={201: (MEMBER, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(NEW, request.data)
        code = asked.get("referral_code", "")
        member = people.join(
            program=self.program,
            name=asked.get("name", ""),
            language=asked.get("language", ""),
            contacts=[(each["kind"], each["value"]) for each in asked["contacts"]],
            source="api",
            by=self.author,
            now=clock.now(),
            introduction=Introduction(code, "api", is_strict=True) if code else None,
        )
        return Response(member_told(member), status=201)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ, "PATCH": Scope.MEMBERS_WRITE}

    @call(
        "read_member",
        tag="Members",
        summary="Read a member",
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        return Response(member_told(find(member_id)))

    @call(
        "change_member",
        tag="Members",
        summary="Change a member",
        takes=CHANGE,
        example={"name": "Anna Marlowe", "birthday": "1990-05-17", "address": HOME},
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE | {"name": "Anna Marlowe", "birthday": "1990-05-17", "address": HOME})},
        refuses=(409,),
    )
    def patch(self, request: Request, member_id: int) -> Response:
        asked, now = shapes.read(CHANGE, request.data), clock.now()
        with transaction.atomic():
            # What is not sent stays as it is once nobody else can change it.
            member = people.lock(find(member_id))
            if "address" in asked:
                self._keep_address(member, asked.pop("address"), now)
            if "tags" in asked:
                member = self._tag(member, asked.pop("tags"), now)
            known = {name: getattr(member, name) for name in ("name", "language", "birthday")}
            changed = profiles.change(member=member, by=self.author, now=now, **known | asked)
        return Response(member_told(changed))

    def _tag(self, member: Member, wanted: list[str], now: datetime) -> Member:
        try:
            return tags.replace(member=member, tags=wanted, by=self.author, now=now)
        except tags.TagInvalid as error:
            error.field = "tags"
            raise

    def _keep_address(self, member: Member, told: Mapping[str, Any] | None, now: datetime) -> None:
        place = None if told is None else addresses.Place(**told)
        try:
            addresses.save(member=member, place=place, now=now, by=self.author)
        except addresses.AddressInvalid as error:
            error.field = f"address.{error.field}"
            raise


class Identities(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "add_identity",
        tag="Members",
        summary="Give a member one more identity",
        about="A repeat changes nothing; one that another member has is refused with `identity_taken`.",
        takes=CONTACT,
        example={"kind": "card", "value": "77001234"},
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked = shapes.read(CONTACT, request.data)
        profiles.add_identity(member=find(member_id), by=self.author, now=clock.now(), **asked)
        return Response(member_told(find(member_id)))


class IdentityRemoval(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "remove_identity",
        tag="Members",
        summary="Take an identity from a member",
        about="Such as a lost card or an old address. One that this member does not have answers 404; the last one stays, "
        "and taking it is refused with `last_identity`.",
        takes=CONTACT,
        example={"kind": "card", "value": "77001234"},
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        asked, member = shapes.read(CONTACT, request.data), find(member_id)
        value = identities.normalize(asked["kind"], asked["value"])
        held = member.identities.filter(kind=asked["kind"], value=value).first()
        if held is None:
            raise NotFound
        profiles.remove_identity(member=member, identity_id=held.pk, by=self.author, now=clock.now())
        return Response(member_told(find(member_id)))


class Block(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "block_member",
        tag="Members",
        summary="Block a member",
        about="No earning and no spending until unblocked. A member who is blocked already is refused with "
        "`state_unchanged`.",
        takes=REASON,
        example={"reason": "Card stolen"},
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE | {"state": "blocked"})},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        reason = shapes.read(REASON, request.data)["reason"]
        member = people.block(member=find(member_id), reason=reason, by=self.author, now=clock.now())
        return Response(member_told(member))


class Unblock(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.MEMBERS_WRITE}

    @call(
        "unblock_member",
        tag="Members",
        summary="Unblock a member",
        takes=REASON,
        example={"reason": "Card found"},
        ids=["member_id"],
        gives={200: (MEMBER, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request, member_id: int) -> Response:
        reason = shapes.read(REASON, request.data)["reason"]
        member = people.unblock(member=find(member_id), reason=reason, by=self.author, now=clock.now())
        return Response(member_told(member))


def find(member_id: int) -> Member:
    """The member of the caller's program. Raises NotFound, also for those of other programs."""
    member = Member.objects.filter(pk=member_id).select_related("program", "address").first()
    if member is None:
        raise NotFound
    return member


def named(program: Program, member_id: int) -> Member:
    """The member of this id, unread: for calls that read and refuse on their own. Whatever else is asked of it, is read."""
    member = Member.from_db(None, ["holder_id", "program_id"], [int(member_id), program.pk])
    member.program = program
    return member


def member_told(member: Member) -> dict[str, Any]:
    known: Iterable[Identity] = member.identities.all()
    place = addresses.place_of(getattr(member, "address", None))
    return {
        "id": member.pk,
        "number": member.number,
        "name": member.name,
        "language": member.language,
        "birthday": member.birthday,
        "state": member.state,
        "tags": member.tags,
        "joined_at": member.joined_at,
        "merged_into": member.merged_into_id,
        "identities": [
            {"kind": one.kind, "value": one.value, "is_verified": one.verified_at is not None}
            for one in sorted(known, key=lambda one: (one.kind, one.value))
        ],
        "address": asdict(place) if place else None,
    }


def _matching(rows: QuerySet[Member], asked: Mapping[str, Any]) -> QuerySet[Member]:
    for kind in Identity.Kind.values:
        if kind in asked:
            value = identities.normalize(kind, asked[kind])
            known = Identity.objects.filter(kind=kind, value=value)
            rows = rows.filter(pk__in=known.values("member_id"))
    exact = {
        "number": "number",
        "state": "state",
        "joined_since": "joined_at__gte",
        "joined_before": "joined_at__lt",
    }
    return rows.filter(**{column: asked[name] for name, column in exact.items() if name in asked})
