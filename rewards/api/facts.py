"""Calls that tell facts: orders, payments, cancellations, returns and events. Each is one posting of the intake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import orjson
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from loyaltysite.kit import clock, problems, shapes
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.shapes import Fault, Invalid, Object, Text
from members.api import endpoints
from members.api.documents import Query, call
from members.models import Member, Order, Scope
from members.portal import placements
from rewards import intake, paying, posting, referrals
from rewards.api import codes, inputs
from rewards.api.fact_shapes import (
    ANSWER_EXAMPLE,
    ANSWERS,
    BATCH_ANSWER,
    ORDER_EXAMPLE,
    REFUSED,
    STATUS,
    told,
)
from rewards.api.points import author_in_team
from rewards.api.postings import kept
from rewards.giftcards import guessing
from rewards.giftcards.refusals import GiftCardInvalid
from rewards.intake.items import Item, OrderIn, Outcome
from rewards.spending import Override

type Keep = Callable[[list[Outcome]], posting.Kept]


class FactEndpoint(endpoints.Endpoint):
    """One fact a request. The stored answer is written by the statement that posts the fact."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})
    shape: ClassVar[Object]

    def post(self, request: Request) -> HttpResponse:
        return self.once(request, lambda mark: self._record(request, mark))

    def _record(self, request: Request, mark: bytes) -> tuple[int, bytes, bool]:
        asked = shapes.read(self.shape, request.data)
        found: list[tuple[int, bytes]] = []

        def keep(outcomes: list[Outcome]) -> posting.Kept:
            found.append(_said(self, outcomes[0]))
            return kept(self, mark, *found[-1])

        outcome = self.record(asked, keep)
        return (*found[-1], True) if found else (*_said(self, outcome), False)

    def record(self, asked: Any, keep: Keep) -> Outcome:
        """Post what was read in the shape."""
        return intake.record(program=self.program, items=[asked], now=clock.now(), keep=keep)[0]


def _said(view: endpoints.Endpoint, outcome: Outcome) -> tuple[int, bytes]:
    if outcome.status == REFUSED:
        status = 409 if outcome.code == "fact_contradicts" else 422
        content = problems.content(
            status=status,
            code=outcome.code,
            detail=outcome.message,
            field=outcome.field,
            params=outcome.params,
        )
        return status, endpoints.encode(content)
    return STATUS[outcome.status], endpoints.encode(told(view.program.pk, outcome))


def fact(name: str, shape: Object, **more: Any) -> Any:
    return call(name, takes=shape, gives=ANSWERS, moves_value=True, **more)


RECEIPT = {
    "receipt": Query(
        Text(5, choices=("true",)),
        "Also answer with the words that campaigns have for the receipt. They are not stored.",
    )
}


class Orders(FactEndpoint):
    shape = inputs.ORDER

    @fact(
        "send_order",
        inputs.ORDER,
        tag="Orders",
        summary="Send an order",
        about="Records an order and gives the points it earns. The same order is never counted twice: a repeat with "
        "another Idempotency-Key is answered with `repeated`, other content under the same number and revision with "
        "`fact_contradicts`. With `tenders` points, credit and gift cards pay for part of it in the same moment: that needs "
        "the scope `points:spend` and, for a member's own, `authorization`; the answer tells in `payment` what is off each "
        "line and what is left to pay. `codes` are coupons; the answer tells what each takes off.",
        example=ORDER_EXAMPLE,
        query=RECEIPT,
    )
    def post(self, request: Request) -> HttpResponse:
        answer = super().post(request)
        if request.query_params.get("receipt") == "true" and answer.status_code in {200, 201}:
            self._add_words(answer)
        return answer

    def _add_words(self, answer: HttpResponse) -> None:
        """Beside what is stored of the answer, since they may hold a name."""
        content = orjson.loads(answer.content)
        member = Member.objects.filter(pk=content["member"] or 0).first()
        shown = (
            placements.of(program=self.program, member=member, now=clock.now(), surface="receipt")
            if member
            else []
        )
        answer.content = endpoints.encode(content | {"receipt": [item.receipt for item in shown]})

    def record(self, asked: inputs.Asked, keep: Keep) -> Outcome:
        guessers = codes.look_out(self, [asked.item])
        outcome = self._record_it(asked, keep)
        codes.count(self, guessers, [outcome.code])
        return outcome

    def _record_it(self, asked: inputs.Asked, keep: Keep) -> Outcome:
        if not asked.referral_code:
            return self._take_order(asked, keep)
        with transaction.atomic():
            outcome = self._take_order(asked, keep)
            self._introduce(asked.referral_code, outcome)
        return outcome

    def _take_order(self, asked: inputs.Asked, keep: Keep) -> Outcome:
        item, word = asked.item, asked.authorization
        if not item.tenders:
            return super().record(item, keep)
        self.require(Scope.POINTS_SPEND)
        if isinstance(word, Override):
            self.require(Scope.POINTS_WRITE)
        by = author_in_team(self.caller)
        who = f"key:{self.caller.key_id}"
        guessing.check(who)
        outcome = paying.record(
            program=self.program, item=item, authorization=word, by=by, now=clock.now(), keep=keep
        )
        if outcome.code == GiftCardInvalid.code:
            guessing.note(who)
        return outcome

    def _introduce(self, code: str, outcome: Outcome) -> None:
        """Who brought the member of a first order. An order is never lost for a code that leads nowhere."""
        if outcome.status != "recorded" or outcome.order_id is None or outcome.member_id is None:
            return
        order = Order.objects.filter(pk=outcome.order_id, member_id=outcome.member_id).first()
        if order is None:
            return
        with suppress(DomainError):
            friend = Member.objects.select_related("program").get(pk=outcome.member_id)
            referrals.claim(
                program=self.program, friend=friend, code=code, via="api", now=clock.now(), order=order
            )


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

        guessers = codes.look_out(self, [item for item in items if isinstance(item, OrderIn)])
        outcomes = intake.record(program=self.program, items=items, now=clock.now(), keep=keep)
        codes.count(self, guessers, [outcome.code for outcome in outcomes])
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
            item = shapes.read(inputs.ORDER, value).item
            if item.tenders:
                results.append({**TENDERS_ALONE, "detail": str(TENDERS_ALONE["detail"])})
                continue
            items.append(item)
            results.append(None)
        except Invalid as error:
            results.append(_unreadable(error.faults))
    return items, results


TENDERS_ALONE = {
    "status": REFUSED,
    "code": "tenders_alone",
    "detail": _("An order with tenders is sent by itself."),
    "field": "tenders",
}


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
