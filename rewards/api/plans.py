"""Calls about paid membership: what can be bought, that it was paid, and leaving it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards.api.points import author_in_team
from rewards.models import Plan, Term
from rewards.plans import leaving, payments, reading, refunds
from rewards.plans.payments import Payment
from rewards.plans.reading import Held

MINOR = Whole(0, 2**63 - 1)
BENEFITS = Many(
    Anything(about="A benefit by its `kind`: rate, percent_off, free_shipping, early_access, …"), 40
)
PLAN = Object(
    "Plan",
    {
        "key": Text(60),
        "state": Text(5, choices=tuple(Plan.State.values)),
        "names": Anything(about="By language."),
        "summaries": Anything(),
        "terms": Anything(),
        "price_minor": MINOR,
        "months": Nullable(Whole(1, 120, about="Of a term; null where it is paid once and has no end.")),
        "benefits": BENEFITS,
        "refund_days": Whole(0, 32767),
        "renewal_days": Whole(0, 32767),
    },
    needed=frozenset(
        {
            "key", "state", "names", "summaries", "terms", "price_minor", "months", "benefits", "refund_days",
            "renewal_days",
        }
    ),
)  # fmt: skip
PLANS = Object("Plans", {"items": Many(PLAN, 1000)}, needed=frozenset({"items"}))
TERM = Object(
    "PlanTerm",
    {
        "id": ID,
        "plan": Text(60),
        "member": ID,
        "state": Text(8, choices=tuple(Term.State.values)),
        "is_running": Flag(about="Whether its benefits are in force now."),
        "streak": Whole(1, 2**31 - 1, "How many terms followed one another without a gap, with this one."),
        "starts_at": Moment(),
        "ends_at": Nullable(Moment(about="The first moment after it; null without end.")),
        "price_minor": MINOR,
        "paid_at": Moment(),
        "payment": Text(128),
        "benefits": BENEFITS,
        "saved_minor": Whole(-(2**63), 2**63 - 1, "What it was worth to the member so far."),
        "saved": Anything(about="The same by kind of benefit."),
        "renews_at": Nullable(Moment(about="From then on the next term can be paid.")),
        "refund_until": Nullable(Moment(about="Until then the price can be paid back, if no more was saved.")),
        "can_refund": Flag(),
    },
    needed=frozenset(
        {
            "id", "plan", "member", "state", "is_running", "streak", "starts_at", "ends_at", "price_minor", "paid_at",
            "payment", "benefits", "saved_minor", "saved", "renews_at", "refund_until", "can_refund",
        }
    ),
)  # fmt: skip
TERMS = Object("PlanTerms", {"items": Many(TERM, 10_000)}, needed=frozenset({"items"}))
PAYMENT = Object(
    "PlanPayment",
    {
        "member": ID,
        "payment": Text(128, 1, about="The number by which you know the payment. It has effect once."),
        "source": Text(32, 1, about="The system that knows it by this number; `api` unless told."),
        "paid_at": Moment(about="Now unless told."),
        "price_minor": Whole(0, 10**13, about="What was paid; the plan's price unless told."),
    },
    needed=frozenset({"member", "payment"}),
)
PLAN_OF = Object("PlanNamed", {"plan": Text(60, 1, example="premium")}, needed=frozenset({"plan"}))
REFUND = Object(
    "PlanRefund",
    {
        "reason": Text(300, 1),
        "is_exception": Flag(about="Although the days are over or more was gained; needs `points:write`."),
    },
)
REFUNDED = Object(
    "PlanRefunded", {"term": ID, "amount_minor": MINOR}, needed=frozenset({"term", "amount_minor"})
)
PLAN_EXAMPLE = {
    "key": "premium",
    "state": "live",
    "names": {"en": "Premium"},
    "summaries": {},
    "terms": {},
    "price_minor": 2500,
    "months": 12,
    "benefits": [{"kind": "percent_off", "percent": "10"}, {"kind": "free_shipping"}],
    "refund_days": 14,
    "renewal_days": 30,
}
TERM_EXAMPLE = {
    "id": 5004,
    "plan": "premium",
    "member": 1007,
    "state": "active",
    "is_running": True,
    "streak": 1,
    "starts_at": "2026-03-05T10:15:00Z",
    "ends_at": "2027-03-06T00:00:00Z",
    "price_minor": 2500,
    "paid_at": "2026-03-05T10:15:00Z",
    "payment": "pay-77",
    "benefits": PLAN_EXAMPLE["benefits"],
    "saved_minor": 0,
    "saved": {},
    "renews_at": "2027-02-04T00:00:00Z",
    "refund_until": "2026-03-20T00:00:00Z",
    "can_refund": True,
}


class Plans(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_plans",
        tag="Plans",
        summary="Read the plans that can be bought",
        gives={200: (PLANS, {"items": [PLAN_EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        plain = PLAN.needed
        items = [
            {name: getattr(plan, name) for name in plain} for plan in reading.offered(program=self.program)
        ]
        return Response({"items": items})


class Terms(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "pay_plan",
        tag="Plans",
        summary="Say that a plan was paid",
        about="Begins a term at the moment of payment. Paid again before its end, from `renews_at` on, the next term "
        "follows without a gap; earlier than that it is refused with `plan_held`, so that no term is paid twice by mistake.",
        takes=PAYMENT,
        example={"member": 1007, "payment": "pay-77"},
        gives={201: (TERM, TERM_EXAMPLE)},
        refuses=(404,),
        moves_value=True,
    )
    def post(self, request: Request, plan: str) -> HttpResponse:
        asked = shapes.read(PAYMENT, request.data)
        return self.in_one(request, lambda: self._pay(plan, asked))

    def _pay(self, key: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        member, now = people.find(asked["member"]), clock.now()
        found = Plan.objects.filter(key=key).first()
        if found is None:
            raise NotFound(field="plan")
        payment = Payment(
            asked["payment"],
            asked.get("paid_at", now).astimezone(UTC),
            asked.get("price_minor", found.price_minor),
            asked.get("source", "api"),
        )
        done = payments.pay(
            program=self.program, member=member, plan=key, payment=payment, now=now, by=author_in_team(self.caller).user
        )  # fmt: skip
        held = reading.held(program=self.program, member=member, now=now)
        return 201, told(next(each for each in held if each.term.pk == done.term_id))


class Bought(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.MEMBERS_READ}

    @call(
        "list_terms",
        tag="Plans",
        summary="Read what a member has bought",
        about="Every term, the latest first, with what it was worth.",
        ids=["member_id"],
        gives={200: (TERMS, {"items": [TERM_EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        found = reading.held(program=self.program, member=people.find(member_id), now=clock.now())
        return Response({"items": [told(each) for each in found]})


class Turn(endpoints.Endpoint):
    """Leaving and staying."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})

    def turn(self, request: Request, member_id: int, do: Any) -> HttpResponse:
        asked = shapes.read(PLAN_OF, request.data)

        def work() -> tuple[int, dict[str, Any]]:
            member, now = people.find(member_id), clock.now()
            by = author_in_team(self.caller).user
            do(program=self.program, member=member, plan=asked["plan"], now=now, by=by)
            found = reading.held(program=self.program, member=member, now=now)
            return 200, {"items": [told(each) for each in found if each.plan.key == asked["plan"]]}

        return self.in_one(request, work)


class Leave(Turn):
    @call(
        "leave_plan",
        tag="Plans",
        summary="Leave a plan at the end of its term",
        about="Nobody is reminded to renew it any more. Benefits last to the end. A payment before then renews it after "
        "all.",
        takes=PLAN_OF,
        example={"plan": "premium"},
        ids=["member_id"],
        gives={200: (TERMS, None)},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        return self.turn(request, member_id, leaving.leave)


class Stay(Turn):
    @call(
        "stay_in_plan",
        tag="Plans",
        summary="Take leaving back",
        takes=PLAN_OF,
        example={"plan": "premium"},
        ids=["member_id"],
        gives={200: (TERMS, None)},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        return self.turn(request, member_id, leaving.stay)


class Refund(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "refund_term",
        tag="Plans",
        summary="Say that a term was paid back",
        about="Ends it at once. Only the member's latest term of the plan, in the days of the plan, and while no more than "
        "its price was gained; else `refund_refused` says why. Wafa moves no money: pay back `amount_minor`.",
        takes=REFUND,
        example={},
        ids=["term_id"],
        gives={200: (REFUNDED, {"term": 5004, "amount_minor": 2500})},
        moves_value=True,
    )
    def post(self, request: Request, term_id: int) -> HttpResponse:
        asked = shapes.read(REFUND, request.data)
        if asked.get("is_exception"):
            self.require(Scope.POINTS_WRITE)

        def work() -> tuple[int, dict[str, Any]]:
            amount = refunds.refund(
                program=self.program,
                term_id=int(term_id),
                now=clock.now(),
                by=author_in_team(self.caller).user,
                reason=asked.get("reason", ""),
                is_exception=asked.get("is_exception", False),
            )
            return 200, {"term": int(term_id), "amount_minor": amount}

        return self.in_one(request, work)


def told(held: Held) -> dict[str, Any]:
    term = held.term
    names = ("state", "streak", "starts_at", "ends_at", "price_minor", "paid_at", "payment", "benefits")
    return {name: getattr(term, name) for name in names} | {
        "id": term.pk,
        "plan": held.plan.key,
        "member": term.member_id,
        "is_running": held.is_running,
        "saved_minor": held.saved_minor,
        "saved": held.saved,
        "renews_at": held.renews_at,
        "refund_until": term.refund_until,
        "can_refund": held.refund_refused is None,
    }
