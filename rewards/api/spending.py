"""The call that spends points, which needs the member's code or the word of staff (SEMANTICS 38)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from loyaltysite.kit.shapes import Fault, Object, Shape, Text, Whole
from members.api import endpoints, people
from members.api.documents import ID, call
from members.models import Scope
from rewards import spending
from rewards.api import inputs
from rewards.api.points import author_in_team, fact_key
from rewards.queries import units_of
from rewards.spending import Override, Passcode

CODE, OVERRIDE = "code", "override"


def _passcode(*, kind: str, code: str) -> Passcode:
    return Passcode(code)


def _override(*, kind: str, reason: str) -> Override:
    return Override(reason)


BY_CODE = Object(
    "",
    {
        "kind": Text(8, choices=(CODE,)),
        "code": Text(20, 1, about="What the member's own page shows now.", example="4821 7730"),
    },
    needed=frozenset({"kind", "code"}),
    into=_passcode,
    about="The member agrees: the code changes every minute and works once.",
)
BY_STAFF = Object(
    "",
    {
        "kind": Text(8, choices=(OVERRIDE,)),
        "reason": Text(300, 1, example="Phone broken, passport seen"),
    },
    needed=frozenset({"kind", "reason"}),
    into=_override,
    about="Staff answer for it, in the name of the key's author and within that author's limit of adjusting.",
)


class Authorization(Shape):
    """One of two objects, told apart by `kind`."""

    def read(self, value: object, path: str, faults: list[Fault]) -> Any:
        is_override = type(value) is dict and value.get("kind") == OVERRIDE
        return (BY_STAFF if is_override else BY_CODE).read(value, path, faults)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [BY_CODE.schema(), BY_STAFF.schema()]}


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
        return self.in_one(request, lambda: self._spend(member_id, asked))

    def _spend(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        member = people.find(member_id)
        unit = next((one for one in units_of(self.program) if one.key == asked["unit"]), None)
        if unit is None:
            raise NotFound(field="unit")
        order = asked.get("order")
        movement = spending.spend(
            program=self.program,
            member=member,
            unit=unit.key,
            amount=asked["amount"],
            authorization=asked["authorization"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
            order=(order.get("source", "api"), order["external_id"]) if order else None,
        )
        told = {"fact": movement.fact_id, "unit": unit.key, "precision": unit.precision}
        return 201, told | {"spent": asked["amount"], "active": movement.active}
