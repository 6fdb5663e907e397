"""Calls about rewards: the catalogue, what a member can have, reserving it, and using the code of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import NotFound
from members.api import endpoints, people, reading
from members.api.documents import call
from members.models import Scope
from rewards import posting, redemptions
from rewards.api import postings
from rewards.api.points import author_in_team, fact_key
from rewards.api.redemption_shapes import (
    EXAMPLE,
    NOTHING,
    OFFERS,
    PAGE,
    REASON,
    REDEMPTION,
    RESERVE,
    REWARD_EXAMPLE,
    REWARDS,
    SHARED,
    WITH_CODE,
    days_of,
    redemption_told,
    reward_told,
)
from rewards.models import Redemption, Reward
from rewards.redemptions import moves, refusals, shelf, tickets, vouchers
from rewards.spending import Override

AUTHORIZED = {"kind": "code", "code": "4821 7730"}
ALIKE = "A wrong, a used and an expired code are all refused with `code_invalid`."


class Rewards(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.PROGRAM_READ}

    @call(
        "list_rewards",
        tag="Rewards",
        summary="Read the catalogue",
        gives={200: (REWARDS, {"items": [REWARD_EXAMPLE]})},
    )
    def get(self, request: Request) -> Response:
        live = Reward.objects.filter(state=Reward.State.LIVE).order_by("pk")
        days = days_of(live)
        return Response({"items": [reward_told(reward, days) for reward in live]})


class Offers(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "list_offers",
        tag="Rewards",
        summary="Read what a member can have",
        about="Every live reward, what can be had first, the others with what is missing.",
        ids=["member_id"],
        query=SHARED,
        gives={200: (OFFERS, {"items": [{"reward": REWARD_EXAMPLE, "can_have": True, "refusals": []}]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        asked = reading.query(request, SHARED)
        found = shelf.offers(
            program=self.program, member=people.find(member_id), now=clock.now(),
            shares=asked.get("from_household") == "true",
        )  # fmt: skip
        days = days_of([offer.reward for offer in found])
        items = [
            {
                "reward": reward_told(offer.reward, days),
                "can_have": not offer.obstacles,
                "refusals": [refusals.told(each) for each in offer.obstacles],
            }
            for offer in found
        ]
        return Response({"items": items})


class Redemptions(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ, "POST": Scope.POINTS_SPEND}
    moves_value = frozenset({"POST"})

    @call(
        "list_redemptions",
        tag="Rewards",
        summary="Read what a member has taken",
        query=reading.PAGING,
        ids=["member_id"],
        gives={200: (PAGE, None)},
    )
    def get(self, request: Request, member_id: int) -> Response:
        asked = reading.query(request, reading.PAGING)
        member = people.find(member_id)
        rows = Redemption.objects.filter(Q(member=member) | Q(member__merged_into=member))
        rows = rows.select_related("reward", "store")
        return Response(reading.page(rows, asked, by=("id",), tell=redemption_told))

    @call(
        "reserve_reward",
        tag="Rewards",
        summary="Reserve a reward",
        about="Points, stock and a code are held until `due_at`, then given back by themselves. What is not shown at the "
        "till is issued at once. As for spending, the member's changing code allows it, or the word of staff (which needs "
        "`points:write` besides); a member number never does. With `from_household` what the member lacks comes out of the "
        "household, within the limit of its head, and goes back there when it is released or cancelled. The code of the redemption is in `GET /redemptions/{id}`.",
        takes=RESERVE,
        example={"reward": "mug", "authorization": AUTHORIZED},
        ids=["member_id"],
        gives={201: (REDEMPTION, EXAMPLE)},
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(RESERVE, request.data)
        if isinstance(asked["authorization"], Override):
            self.require(Scope.POINTS_WRITE)
        return postings.once(
            self,
            request,
            work=lambda keep: self._reserve(member_id, asked, keep),
            tell=lambda made: (201, redemption_told(made)),
        )

    def _reserve(
        self, member_id: int, asked: dict[str, Any], keep: Callable[[Redemption], posting.Kept]
    ) -> Redemption:
        return redemptions.ask(
            program=self.program,
            member=people.named(self.program, member_id),
            reward=asked["reward"],
            authorization=asked["authorization"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
            store=asked.get("store", ""),
            at_once=asked.get("at_once"),
            keep=keep,
            shares=asked.get("from_household", False),
        )


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_SPEND}

    @call(
        "read_redemption",
        tag="Rewards",
        summary="Read a redemption with its code",
        about="The code is for its owner: whoever shows it gets the reward. Keep it nowhere.",
        ids=["redemption_id"],
        gives={200: (WITH_CODE, EXAMPLE | {"code": "HV7K-92QF-3XTM-84WP"})},
    )
    def get(self, request: Request, redemption_id: int) -> Response:
        one = Redemption.objects.filter(pk=redemption_id).select_related("reward", "store").first()
        if one is None:
            raise NotFound
        code = ""
        if one.state in moves.OPEN and (one.due_at is None or one.due_at > clock.now()):
            code = vouchers.code_of(one)
        return Response(redemption_told(one) | {"code": tickets.shown(code) if code else None})


class Deed(endpoints.Endpoint):
    """What is done with a redemption, answered once."""

    moves_value = frozenset({"POST"})

    def do(self, request: Request, deed: Callable[..., Redemption], **more: Any) -> HttpResponse:
        def work() -> tuple[int, dict[str, Any]]:
            by = author_in_team(self.caller).user
            return 200, redemption_told(deed(program=self.program, now=clock.now(), by=by, **more))

        return self.in_one(request, work)


def step(
    verb: str,
    deed: Callable[..., Redemption],
    *,
    state: str,
    scope: str,
    summary: str,
    about: str,
    reason: str = "",
) -> type[Deed]:
    """The call that does this with a redemption; `reason` is an example of what must be said with it."""
    takes = REASON if reason else NOTHING

    class Step(Deed):
        scopes: ClassVar[Mapping[str, str]] = {"POST": scope}

        @call(
            f"{verb}_redemption",
            tag="Rewards",
            summary=summary,
            about=about,
            takes=takes,
            example={"reason": reason} if reason else {},
            ids=["redemption_id"],
            gives={200: (REDEMPTION, EXAMPLE | {"state": state})},
            moves_value=True,
        )
        def post(self, request: Request, redemption_id: int) -> HttpResponse:
            asked = shapes.read(takes, request.data)
            return self.do(request, deed, redemption_id=redemption_id, **asked)

    return Step


Confirm = step(
    "confirm",
    redemptions.confirm,
    state="issued",
    scope=Scope.POINTS_SPEND,
    summary="Confirm a reservation",
    about="Spends what is held. A repeat changes nothing.",
)
Release = step(
    "release",
    redemptions.release,
    state="released",
    scope=Scope.POINTS_SPEND,
    summary="Release a reservation",
    about="Points go back to their lots, and the stock is free again.",
)
Cancel = step(
    "cancel",
    redemptions.cancel,
    state="cancelled",
    scope=Scope.POINTS_WRITE,
    summary="Cancel what was issued",
    about="Before it is used: points go back to their lots with their old end.",
    reason="Changed her mind",
)
Fail = step(
    "fail",
    redemptions.fail,
    state="failed",
    scope=Scope.POINTS_WRITE,
    summary="Take the blame",
    about="It could not be given, or was broken: all comes back, what has ended meanwhile for thirty days.",
    reason="Broken",
)
