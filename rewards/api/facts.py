"""Calls that tell facts: orders, payments, cancellations, returns and events. Each is one posting of the intake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import connection
from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, problems, shapes
from loyaltysite.kit.shapes import Fault, Invalid, Many, Nullable, Object, Shape, Text, Whole
from members.api import answers, endpoints
from members.api.documents import ID, call
from members.models import Scope
from rewards import intake, posting, rulebook
from rewards.api import inputs
from rewards.intake.items import Item, Outcome

REFUSED, WAITING, REPEATED = "refused", "waiting", "repeated"
STATUS = {"recorded": 201, REPEATED: 200, WAITING: 202}

AMOUNT = Whole(-(2**63), 2**63 - 1)
POINTS = Object(
    "PointsOfFact",
    {
        "unit": Text(40),
        "precision": Whole(0, 6, "Decimals: 150 with precision 1 is 15.0."),
        "awarded": Whole(0, 2**63 - 1, "Given by this fact, in ledger units (10^-precision of the unit)."),
        "reversed": Whole(0, 2**63 - 1, "Taken back by it."),
        "balance": Whole(0, 2**63 - 1, "What the member can use after it."),
    },
    needed=frozenset({"unit", "precision", "awarded", "reversed", "balance"}),
)
ANSWER = Object(
    "FactAnswer",
    {
        "status": Text(
            16,
            choices=("recorded", REPEATED, WAITING),
            about="`repeated`: it was known, this is its first answer; `waiting`: for its order.",
        ),
        "fact": ID,
        "order": Nullable(ID),
        "member": Nullable(ID),
        "points": Many(POINTS, 1000),
        "tier": Nullable(Text(40, about="The tier's key after it.")),
        "unmatched": Whole(0, 2**31 - 1, "Pieces of a return that no order was found for."),
    },
    needed=frozenset({"status", "fact", "order", "member", "points", "tier", "unmatched"}),
)
REFUSAL = Object(
    "FactRefused",
    {
        "status": Text(16, choices=(REFUSED,)),
        "code": Text(64),
        "detail": Text(1000),
        "field": Text(200),
        "errors": Many(Object("", {n: Text(1000) for n in ("field", "code", "detail")}), 100),
    },
    needed=frozenset({"status", "code", "detail"}),
)


class Either(Shape):
    """One of two objects, told apart by `status`."""

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [ANSWER.schema(), REFUSAL.schema()]}


BATCH_ANSWER = Object(
    "BatchAnswer",
    {"results": Many(Either(), inputs.MOST_ORDERS, about="One for each order, in their order.")},
    needed=frozenset({"results"}),
)

ORDER_EXAMPLE = {
    "source": "shop",
    "external_id": "1001",
    "occurred_at": "2026-03-01T10:15:00Z",
    "currency": "GBP",
    "member": {"kind": "email", "value": "anna@example.com", "joins": True},
    "lines": [{"sku": "MUG-1", "quantity": 2, "amount_minor": 2400, "category": "Mugs"}],
}
ANSWER_EXAMPLE = {
    "status": "recorded",
    "fact": 4021,
    "order": 4020,
    "member": 1007,
    "points": [{"unit": "points", "precision": 0, "awarded": 24, "reversed": 0, "balance": 24}],
    "tier": "base",
    "unmatched": 0,
}
ANSWERS: dict[int, tuple[Shape, Any]] = {
    200: (ANSWER, None),
    201: (ANSWER, ANSWER_EXAMPLE),
    202: (ANSWER, None),
}


class FactEndpoint(endpoints.Endpoint):
    """One fact a request. The stored answer is written by the statement that posts the fact."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})
    shape: ClassVar[Object]

    def post(self, request: Request) -> HttpResponse:
        return self.once(request, lambda mark: self._record(request, mark))

    def _record(self, request: Request, mark: bytes) -> tuple[int, bytes, bool]:
        item: Item = shapes.read(self.shape, request.data)
        found: list[tuple[int, bytes]] = []

        def keep(outcomes: list[Outcome]) -> posting.Kept:
            found.append(_said(self, outcomes[0]))
            return kept(self, mark, *found[-1])

        outcome = intake.record(program=self.program, items=[item], now=clock.now(), keep=keep)[0]
        return (*found[-1], True) if found else (*_said(self, outcome), False)


def kept(view: endpoints.Endpoint, mark: bytes, status: int, body: bytes) -> posting.Kept:
    """The row of a stored answer."""
    values = answers.values(view.caller, view.key, mark, status, body, clock.now())
    return posting.Kept(answers.TABLE, values)


def _said(view: endpoints.Endpoint, outcome: Outcome) -> tuple[int, bytes]:
    if outcome.status == REFUSED:
        status = 409 if outcome.code == "fact_contradicts" else 422
        content = problems.content(
            status=status, code=outcome.code, detail=outcome.message, field=outcome.field
        )
        return status, endpoints.encode(content)
    return STATUS[outcome.status], endpoints.encode(told(view.program.pk, outcome))


def told(program_id: int, outcome: Outcome) -> dict[str, Any]:
    """An outcome as the API tells it; ids and figures only."""
    awarded, back, balance = outcome.awarded, outcome.reversed, outcome.balance
    units = rulebook.of(program_id, database=str(connection.settings_dict["NAME"])).units
    return {
        "status": outcome.status,
        "fact": outcome.fact_id,
        "order": outcome.order_id,
        "member": outcome.member_id,
        "points": [
            {
                "unit": key,
                "precision": unit.precision,
                "awarded": awarded.get(key, 0),
                "reversed": back.get(key, 0),
                "balance": balance.get(key, 0),
            }
            for key, unit in units.items()
            if key in awarded or key in back or key in balance
        ],
        "tier": outcome.tier or None,
        "unmatched": outcome.unmatched,
    }


def fact(name: str, shape: Object, **more: Any) -> Any:
    return call(name, takes=shape, gives=ANSWERS, moves_value=True, **more)


class Orders(FactEndpoint):
    shape = inputs.ORDER

    @fact(
        "send_order",
        inputs.ORDER,
        tag="Orders",
        summary="Send an order",
        about="Records an order and gives the points it earns. The same order is never counted twice: a repeat with "
        "another Idempotency-Key is answered with `repeated`, other content under the same number and revision with "
        "`fact_contradicts`.",
        example=ORDER_EXAMPLE,
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class Payments(FactEndpoint):
    shape = inputs.PAYMENT

    @fact(
        "send_payment",
        inputs.PAYMENT,
        tag="Orders",
        summary="Say that an order was paid",
        about="What the order earned becomes usable. May come before its order, and then waits for it.",
        example={"source": "shop", "order": "1001", "occurred_at": "2026-03-01T10:20:00Z"},
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class Cancellations(FactEndpoint):
    shape = inputs.CANCELLATION

    @fact(
        "send_cancellation",
        inputs.CANCELLATION,
        tag="Orders",
        summary="Say that an order was cancelled",
        about="A return of all its lines. May come before its order, and then waits for it.",
        example={"source": "shop", "order": "1001", "occurred_at": "2026-03-01T18:00:00Z"},
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class Returns(FactEndpoint):
    shape = inputs.RETURN

    @fact(
        "send_return",
        inputs.RETURN,
        tag="Orders",
        summary="Send a return",
        about="Takes back exactly what the returned lines had earned, by the rules of the order's moment, and gives back "
        "points that paid for them. A return without an order is matched with the member's latest orders.",
        example={
            "source": "shop",
            "external_id": "R-77",
            "order": "1001",
            "occurred_at": "2026-03-05T09:00:00Z",
            "lines": [{"sku": "MUG-1", "quantity": 1}],
        },
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


class Batch(endpoints.Endpoint):
    """Up to 1,000 orders in one posting; each has its own result."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "send_orders",
        tag="Orders",
        summary="Send up to 1,000 orders",
        about="One transaction with a result for each order, in their order. A refused order leaves the others alone.",
        takes=inputs.BATCH,
        example={"orders": [ORDER_EXAMPLE]},
        gives={200: (BATCH_ANSWER, {"results": [ANSWER_EXAMPLE]})},
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        return self.once(request, lambda mark: self._record(request, mark))

    def _record(self, request: Request, mark: bytes) -> tuple[int, bytes, bool]:
        items, results = _read_each(shapes.read(inputs.BATCH_FRAME, request.data)["orders"])
        found: list[bytes] = []

        def keep(outcomes: list[Outcome]) -> posting.Kept:
            found.append(self._content(results, outcomes))
            return kept(self, mark, 200, found[-1])

        outcomes = intake.record(program=self.program, items=items, now=clock.now(), keep=keep)
        return 200, found[-1] if found else self._content(results, outcomes), bool(found)

    def _content(self, results: Sequence[dict[str, Any] | None], outcomes: Sequence[Outcome]) -> bytes:
        rest = iter(outcomes)
        program_id = self.program.pk
        told_all = [_result(program_id, next(rest)) if each is None else each for each in results]
        return endpoints.encode({"results": told_all})


def _read_each(values: Sequence[object]) -> tuple[list[Item], list[dict[str, Any] | None]]:
    """The orders that can be read, and at the places of the others their results."""
    items: list[Item] = []
    results: list[dict[str, Any] | None] = []
    for value in values:
        try:
            items.append(shapes.read(inputs.ORDER, value))
            results.append(None)
        except Invalid as error:
            results.append(_unreadable(error.faults))
    return items, results


def _unreadable(faults: Sequence[Fault]) -> dict[str, Any]:
    first = faults[0]
    return {
        "status": REFUSED,
        "code": "invalid",
        "detail": first.detail,
        "field": first.field,
        "errors": [fault._asdict() for fault in faults[:100]],
    }


def _result(program_id: int, outcome: Outcome) -> dict[str, Any]:
    if outcome.status != REFUSED:
        return told(program_id, outcome)
    found = {"status": REFUSED, "code": outcome.code, "detail": outcome.message}
    return found | ({"field": outcome.field} if outcome.field else {})
