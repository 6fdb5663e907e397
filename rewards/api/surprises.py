"""Calls about surprises: prepare one, start it, and read what came of it with the proof of a draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Anything, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, reading
from members.api.documents import ID, call
from members.models import Scope
from rewards import surprises, tasks
from rewards.api.points import author_in_team
from rewards.models import Surprise
from rewards.surprises import preparing

PRIZE = Anything(about="`unit` and `amount` in ledger units, or `reward`.")
SURPRISE = Object(
    "Surprise",
    {
        "id": ID,
        "state": Text(9, choices=tuple(Surprise.State.values)),
        "prize": PRIZE,
        "reason": Text(300),
        "draws": Nullable(Whole(1, 10**9, "How many are drawn by lot; null for everybody meant.")),
        "most": Whole(1, 10**9),
        "budget_minor": Nullable(Whole(0, 2**63 - 1)),
        "cost_minor": Whole(0, 2**63 - 1, "What one costs."),
        "eligible": Nullable(Whole(0, 2**63 - 1, "How many were meant, once it has begun.")),
        "eligible_digest": Nullable(Text(64, about="SHA-256 of their numbers in order, with commas.")),
        "given": Whole(0, 2**31 - 1),
        "refused": Whole(0, 2**31 - 1),
        "spent_minor": Whole(0, 2**63 - 1),
        "commitment": Text(64, about="SHA-256 of the salt, known before the draw."),
        "salt": Nullable(Text(64, about="Known after the draw.")),
        "cutoff": Nullable(
            Text(64, about="Whose SHA-256 of `salt:number` is not above it was drawn, if meant at all.")
        ),
        "created_at": Moment(),
        "started_at": Nullable(Moment()),
    },
    needed=frozenset({
        "id", "state", "prize", "reason", "draws", "most", "budget_minor", "cost_minor", "eligible", "eligible_digest",
        "given", "refused", "spent_minor", "commitment", "salt", "cutoff", "created_at", "started_at",
    }),
)  # fmt: skip
PAGE = reading.page_shape("SurprisePage", SURPRISE)
WISH = Object(
    "SurpriseRequest",
    {
        "prize": Object(
            "Prize",
            {"unit": Text(40, 1), "amount": Whole(1, 10**12), "reward": Text(60, 1)},
            about="`unit` and `amount` in ledger units, or `reward`.",
        ),
        "reason": Text(300, 1, example="Thanks for ten years"),
        "texts": Object(
            "SurpriseTexts", {code: Text(500) for code in ("en", "ar", "he", "fa")}, about="What they read."
        ),
        "members": Many(
            Text(12, 12), 200, about="The numbers of those who get it; without them `narrowed` says."
        ),
        "narrowed": Object(
            "SurpriseFilter",
            {name: Text(64) for name in ("tier", "tag", "store")},
            about="Everybody, unless narrowed.",
        ),
        "draws": Whole(1, 10**6, "So many of them, drawn by lot."),
        "most": Whole(1, 10**6, "At most so many members."),
        "budget_minor": Whole(0, 2**53, "At most so much cost."),
    },
    needed=frozenset({"prize", "reason"}),
)
NOTHING = Object("SurpriseStep", {}, about="An empty object.")
EXAMPLE: dict[str, Any] = {
    "id": 7,
    "state": "ready",
    "prize": {"unit": "points", "amount": 100},
    "reason": "Thanks for ten years",
    "draws": 3,
    "most": 3,
    "budget_minor": None,
    "cost_minor": 100,
    "eligible": None,
    "eligible_digest": None,
    "given": 0,
    "refused": 0,
    "spent_minor": 0,
    "commitment": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
    "salt": None,
    "cutoff": None,
    "created_at": "2026-03-01T10:15:00Z",
    "started_at": None,
}


class Surprises(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ, "POST": Scope.POINTS_WRITE}

    @call(
        "list_surprises",
        tag="Surprises",
        summary="Read surprises",
        query=reading.PAGING,
        gives={200: (PAGE, {"items": [EXAMPLE], "next": None})},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, reading.PAGING)
        rows = Surprise.objects.filter(program=self.program)
        return Response(reading.page(rows, asked, by=("id",), tell=told))

    @call(
        "prepare_surprise",
        tag="Surprises",
        summary="Prepare a surprise",
        about="Nobody gets anything before it is started. Blocked members and the account of who made this key are left "
        "out.",
        takes=WISH,
        example={"prize": {"unit": "points", "amount": 100}, "reason": "Thanks for ten years", "draws": 3},
        gives={201: (SURPRISE, EXAMPLE)},
        refuses=(409,),
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(WISH, request.data)
        numbers = asked.pop("members", [])
        narrowed = asked.pop("narrowed", {})
        made = surprises.prepare(
            program=self.program,
            by=author_in_team(self.caller),
            now=clock.now(),
            numbers=numbers,
            narrowed=None if numbers else narrowed,
            **asked,
        )
        return Response(told(made), status=201)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "read_surprise",
        tag="Surprises",
        summary="Read a surprise with the proof of its draw",
        ids=["surprise_id"],
        gives={200: (SURPRISE, EXAMPLE)},
    )
    def get(self, request: Request, surprise_id: int) -> Response:
        return Response(told(_find(surprise_id)))


class Start(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "start_surprise",
        tag="Surprises",
        summary="Draw and give a surprise",
        about="Once; a second call is refused with `surprise_over`. It is given in the background.",
        takes=NOTHING,
        example={},
        ids=["surprise_id"],
        gives={200: (SURPRISE, EXAMPLE | {"state": "running"})},
        refuses=(409,),
    )
    def post(self, request: Request, surprise_id: int) -> Response:
        shapes.read(NOTHING, request.data)
        by = author_in_team(self.caller)
        one = surprises.start(program=self.program, surprise_id=surprise_id, by=by, now=clock.now())
        tasks.give_surprise.delay(one.pk)
        return Response(told(_find(surprise_id)))


class Cancel(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "cancel_surprise",
        tag="Surprises",
        summary="Let a surprise be",
        about="Before it has begun.",
        takes=NOTHING,
        example={},
        ids=["surprise_id"],
        gives={200: (SURPRISE, EXAMPLE | {"state": "cancelled"})},
        refuses=(409,),
    )
    def post(self, request: Request, surprise_id: int) -> Response:
        shapes.read(NOTHING, request.data)
        by = author_in_team(self.caller).user
        surprises.cancel(program=self.program, surprise_id=surprise_id, by=by, now=clock.now())
        return Response(told(_find(surprise_id)))


def told(one: Surprise) -> dict[str, Any]:
    plain = SURPRISE.needed - {"commitment", "salt", "cutoff", "eligible_digest"}
    is_drawn = bool(one.cutoff)
    return {name: getattr(one, name) for name in plain} | {
        "commitment": preparing.commitment(one),
        "salt": preparing.salt_of(one) if is_drawn else None,
        "cutoff": one.cutoff or None,
        "eligible_digest": one.eligible_digest or None,
    }


def _find(surprise_id: int) -> Surprise:
    one = Surprise.objects.filter(pk=surprise_id).first()
    if one is None:
        raise NotFound
    return one
