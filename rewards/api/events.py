"""Calls about events: what members did beside buying, and the log of everything that happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Anything, Moment, Nullable, Object, Text
from members.api import reading
from members.api.documents import ID, Query, call
from members.models import Event, Scope
from rewards import withdrawals
from rewards.api import fact_shapes, facts, inputs

# Without a beginning, the log is read so far back.
BACK = timedelta(days=31)

EVENT = Object(
    "Event",
    {
        "id": ID,
        "kind": Text(64),
        "member": Nullable(ID),
        "order": Nullable(ID),
        "fact": Nullable(ID),
        "occurred_at": Moment(),
        "recorded_at": Moment(),
        "data": Anything(about="Figures and ids."),
    },
    needed=frozenset({"id", "kind", "member", "order", "fact", "occurred_at", "recorded_at", "data"}),
)
EVENTS = reading.page_shape("EventPage", EVENT)
FILTERS = {
    "kind": Query(Text(64, 1), "Only events of this kind."),
    "member": Query(ID, "Only events of this member.", is_number=True),
    "since": Query(Moment(), "Only what was recorded at or after this moment; the last 31 days unless told."),
    "before": Query(Moment(), "Only what was recorded before it."),
    **reading.PAGING,
}


class Events(facts.FactEndpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.ORDERS_READ, "POST": Scope.ORDERS_WRITE}
    shape = inputs.EVENT

    @call(
        "list_events",
        tag="Events",
        summary="Read the log of events",
        about="Everything that happened in the program, latest first: orders, returns, tier changes, points, members. "
        "The log is made for looking back; two events of one moment may become visible in another order than their ids.",
        query=FILTERS,
        gives={200: (EVENTS, None)},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, FILTERS)
        since = asked.get("since") or clock.now() - BACK
        rows = Event.objects.filter(program=self.program, recorded_at__gte=since)
        names = {"kind": "kind", "member": "holder_id", "before": "recorded_at__lt"}
        rows = rows.filter(**{names[name]: value for name, value in asked.items() if name in names})
        return Response(reading.page(rows, asked, by=("id",), tell=_told))

    @facts.fact(
        "send_event",
        inputs.EVENT,
        tag="Events",
        summary="Send an event",
        about="Something a member did that is no purchase, such as a review. Rules may reward it by its kind.",
        example={
            "source": "shop",
            "external_id": "review-5",
            "kind": "review.written",
            "occurred_at": "2026-03-04T20:00:00Z",
            "member": {"kind": "email", "value": "anna@example.com"},
            "data": {"stars": 5},
        },
    )
    def post(self, request: Request) -> HttpResponse:
        return super().post(request)


WITHDRAWAL = Object(
    "EventWithdrawal",
    {
        "source": inputs.SOURCE,
        "external_id": Text(128, 1, example="run-5"),
        "kind": Text(58, 1, example="run"),
    },
    needed=frozenset({"external_id", "kind"}),
    about="Names the event as it was sent.",
)


class Withdraw(facts.FactEndpoint):
    @call(
        "withdraw_event",
        tag="Events",
        summary="Take an event back",
        about="An activity was deleted, a review withdrawn: what it gave is taken back as with a return, and it counts for "
        "no rule, tier or badge any more. A repeat gets the first answer with status `repeated`.",
        takes=WITHDRAWAL,
        example={"source": "shop", "external_id": "review-5", "kind": "review.written"},
        gives=fact_shapes.ANSWERS,
        refuses=(404,),
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(WITHDRAWAL, request.data)
        return self.in_one(request, lambda: self._withdraw(asked))

    def _withdraw(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        outcome = withdrawals.withdraw(
            program=self.program,
            source=asked.get("source", "api"),
            kind=asked["kind"],
            external_id=asked["external_id"],
            now=clock.now(),
        )
        return fact_shapes.STATUS[outcome.status], fact_shapes.told(self.program.pk, outcome)


def _told(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "kind": event.kind,
        "member": event.holder_id,
        "order": event.order_id,
        "fact": event.fact_id,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "data": event.data,
    }
