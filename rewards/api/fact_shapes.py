"""What a told fact is answered with: the shapes, examples and words of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from loyaltysite.kit.shapes import Anything, Many, Nullable, Object, Shape, Text, Whole
from members.api.documents import ID
from rewards import rulebook
from rewards.api import inputs
from rewards.intake.checks import MOST_LINES
from rewards.intake.coupons import MOST_CODES
from rewards.intake.items import Outcome

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
BENEFIT = Object(
    "LineBenefit",
    {
        "line": Whole(1, 2**31 - 1, "The position of the line."),
        "kind": Text(16, choices=("percent_off", "free_shipping")),
        "source": Text(8, choices=("tier", "plan")),
        "key": Text(60, about="Of the tier or plan that gives it."),
        "due_minor": Whole(0, 2**63 - 1, "What it takes off the line's price before any discount."),
        "given_minor": Whole(0, 2**63 - 1, "How much of that the line's discount holds already."),
    },
    needed=frozenset({"line", "kind", "source", "key", "due_minor", "given_minor"}),
)
BENEFITS = Many(
    BENEFIT,
    MOST_LINES,
    about="Member prices and free shipping of the member's tier and plans. The shop applies them: send the line with its "
    "amount after, and `discount_minor`.",
)
PAYING = Object(
    "TenderPaid",
    {
        "unit": Text(40),
        "card": Text(4, about="The last signs of a gift card's code, or empty."),
        "amount": Whole(0, 2**63 - 1, "Spent, in ledger units."),
        "money_minor": Whole(0, 2**63 - 1, "What that paid of the order."),
        "balance": Whole(0, 2**63 - 1, "What can be used there after it."),
    },
    needed=frozenset({"unit", "card", "amount", "money_minor", "balance"}),
)
PAYMENT = Object(
    "OrderPayment",
    {
        "total_minor": Whole(0, 2**63 - 1, "What the order costs, tax included."),
        "paid_minor": Whole(0, 2**63 - 1, "What points, credit and gift cards paid of it."),
        "left_minor": Whole(0, 2**63 - 1, "What is left to pay."),
        "tenders": Many(PAYING, 10),
        "lines": Many(
            Object(
                "LinePaid",
                {
                    "position": Whole(1, 2**31 - 1),
                    "paid_minor": Whole(0, 2**63 - 1, "The part that is off this line."),
                    "left_minor": Whole(0, 2**63 - 1),
                },
                needed=frozenset({"position", "paid_minor", "left_minor"}),
            ),
            MOST_LINES,
            about="The paid part spread over the lines by what they cost, to the minor unit.",
        ),
    },
    needed=frozenset({"total_minor", "paid_minor", "left_minor", "tenders", "lines"}),
    about="How an order with tenders is paid.",
)
RESTORED = Object(
    "Restored",
    {
        "unit": Text(40),
        "card": Text(4, about="The last signs of a gift card's code, or empty."),
        "amount": Whole(0, 2**63 - 1, "Given back, in ledger units."),
        "money_minor": Whole(
            0, 2**63 - 1, "The part of the refund that this is; the rest is yours to pay out."
        ),
    },
    needed=frozenset({"unit", "card", "amount", "money_minor"}),
)
CODES = Many(
    Object(
        "OrderCode",
        {
            "coupon": Nullable(Text(60, about="The coupon's key; null for another code.")),
            "reward": Nullable(Text(60, about="The key of the reward whose code it is, used by this order.")),
            "discount_minor": Whole(0, 2**63 - 1),
            "lines": Many(
                Object(
                    "LineDiscount",
                    {"position": Whole(1, 2**31 - 1), "discount_minor": Whole(1, 2**63 - 1)},
                    needed=frozenset({"position", "discount_minor"}),
                ),
                MOST_LINES,
            ),
            "refusal": Nullable(Anything(about="`code`, `detail`, and what is missing.")),
        },
        needed=frozenset({"coupon", "reward", "discount_minor", "lines", "refusal"}),
    ),
    MOST_CODES,
    about="One for each code that was sent, in their order: what it takes off, exactly, and off which lines.",
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
        "benefits": BENEFITS,
        "unmatched": Whole(0, 2**31 - 1, "Pieces of a return that no order was found for."),
        "payment": PAYMENT,
        "codes": CODES,
        "restored": Many(RESTORED, 1000, about="What paid for a returned order and went back."),
        "receipt": Many(
            Text(10_000), 20, about="What a campaign has to say to the member; only where it was asked for."
        ),
    },
    needed=frozenset({"status", "fact", "order", "member", "points", "tier", "benefits", "unmatched"}),
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
    "benefits": [],
    "unmatched": 0,
}
ANSWERS: dict[int, tuple[Shape, Any]] = {
    200: (ANSWER, None),
    201: (ANSWER, ANSWER_EXAMPLE),
    202: (ANSWER, None),
}


def told(program_id: int, outcome: Outcome) -> dict[str, Any]:
    """An outcome as the API tells it; ids and figures only."""
    awarded, back, balance = outcome.awarded, outcome.reversed, outcome.balance
    units = rulebook.of(program_id, database=str(connection.settings_dict["NAME"])).units
    found: dict[str, Any] = {
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
        "benefits": outcome.benefits,
        "unmatched": outcome.unmatched,
    }
    if outcome.payment:
        found["payment"] = outcome.payment
    if outcome.codes:
        found["codes"] = [_code_told(one) for one in outcome.codes]
    if outcome.restored:
        found["restored"] = outcome.restored
    return found


def _code_told(one: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"coupon": one.get("coupon"), "reward": one.get("reward")}
    if "lines" not in one:
        return {**found, "discount_minor": 0, "lines": [], "refusal": dict(one)}
    lines = [{"position": at, "discount_minor": part} for at, part in one["lines"]]
    return {**found, "discount_minor": one["discount_minor"], "lines": lines, "refusal": None}
