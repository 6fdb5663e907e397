"""Calls about gift cards: issued once, looked at, paid with, blocked (SEMANTICS 42)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Day, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards.api import inputs
from rewards.api.points import author_in_team, fact_key
from rewards.giftcards import guessing, issuing, moves
from rewards.models import GiftCard

MINOR = Whole(0, 2**63 - 1)
CODE_TEXT = Text(
    64, 1, about="In any spelling: dashes and small letters do not matter.", example="HV7K-92QF-3XTM-84WP"
)
CARD = Object(
    "GiftCard",
    {
        "id": ID,
        "state": Text(7, choices=tuple(GiftCard.State.values)),
        "origin": Text(6, choices=tuple(GiftCard.Origin.values)),
        "ending": Text(4, about="The last signs of its code."),
        "unit": Text(40),
        "value_minor": Whole(1, 2**63 - 1, "What it was issued with."),
        "left_minor": Whole(0, 2**63 - 1, "What can be paid with it now."),
        "member": Nullable(ID),
        "reference": Text(128),
        "issued_at": Moment(),
        "ends_at": Nullable(Moment(about="From then on it pays nothing.")),
    },
    needed=frozenset(
        {
            "id", "state", "origin", "ending", "unit", "value_minor", "left_minor", "member", "reference", "issued_at",
            "ends_at",
        }
    ),
)  # fmt: skip
WITH_CODE = Object(
    "GiftCardWithCode",
    {**CARD.fields, "code": Nullable(Text(19, about="For its owner: whoever has it can pay."))},
    needed=CARD.needed | {"code"},
)
ISSUE = Object(
    "GiftCardRequest",
    {
        "value_minor": Whole(1, issuing.MOST_MINOR, "In minor units of the program's currency.", 5000),
        "last_day": Nullable(Day(about="The last day on which it pays; without it, it never ends.")),
        "member": Nullable(ID),
        "reference": Text(128, about="Such as the number of the order that bought it."),
    },
    needed=frozenset({"value_minor"}),
)
CODE = Object("GiftCardCode", {"code": CODE_TEXT}, needed=frozenset({"code"}))
SPEND = Object(
    "GiftCardSpending",
    {
        "code": CODE_TEXT,
        "money_minor": Nullable(Whole(1, issuing.MOST_MINOR, "How much; without it all that is left.", 1990)),
        "order": Object(
            "PaidByCard",
            {"source": inputs.SOURCE, "external_id": inputs.NUMBER},
            needed=frozenset({"external_id"}),
            about="The order that is paid with it: its return puts the money back.",
        ),
    },
    needed=frozenset({"code"}),
)
SPENT = Object(
    "GiftCardSpent",
    {"fact": ID, "card": ID, "paid_minor": MINOR, "left_minor": MINOR},
    needed=frozenset({"fact", "card", "paid_minor", "left_minor"}),
)
REASON = Object("GiftCardReason", {"reason": Text(300, 1, example="Lost")}, needed=frozenset({"reason"}))
EXAMPLE = {
    "id": 5100,
    "state": "active",
    "origin": "bought",
    "ending": "84WP",
    "unit": "credit",
    "value_minor": 5000,
    "left_minor": 5000,
    "member": None,
    "reference": "1001",
    "issued_at": "2026-03-01T10:15:00Z",
    "ends_at": None,
}
ALIKE = (
    "A wrong, a foreign and a blocked code are all refused with `gift_card_invalid`; after twenty wrong ones within a "
    "quarter of an hour the key waits (`gift_card_guesses`)."
)


class GiftCards(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "issue_gift_card",
        tag="Gift cards",
        summary="Issue a gift card",
        about="A card that was bought, or is given to a member. Its code is not in this answer, which is kept: read the "
        "card to show the code to its owner. Needs a unit that is money credit.",
        takes=ISSUE,
        example={"value_minor": 5000, "last_day": "2028-12-31", "reference": "1001"},
        gives={201: (CARD, EXAMPLE)},
        refuses=[404],
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(ISSUE, request.data)
        return self.in_one(request, lambda: self._issue(asked))

    def _issue(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        card = issuing.issue(
            program=self.program,
            value_minor=asked["value_minor"],
            key=fact_key(self.key),
            now=clock.now(),
            origin=GiftCard.Origin.BOUGHT,
            last_day=asked.get("last_day"),
            member=people.find(asked["member"]) if asked.get("member") else None,
            reference=asked.get("reference", ""),
            by=author_in_team(self.caller),
        )
        return 201, told(card)


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_WRITE}

    @call(
        "read_gift_card",
        tag="Gift cards",
        summary="Read a gift card with its code",
        about="The code is for its owner: whoever has it can pay. Keep it nowhere.",
        ids=["card_id"],
        gives={200: (WITH_CODE, EXAMPLE | {"code": "HV7K-92QF-3XTM-84WP"})},
    )
    def get(self, request: Request, card_id: int) -> Response:
        card = GiftCard.objects.select_related("unit").filter(pk=card_id).first()
        if card is None:
            raise NotFound
        return Response(told(card) | {"code": issuing.code_of(card) or None})


class Check(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "check_gift_card",
        tag="Gift cards",
        summary="Look what is on a gift card",
        about=f"Changes nothing. {ALIKE}",
        takes=CODE,
        example={"code": "HV7K-92QF-3XTM-84WP"},
        gives={200: (CARD, EXAMPLE)},
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(CODE, request.data)
        with guessing.counted(who_of(self)):
            found = moves.look(program=self.program, code=asked["code"], now=clock.now())
        return Response(told(found.card))


class Spends(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}
    moves_value = frozenset({"POST"})

    @call(
        "spend_gift_card",
        tag="Gift cards",
        summary="Pay with a gift card",
        about="All of it or a part; what is left stays on the card. To pay for an order that is just sent, name the card "
        f"in its `tenders` instead. {ALIKE}",
        takes=SPEND,
        example={
            "code": "HV7K-92QF-3XTM-84WP",
            "money_minor": 1990,
            "order": {"source": "shop", "external_id": "1001"},
        },
        gives={201: (SPENT, {"fact": 5200, "card": 5100, "paid_minor": 1990, "left_minor": 3010})},
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(SPEND, request.data)
        guessing.check(who_of(self))
        return self.in_one(request, lambda: self._spend(asked))

    def _spend(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        order = asked.get("order")
        with guessing.counted(who_of(self)):
            paid = moves.spend(
                program=self.program,
                code=asked["code"],
                key=fact_key(self.key),
                now=clock.now(),
                money_minor=asked.get("money_minor"),
                order=(order.get("source", "api"), order["external_id"]) if order else None,
                by=self.author,
            )
        return 201, {
            "fact": paid.fact_id,
            "card": paid.card.pk,
            "paid_minor": paid.paid_minor,
            "left_minor": paid.left_minor,
        }


class Block(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "block_gift_card",
        tag="Gift cards",
        summary="Block a gift card",
        about="Nobody pays with it any more until staff open it again. What is on it stays.",
        takes=REASON,
        example={"reason": "Lost"},
        ids=["card_id"],
        gives={200: (CARD, EXAMPLE | {"state": "blocked"})},
        moves_value=True,
    )
    def post(self, request: Request, card_id: int) -> HttpResponse:
        asked = shapes.read(REASON, request.data)

        def work() -> tuple[int, dict[str, Any]]:
            card = moves.block(
                program=self.program, card_id=card_id, reason=asked["reason"], now=clock.now(), by=self.author
            )
            return 200, told(card)

        return self.in_one(request, work)


def who_of(view: endpoints.Endpoint) -> str:
    """Under which name the wrong codes of a caller are counted."""
    return f"key:{view.caller.key_id}"


def told(card: GiftCard) -> dict[str, Any]:
    """Without its code: answers are kept."""
    return {
        "id": card.pk,
        "state": card.state,
        "origin": card.origin,
        "ending": card.ending,
        "unit": card.unit.key,
        "value_minor": card.value_minor,
        "left_minor": moves.left_on([card], now=clock.now())[card.pk],
        "member": card.member_id,
        "reference": card.reference,
        "issued_at": card.issued_at,
        "ends_at": card.ends_at,
    }
