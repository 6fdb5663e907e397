"""Calls about causes: which there are and what they were given, giving points to one, and a member's receipts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.shapes import Anything, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people, reading
from members.api.documents import ID, call
from members.models import Scope
from rewards.api.authorizing import Authorization
from rewards.api.points import author_in_team, fact_key
from rewards.causes import giving
from rewards.causes import reading as causes
from rewards.models import Cause, Donation
from rewards.spending import Override

MINOR = Whole(0, 2**63 - 1, "Minor units of the program's currency.")
KEY = Text(60, 1, example="lighthouse")
CAUSE = Object(
    "Cause",
    {
        "key": KEY,
        "state": Text(5, choices=tuple(Cause.State.values)),
        "names": Anything(about="By language."),
        "stories": Anything(about="By language."),
        "link": Text(200),
        "accepts": Anything(about="The least gift in ledger units, by unit key."),
        "goal_minor": Nullable(Whole(1, 2**63 - 1)),
        "gifts": Whole(0, 2**63 - 1),
        "given": Anything(about="Ledger units by unit key."),
        "given_minor": MINOR,
        "paid_minor": MINOR,
        "open_minor": MINOR,
    },
    needed=frozenset({
        "key", "state", "names", "stories", "link", "accepts", "goal_minor", "gifts", "given", "given_minor", "paid_minor",
        "open_minor",
    }),
)  # fmt: skip
CAUSES = Object("Causes", {"items": Many(CAUSE, 10_000)}, needed=frozenset({"items"}))
DONATION = Object(
    "Donation",
    {
        "id": ID,
        "receipt": Whole(1, 2**63 - 1, "Counts from 1 without a gap in the program."),
        "member": ID,
        "cause": KEY,
        "unit": Text(40),
        "amount": Whole(1, 2**63 - 1, "Ledger units."),
        "worth_minor": Whole(1, 2**63 - 1, "What they were worth that day, in minor units."),
        "through": Text(6, choices=tuple(Donation.Via.values)),
        "store": Nullable(Text(64)),
        "given_at": Moment(),
        "withdrawn_at": Nullable(Moment(about="When it was taken back; the receipt is void then.")),
    },
    needed=frozenset({
        "id", "receipt", "member", "cause", "unit", "amount", "worth_minor", "through", "store", "given_at", "withdrawn_at",
    }),
)  # fmt: skip
PAGE = reading.page_shape("DonationPage", DONATION)
WISH = Object(
    "DonationRequest",
    {
        "cause": KEY,
        "unit": Text(40, 1, example="points"),
        "amount": Whole(1, 10**15, "Ledger units.", 100),
        "store": Text(64, 1, example="quay"),
        "authorization": Authorization(),
    },
    needed=frozenset({"cause", "unit", "amount", "authorization"}),
)
REASON = Object(
    "DonationReason", {"reason": Text(300, 1, example="Typed twice")}, needed=frozenset({"reason"})
)
CAUSE_EXAMPLE = {
    "key": "lighthouse",
    "state": "live",
    "names": {"en": "The old lighthouse"},
    "stories": {},
    "link": "https://lighthouse.example/",
    "accepts": {"points": 100},
    "goal_minor": 500000,
    "gifts": 412,
    "given": {"points": 120400},
    "given_minor": 120400,
    "paid_minor": 100000,
    "open_minor": 20400,
}
EXAMPLE = {
    "id": 2100,
    "receipt": 413,
    "member": 1007,
    "cause": "lighthouse",
    "unit": "points",
    "amount": 100,
    "worth_minor": 100,
    "through": "api",
    "store": None,
    "given_at": "2026-03-01T10:15:00Z",
    "withdrawn_at": None,
}


class Causes(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_causes",
        tag="Causes",
        summary="Read the causes",
        about="Those that members can give to and those that have ended, with what they were given.",
        gives={200: (CAUSES, {"items": [CAUSE_EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        found = causes.shown(program=self.program, states=[Cause.State.LIVE, Cause.State.ENDED])
        return Response({"items": [cause_told(one) for one in found]})


class Donations(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ, "POST": Scope.POINTS_SPEND}
    moves_value = frozenset({"POST"})

    @call(
        "list_donations",
        tag="Causes",
        summary="Read what a member has given",
        query=reading.PAGING,
        ids=["member_id"],
        gives={200: (PAGE, None)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        asked = reading.query(request, reading.PAGING)
        rows = causes.gifts_of(program=self.program, member=people.find(member_id))
        return Response(reading.page(rows, asked, by=("given_at", "id"), tell=donation_told))

    @call(
        "donate_points",
        tag="Causes",
        summary="Give points to a cause",
        about="The member agrees by the code that the own page shows, or staff answer with a reason (scope `points:write`). "
        "The gift brings a receipt at once.",
        takes=WISH,
        example={
            "cause": "lighthouse",
            "unit": "points",
            "amount": 100,
            "authorization": {"kind": "code", "code": "4821 7730"},
        },
        ids=["member_id"],
        gives={201: (DONATION, EXAMPLE)},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(WISH, request.data)
        if isinstance(asked["authorization"], Override):
            self.require(Scope.POINTS_WRITE)
        return self.in_one(request, lambda: self._give(member_id, asked))

    def _give(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        gift = giving.give_for(
            program=self.program,
            member=people.find(member_id),
            cause=asked["cause"],
            unit=asked["unit"],
            amount=asked["amount"],
            authorization=asked["authorization"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
            store=asked.get("store", ""),
        )
        return 201, donation_told(gift)


class Withdrawal(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "withdraw_donation",
        tag="Causes",
        summary="Take a gift back",
        about="Points go back to their lots; the receipt keeps its number and is void. Refused once the money was paid on.",
        takes=REASON,
        example={"reason": "Typed twice"},
        ids=["donation_id"],
        gives={200: (DONATION, EXAMPLE | {"withdrawn_at": "2026-03-02T09:00:00Z"})},
        moves_value=True,
    )
    def post(self, request: Request, donation_id: int) -> HttpResponse:
        asked = shapes.read(REASON, request.data)
        return self.in_one(request, lambda: self._withdraw(donation_id, asked["reason"]))

    def _withdraw(self, donation_id: int, reason: str) -> tuple[int, dict[str, Any]]:
        by = author_in_team(self.caller).user
        gift = giving.withdraw(
            program=self.program, donation_id=donation_id, reason=reason, by=by, now=clock.now()
        )
        return 200, donation_told(gift)


def cause_told(one: causes.Shown) -> dict[str, Any]:
    cause, total = one.cause, one.total
    return {
        "key": cause.key,
        "state": cause.state,
        "names": cause.names,
        "stories": cause.stories,
        "link": cause.link,
        "accepts": cause.accepts,
        "goal_minor": cause.goal_minor,
        "gifts": total.gifts,
        "given": {unit.key: amount for unit, amount in total.units},
        "given_minor": total.worth_minor,
        "paid_minor": total.paid_minor,
        "open_minor": total.open_minor,
    }


def donation_told(gift: Donation) -> dict[str, Any]:
    return {
        "id": gift.pk,
        "receipt": gift.number,
        "member": gift.member_id,
        "cause": gift.cause.key,
        "unit": gift.unit.key,
        "amount": gift.amount,
        "worth_minor": gift.worth_minor,
        "through": gift.via,
        "store": gift.store.code if gift.store else None,
        "given_at": gift.given_at,
        "withdrawn_at": gift.withdrawn_at,
    }
