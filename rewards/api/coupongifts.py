"""Calls that give a coupon to many members: prepared and seen first, then started, watched and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints
from members.api.documents import ID, call
from members.models import Member, Scope
from rewards import bulk, tasks
from rewards.api.points import author_in_team
from rewards.filters import Catalog, Filters
from rewards.models import BulkAction, BulkItem

MOST = 5_000
COUNT = Whole(0, 2**31 - 1)
WHY = Object(
    "CouponGiftsLeftOut", {"code": Text(32, 1), "members": COUNT}, needed=frozenset({"code", "members"})
)
GIFTS = Object(
    "CouponGifts",
    {
        "id": ID,
        "coupon": Text(60, 1, example="summer"),
        "reason": Text(300),
        "state": Text(10, choices=tuple(BulkAction.State.values)),
        "members": Whole(0, 2**31 - 1, "Who gets one, as far as they are gathered."),
        "given": COUNT,
        "refused": COUNT,
        "left_out": Many(WHY, 20, about="Left out or refused, by reason."),
        "created_at": Moment(),
        "started_at": Nullable(Moment()),
        "finished_at": Nullable(Moment()),
    },
    needed=frozenset({
        "id", "coupon", "reason", "state", "members", "given", "refused", "left_out", "created_at", "started_at",
        "finished_at",
    }),
)  # fmt: skip
WISH = Object(
    "CouponGiftsRequest",
    {
        "coupon": Text(60, 1, example="summer"),
        "reason": Text(300, 1, example="Thanks for ten years"),
        "members": Many(ID, MOST, least=1, about="Their ids; without them `narrowed` says."),
        "narrowed": Object(
            "CouponGiftsFilter",
            {name: Text(64, 1) for name in ("tier", "tag", "store", "activity", "since", "until")},
            about="Everybody, unless narrowed. `activity` is `active-30`, `lapsed-90` or `never`; `since` and `until` "
            "are days of joining.",
        ),
    },
    needed=frozenset({"coupon", "reason"}),
)
NOTHING = Object("CouponGiftsStep", {}, about="An empty object.")
EXAMPLE: dict[str, Any] = {
    "id": 7,
    "coupon": "summer",
    "reason": "Thanks for ten years",
    "state": "ready",
    "members": 120,
    "given": 0,
    "refused": 0,
    "left_out": [{"code": "has_coupon", "members": 3}],
    "created_at": "2026-03-01T10:15:00Z",
    "started_at": None,
    "finished_at": None,
}


class Gifts(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "prepare_coupon_gifts",
        tag="Rewards",
        summary="Prepare a coupon for many members",
        about="Nobody gets anything before it is started. Each gets one code that works once and for nobody else. Who is "
        "blocked, has an unused code of this coupon, has used it as often as allowed, or made this key is left out. Many "
        "are gathered in the background: the state is `gathering`, then `ready`.",
        takes=WISH,
        example={
            "coupon": "summer",
            "reason": "Thanks for ten years",
            "narrowed": {"activity": "lapsed-90"},
        },
        gives={201: (GIFTS, EXAMPLE)},
        refuses=(404, 409),
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(WISH, request.data)
        return self.in_one(request, lambda: self._prepare(asked))

    def _prepare(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        team, now = author_in_team(self.caller), clock.now()
        wanted = self._wanted(asked)
        action = bulk.prepare(
            program=self.program,
            kind=BulkAction.Kind.COUPON,
            terms={"coupon": asked["coupon"], "reason": asked["reason"]},
            wanted=wanted,
            by=team.user,
            role=team.role,
            now=now,
        )
        if "members" in wanted:
            bulk.gather(program=self.program, action_id=action.pk, now=now)
        else:
            transaction.on_commit(lambda: tasks.carry_out_bulk.delay(action.pk), robust=True)
        return 201, told(find(action.pk))

    def _wanted(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A mistyped member or filter must not reach others than were meant."""
        if "members" in asked:
            ids = set(asked["members"])
            if Member.objects.filter(pk__in=ids).count() != len(ids):
                raise NotFound(field="members")
            return {"members": sorted(ids)}
        narrowed = asked.get("narrowed", {})
        understood = Filters.parse(narrowed, Catalog.of(self.program)).query()
        for name in narrowed:
            if name not in understood:
                raise NotFound(field=f"narrowed.{name}")
        return {"filter": understood}


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "read_coupon_gifts",
        tag="Rewards",
        summary="Read how far a coupon for many has come",
        ids=["gifts_id"],
        gives={200: (GIFTS, EXAMPLE | {"state": "running", "given": 80})},
    )
    def get(self, request: Request, gifts_id: int) -> Response:
        return Response(told(find(gifts_id)))


class Start(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "start_coupon_gifts",
        tag="Rewards",
        summary="Give a coupon to many members",
        about="What was prepared, by the author of the key that prepared it. It is given in the background.",
        takes=NOTHING,
        example={},
        ids=["gifts_id"],
        gives={200: (GIFTS, EXAMPLE | {"state": "running", "started_at": "2026-03-01T10:16:00Z"})},
        refuses=(403, 409),
        moves_value=True,
    )
    def post(self, request: Request, gifts_id: int) -> HttpResponse:
        shapes.read(NOTHING, request.data)
        find(gifts_id)

        def work() -> tuple[int, dict[str, Any]]:
            team = author_in_team(self.caller)
            bulk.confirm(
                program=self.program, action_id=gifts_id, by=team.user, role=team.role, now=clock.now()
            )
            transaction.on_commit(lambda: tasks.carry_out_bulk.delay(gifts_id), robust=True)
            return 200, told(find(gifts_id))

        return self.in_one(request, work)


class Cancel(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "cancel_coupon_gifts",
        tag="Rewards",
        summary="Give a coupon to no more members",
        about="Who has a code keeps it.",
        takes=NOTHING,
        example={},
        ids=["gifts_id"],
        gives={200: (GIFTS, EXAMPLE | {"state": "cancelled"})},
        refuses=(409,),
    )
    def post(self, request: Request, gifts_id: int) -> Response:
        shapes.read(NOTHING, request.data)
        find(gifts_id)
        by = author_in_team(self.caller).user
        bulk.cancel(program=self.program, action_id=gifts_id, by=by, now=clock.now())
        return Response(told(find(gifts_id)))


def find(gifts_id: int) -> BulkAction:
    found = BulkAction.objects.filter(pk=gifts_id, kind=BulkAction.Kind.COUPON).first()
    if found is None:
        raise NotFound
    return found


def told(action: BulkAction) -> dict[str, Any]:
    states = (BulkItem.State.LEFT_OUT, BulkItem.State.REFUSED)
    rows = BulkItem.objects.filter(action=action, state__in=states).values("why")
    counted = rows.annotate(number=Count("member_id")).order_by("-number", "why")
    return {
        "id": action.pk,
        "coupon": action.terms["coupon"],
        "reason": action.terms["reason"],
        "state": action.state,
        "members": action.total,
        "given": action.done,
        "refused": action.refused,
        "left_out": [{"code": row["why"], "members": row["number"]} for row in counted],
        "created_at": action.created_at,
        "started_at": action.confirmed_at,
        "finished_at": action.finished_at,
    }
