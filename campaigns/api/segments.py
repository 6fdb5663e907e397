"""Calls about segments: which there are, one of them, and which a member is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.models import Segment
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import call
from members.models import AudienceMember, Scope

KEY = Text(60, 1, example="about-to-leave")
SEGMENT = Object(
    "Segment",
    {
        "key": KEY,
        "name": Text(120, 1),
        "kind": Text(9, choices=tuple(Segment.Kind.values), about="By conditions, or a fixed list."),
        "size": Whole(0, 2**53, "How many members are in it."),
        "gathered_at": Nullable(Moment("Empty while its members are being gathered.")),
        "proven_at": Nullable(Moment("When everybody was last counted anew.")),
    },
    needed=frozenset({"key", "name", "kind", "size", "gathered_at", "proven_at"}),
)
SEGMENTS = Object("Segments", {"items": Many(SEGMENT, 10_000)}, needed=frozenset({"items"}))
MEMBERSHIP = Object(
    "SegmentMembership",
    {"key": KEY, "name": Text(120, 1), "since": Moment()},
    needed=frozenset({"key", "name", "since"}),
)
MINE = Object("MemberSegments", {"items": Many(MEMBERSHIP, 10_000)}, needed=frozenset({"items"}))
EXAMPLE = {
    "key": "about-to-leave", "name": "About to leave", "kind": "condition", "size": 1284,
    "gathered_at": "2026-03-04T20:00:00Z", "proven_at": None,
}  # fmt: skip


class Segments(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_segments",
        tag="Segments",
        summary="Read the segments",
        about="Those in force, with their size as of now.",
        gives={200: (SEGMENTS, {"items": [EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        return Response({"items": [_told(one) for one in _live().order_by("key")]})


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "read_segment",
        tag="Segments",
        summary="Read a segment",
        ids=["segment"],
        gives={200: (SEGMENT, EXAMPLE)},
    )
    def get(self, request: Request, segment: str) -> Response:
        one = _live().filter(key=segment).first()
        if one is None:
            raise NotFound
        return Response(_told(one))


class Mine(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_member_segments",
        tag="Segments",
        summary="Read which segments a member is in",
        about="A change is looked at within seconds, not in the call that tells it.",
        ids=["member_id"],
        gives={200: (MINE, {"items": [{"key": "vip", "name": "VIP", "since": "2026-03-04T20:00:00Z"}]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        member = people.find(member_id)
        rows = AudienceMember.objects.filter(member=member).values_list("audience_id", "since")
        since = dict(rows)
        found = _live().filter(pk__in=since).order_by("key")
        items = [{"key": one.key, "name": one.name, "since": since[one.pk]} for one in found]
        return Response({"items": items})


def _live() -> Any:
    return Segment.objects.filter(state=Segment.State.LIVE)


def _told(one: Segment) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("key", "name", "kind", "size", "gathered_at", "proven_at")}
