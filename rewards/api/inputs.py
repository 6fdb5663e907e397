"""What shops and apps send about orders, as shapes that become the intake's items."""

from __future__ import annotations

from typing import Any, NamedTuple

from loyaltysite.kit.shapes import Anything, Fault, Flag, Many, Moment, Nullable, Object, Shape, Text, Whole
from members.models import Identity
from rewards.api import authorizing
from rewards.intake.checks import MOST, MOST_LINES, MOST_MINOR, MOST_TENDERS
from rewards.intake.coupons import MOST_CODES
from rewards.intake.items import (
    CancelIn,
    EventIn,
    LineIn,
    OrderIn,
    PaidIn,
    ReturnIn,
    ReturnLineIn,
    TenderIn,
    Who,
)
from rewards.spending import Authorization

# Facts of our own carry these names.
RESERVED = ("wafa", "staff")
MOST_ORDERS = 1000

MINOR = Whole(0, MOST_MINOR)
SOURCE = Text(
    32,
    1,
    about="The system that speaks, `api` unless told; order numbers are unique in it.",
    reserved=RESERVED,
    example="shop",
)
NUMBER = Text(128, 1, about="The order's number in that system.", example="1001")
AT = Moment(about="When it happened (RFC 3339, with a time zone).")


class Untouched(Shape):
    """Read later, by itself."""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        return value


WHO = Object(
    "Who",
    {
        "kind": Text(8, choices=("number", *Identity.Kind.values), about="What the member is named by."),
        "value": Text(254, 1, example="anna@example.com"),
        "joins": Flag(about="Whether somebody unknown becomes a member; not for `number`."),
        "name": Text(200, about="The name of a member who joins."),
        "language": Text(8, about="The language of a member who joins."),
    },
    needed=frozenset({"kind", "value"}),
    into=Who,
    about="A member by one identity.",
)
LINE = Object(
    "OrderLine",
    {
        "sku": Text(128, 1, example="MUG-1"),
        "quantity": Whole(1, MOST, example=2),
        "amount_minor": Whole(
            0, MOST_MINOR, "What the line costs, net of `discount_minor`, in minor units.", 2400
        ),
        "name": Text(300),
        "category": Text(128, example="Mugs"),
        "kind": Text(
            16, 1, about="`product`, `shipping`, `tip`, `gift_card`, `fee`; only products earn by default."
        ),
        "discount_minor": MINOR,
        "tax_minor": MINOR,
        "cost_minor": Nullable(MINOR),
        "is_reward": Flag(about="Whether a reward paid for it; then it counts for no stamp or visit."),
    },
    needed=frozenset({"sku", "quantity", "amount_minor"}),
    into=LineIn,
)


class Asked(NamedTuple):
    """An order with the word of whose points pay for it and who brought its member, which are no part of the fact."""

    item: OrderIn
    authorization: Authorization | None
    referral_code: str = ""


def _order(*, authorization: Any = None, referral_code: str = "", **values: Any) -> Asked:
    return Asked(OrderIn(values.pop("source", "api"), **values), authorization, referral_code)


TENDER = Object(
    "Tender",
    {
        "unit": Text(40, 1, about="Out of the member's points or credit of this unit.", example="points"),
        "card": Text(64, 1, about="Or out of the gift card with this code.", example="HV7K-92QF-3XTM-84WP"),
        "amount": Whole(1, MOST_MINOR, "So many, in ledger units.", 500),
        "money_minor": Whole(1, MOST_MINOR, "Or so much of the price, in minor units.", 500),
    },
    into=TenderIn,
    about="A way of paying: `unit` or `card`, and `amount` or `money_minor`; with neither, as much as is there and the "
    "order costs. A unit's worth says what it pays, rounded down to the minor unit.",
)

ORDER = Object(
    "OrderRequest",
    {
        "source": SOURCE,
        "external_id": NUMBER,
        "occurred_at": AT,
        "currency": Text(3, 3, about="The program's currency (ISO 4217).", example="GBP"),
        "lines": Many(LINE, MOST_LINES, 1),
        "member": Nullable(WHO),
        "store": Text(64, about="The code of the store."),
        "channel": Text(32, about="Such as `web` or `till`.", example="web"),
        "is_paid": Flag(about="True unless told; an order that is not paid earns pending."),
        "revision": Whole(0, MOST, "Higher than before when an order that was sent has changed."),
        "credit_minor": Whole(0, MOST_MINOR, "The part paid with points or credit of your own."),
        "tenders": Many(
            TENDER,
            MOST_TENDERS,
            about="The parts that points, credit and gift cards pay, taken in the same moment as the order. A change of "
            "the order names none: what paid stays, and what is too much goes back.",
        ),
        "authorization": authorizing.Authorization(),
        "codes": Many(
            Text(300, 1, example="SUMMER"),
            MOST_CODES,
            about="Coupons. Lines are sent as without them, and what they take off becomes their discount. One that does "
            "not work refuses the order; look at it with a preview first.",
        ),
        "quote": Text(4000, about="The promise of an earlier preview."),
        "referral_code": Text(
            64,
            about="The code of the member who brought this one, with a first order. In a batch it is not read.",
        ),
    },
    needed=frozenset({"external_id", "occurred_at", "currency", "lines"}),
    into=_order,
    about="An order, or with a higher `revision` the same order changed.",
)
BATCH = Object(
    "OrderBatch",
    {
        # Each is read by itself, so that one bad order leaves the others alone.
        "orders": Many(ORDER, MOST_ORDERS, 1),
    },
    needed=frozenset({"orders"}),
)
BATCH_FRAME = Object("", {"orders": Many(Untouched(), MOST_ORDERS, 1)}, needed=frozenset({"orders"}))


def _named(kind: Any) -> Any:
    """PaidIn and CancelIn name their order by `order`."""

    def make(*, order: str, occurred_at: Any, source: str = "api") -> Any:
        return kind(source, order, occurred_at)

    return make


_ABOUT_ORDER = {"source": SOURCE, "order": NUMBER, "occurred_at": AT}
PAYMENT = Object(
    "Payment",
    _ABOUT_ORDER,
    needed=frozenset({"order", "occurred_at"}),
    into=_named(PaidIn),
    about="An order was paid.",
)
CANCELLATION = Object(
    "Cancellation",
    _ABOUT_ORDER,
    needed=frozenset({"order", "occurred_at"}),
    into=_named(CancelIn),
    about="An order was cancelled: a return of all its lines.",
)
RETURN_LINE = Object(
    "ReturnLine",
    {
        "sku": Text(128, 1, example="MUG-1"),
        "quantity": Whole(1, MOST, example=1),
        "amount_minor": MINOR,
        "position": Nullable(
            Whole(1, MOST, "The line of the order, from 1, where the SKU does not tell it.")
        ),
    },
    needed=frozenset({"sku", "quantity"}),
    into=ReturnLineIn,
)


def _return(**values: Any) -> ReturnIn:
    return ReturnIn(values.pop("source", "api"), **values)


RETURN = Object(
    "ReturnRequest",
    {
        "source": SOURCE,
        "external_id": Text(128, 1, about="The return's own number.", example="R-77"),
        "occurred_at": AT,
        "order": Text(
            128, about="The number of the order it belongs to; without it, name the member and the lines."
        ),
        "member": Nullable(WHO),
        "lines": Many(RETURN_LINE, MOST_LINES),
        "amount_minor": Nullable(Whole(0, MOST_MINOR, "What was refunded, where no lines are sent.")),
    },
    needed=frozenset({"external_id", "occurred_at"}),
    into=_return,
    about="What a customer brought back: lines of an order, or an amount, or all that is left of it.",
)


def _event(**values: Any) -> EventIn:
    return EventIn(values.pop("source", "api"), **values)


EVENT = Object(
    "EventRequest",
    {
        "source": SOURCE,
        "external_id": Text(128, 1, example="review-5"),
        "kind": Text(58, 1, about="What happened; rules reward it by this name.", example="review.written"),
        "occurred_at": AT,
        "member": WHO,
        "data": Anything(about="Figures and ids, at most 10 KB; no personal data.", example={"stars": 5}),
    },
    needed=frozenset({"external_id", "kind", "occurred_at", "member"}),
    into=_event,
    about="Something a member did that is no purchase.",
)
