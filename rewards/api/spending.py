"""The call that spends points, which needs the member's code or the word of staff (SEMANTICS 38)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import connection
from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Object, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards import posting, rulebook, spending
from rewards.api import inputs, postings
from rewards.api.authorizing import Authorization
from rewards.api.points import author_in_team, fact_key
from rewards.ledger import Movement
from rewards.spending import Override

PAID = Object(
    "PaidOrder",
    {"source": inputs.SOURCE, "external_id": inputs.NUMBER},
    needed=frozenset({"external_id"}),
    about="The order that is paid with them: its return gives them back.",
)
SPEND = Object(
    "Spending",
    {
        "unit": Text(40, 1, example="points"),
        "amount": Whole(1, 10**15, "Ledger units.", 500),
        "order": PAID,
        "authorization": Authorization(),
    },
    needed=frozenset({"unit", "amount", "authorization"}),
)
SPENT = Object(
    "Spent",
    {
        "fact": ID,
        "unit": Text(40),
        "precision": Whole(0, 6),
        "spent": Whole(1, 10**15),
        "active": Whole(0, 2**63 - 1, "What the member can use after it."),
    },
    needed=frozenset({"fact", "unit", "precision", "spent", "active"}),
)


class Spends(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}
    moves_value = frozenset({"POST"})

    @call(
        "spend_points",
        tag="Points",
        summary="Spend points",
        about="A member number or id says who it is and allows nothing: send the code that the member's own page shows "
        "(`/p/<program>/code/`), which changes every minute and works once. A wrong, an expired and a used code are all "
        "refused with `passcode_wrong`; after five wrong ones the member's codes rest for a quarter of an hour. Without a "
        "code staff answer with a reason: that needs the scope `points:write` besides. With `order`, a return of that "
        "order gives the points back.",
        takes=SPEND,
        example={
            "unit": "points",
            "amount": 500,
            "order": {"source": "shop", "external_id": "1001"},
            "authorization": {"kind": "code", "code": "4821 7730"},
        },
        ids=["member_id"],
        gives={201: (SPENT, {"fact": 4400, "unit": "points", "precision": 0, "spent": 500, "active": 74})},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(SPEND, request.data)
        if isinstance(asked["authorization"], Override):
            self.require(Scope.POINTS_WRITE)
        return postings.once(
            self,
            request,
            work=lambda keep: self._spend(member_id, asked, keep),
            tell=lambda movement: (201, self._told(asked, movement)),
        )

    def _spend(
        self, member_id: int, asked: dict[str, Any], keep: Callable[[Movement], posting.Kept]
    ) -> Movement:
        order = asked.get("order")
        return spending.spend(
            program=self.program,
            member=people.named(self.program, member_id),
            unit=asked["unit"],
            amount=asked["amount"],
            authorization=asked["authorization"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
            order=(order.get("source", "api"), order["external_id"]) if order else None,
            keep=keep,
        )

    def _told(self, asked: dict[str, Any], movement: Movement) -> dict[str, Any]:
        book = rulebook.of(self.program.pk, database=str(connection.settings_dict["NAME"]))
        return {
            "fact": movement.fact_id,
            "unit": asked["unit"],
            "precision": book.units[asked["unit"]].precision,
            "spent": asked["amount"],
            "active": movement.active,
        }
