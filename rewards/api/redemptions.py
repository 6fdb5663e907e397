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
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, people, reading
from members.api.documents import ID, call
from members.models import Scope
from rewards import redemptions
from rewards.api.points import author_in_team, fact_key
from rewards.api.spending import Authorization
from rewards.models import Redemption, Reward
from rewards.redemptions import moves, refusals, shelf, tickets
from rewards.redemptions.refusals import CodeInvalid
from rewards.spending import Override

MINOR = Whole(0, 2**63 - 1)
TEXTS = Anything(about="By language.")
PRICE = Anything(about="Ledger units by unit key, all of them together.")
KEY = Text(60, 1, example="mug")
STORE = Text(64, 1, example="quay")
REWARD = Object(
    "Reward",
    {
        "key": KEY,
        "kind": Text(10, choices=tuple(Reward.Kind.values)),
        "state": Text(5, choices=tuple(Reward.State.values)),
        "names": TEXTS,
        "summaries": TEXTS,
        "terms": TEXTS,
        "price": PRICE,
        "money_minor": Whole(0, 2**63 - 1, "To pay besides, in minor units of the currency."),
        "value_minor": Nullable(MINOR),
        "percent": Nullable(Text(8)),
        "sku": Text(64),
        "left": Nullable(Whole(0, 2**63 - 1, "How many there still are; null without a limit.")),
        "handover": Text(5, choices=tuple(Reward.Handover.values)),
        "starts_at": Nullable(Moment()),
        "ends_at": Nullable(Moment()),
    },
    needed=frozenset({
        "key", "kind", "state", "names", "summaries", "terms", "price", "money_minor", "value_minor", "percent", "sku",
        "left", "handover", "starts_at", "ends_at",
    }),
)  # fmt: skip
REWARDS = Object("Rewards", {"items": Many(REWARD, 10_000)}, needed=frozenset({"items"}))
OFFER = Object(
    "Offer",
    {
        "reward": REWARD,
        "can_have": Flag(about="Whether nothing stands in the way now."),
        "refusals": Many(Anything(about="`code`, `detail`, and what is missing."), 20),
    },
    needed=frozenset({"reward", "can_have", "refusals"}),
)
OFFERS = Object("Offers", {"items": Many(OFFER, 10_000)}, needed=frozenset({"items"}))
REDEMPTION = Object(
    "Redemption",
    {
        "id": ID,
        "member": ID,
        "reward": KEY,
        "state": Text(9, choices=tuple(Redemption.State.values)),
        "price": PRICE,
        "money_minor": MINOR,
        "benefit": Anything(about="What was promised: `kind`, and `value_minor`, `percent` or `sku`."),
        "store": Nullable(Text(64)),
        "reserved_at": Moment(),
        "issued_at": Nullable(Moment()),
        "closed_at": Nullable(Moment()),
        "due_at": Nullable(Moment(about="When it ends by time, while it can still be confirmed or used.")),
    },
    needed=frozenset({
        "id", "member", "reward", "state", "price", "money_minor", "benefit", "store", "reserved_at", "issued_at",
        "closed_at", "due_at",
    }),
)  # fmt: skip
WITH_CODE = Object(
    "RedemptionWithCode",
    {**REDEMPTION.fields, "code": Nullable(Text(19, about="For its owner; null once it opens nothing."))},
    needed=REDEMPTION.needed | {"code"},
)
PAGE = reading.page_shape("RedemptionPage", REDEMPTION)
RESERVE = Object(
    "RedemptionRequest",
    {
        "reward": KEY,
        "store": STORE,
        "at_once": Flag(about="Spend the points now; unless told, all that is not shown at the till is."),
        "authorization": Authorization(),
    },
    needed=frozenset({"reward", "authorization"}),
)
REASON = Object("RedemptionReason", {"reason": Text(300, 1, example="Broken")}, needed=frozenset({"reason"}))
NOTHING = Object("RedemptionStep", {}, about="An empty object.")
CODE = Object(
    "CodeRequest",
    {"code": Text(64, 1, example="HV7K-92QF-3XTM-84WP"), "store": STORE},
    needed=frozenset({"code"}),
)
REWARD_EXAMPLE = {
    "key": "mug",
    "kind": "product",
    "state": "live",
    "names": {"en": "Lighthouse mug"},
    "summaries": {},
    "terms": {},
    "price": {"points": 1500},
    "money_minor": 0,
    "value_minor": None,
    "percent": None,
    "sku": "mug-1",
    "left": 12,
    "handover": "till",
    "starts_at": None,
    "ends_at": None,
}
EXAMPLE = {
    "id": 2007,
    "member": 1007,
    "reward": "mug",
    "state": "reserved",
    "price": {"points": 1500},
    "money_minor": 0,
    "benefit": {"kind": "product", "sku": "mug-1"},
    "store": None,
    "reserved_at": "2026-03-01T10:15:00Z",
    "issued_at": None,
    "closed_at": None,
    "due_at": "2026-03-01T10:30:00Z",
}
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
        return Response({"items": [reward_told(reward) for reward in live]})


class Offers(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_READ}

    @call(
        "list_offers",
        tag="Rewards",
        summary="Read what a member can have",
        about="Every live reward, what can be had first, the others with what is missing.",
        ids=["member_id"],
        gives={200: (OFFERS, {"items": [{"reward": REWARD_EXAMPLE, "can_have": True, "refusals": []}]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        found = shelf.offers(program=self.program, member=people.find(member_id), now=clock.now())
        items = [
            {
                "reward": reward_told(offer.reward),
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
        "`points:write` besides); a member number never does. The code of the redemption is in `GET /redemptions/{id}`.",
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
        return self.in_one(request, lambda: self._reserve(member_id, asked))

    def _reserve(self, member_id: int, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        made = redemptions.ask(
            program=self.program,
            member=people.find(member_id),
            reward=asked["reward"],
            authorization=asked["authorization"],
            by=author_in_team(self.caller),
            key=fact_key(self.key),
            now=clock.now(),
            store=asked.get("store", ""),
            at_once=asked.get("at_once"),
        )
        return 201, redemption_told(made)


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
            code = tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed))
        return Response(redemption_told(one) | {"code": tickets.shown(code) if code else None})


class Deed(endpoints.Endpoint):
    """What is done with a redemption, answered once."""

    moves_value = frozenset({"POST"})

    def do(self, request: Request, deed: Callable[..., Redemption], **more: Any) -> HttpResponse:
        def work() -> tuple[int, dict[str, Any]]:
            by = author_in_team(self.caller).user
            return 200, redemption_told(deed(program=self.program, now=clock.now(), by=by, **more))

        return self.in_one(request, work)


class Confirm(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "confirm_redemption",
        tag="Rewards",
        summary="Confirm a reservation",
        about="Spends what is held. A repeat changes nothing.",
        takes=NOTHING,
        example={},
        ids=["redemption_id"],
        gives={200: (REDEMPTION, EXAMPLE | {"state": "issued"})},
        moves_value=True,
    )
    def post(self, request: Request, redemption_id: int) -> HttpResponse:
        shapes.read(NOTHING, request.data)
        return self.do(request, redemptions.confirm, redemption_id=redemption_id)


class Release(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "release_redemption",
        tag="Rewards",
        summary="Release a reservation",
        about="Points go back to their lots, and the stock is free again.",
        takes=NOTHING,
        example={},
        ids=["redemption_id"],
        gives={200: (REDEMPTION, EXAMPLE | {"state": "released"})},
        moves_value=True,
    )
    def post(self, request: Request, redemption_id: int) -> HttpResponse:
        shapes.read(NOTHING, request.data)
        return self.do(request, redemptions.release, redemption_id=redemption_id)


class Cancel(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "cancel_redemption",
        tag="Rewards",
        summary="Cancel what was issued",
        about="Before it is used: points go back to their lots with their old end.",
        takes=REASON,
        example={"reason": "Changed her mind"},
        ids=["redemption_id"],
        gives={200: (REDEMPTION, EXAMPLE | {"state": "cancelled"})},
        moves_value=True,
    )
    def post(self, request: Request, redemption_id: int) -> HttpResponse:
        asked = shapes.read(REASON, request.data)
        return self.do(request, redemptions.cancel, redemption_id=redemption_id, reason=asked["reason"])


class Fail(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_WRITE}

    @call(
        "fail_redemption",
        tag="Rewards",
        summary="Take the blame",
        about="It could not be given, or was broken: all comes back, what has ended meanwhile for thirty days.",
        takes=REASON,
        example={"reason": "Broken"},
        ids=["redemption_id"],
        gives={200: (REDEMPTION, EXAMPLE | {"state": "failed"})},
        moves_value=True,
    )
    def post(self, request: Request, redemption_id: int) -> HttpResponse:
        asked = shapes.read(REASON, request.data)
        return self.do(request, redemptions.fail, redemption_id=redemption_id, reason=asked["reason"])


class Check(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "check_code",
        tag="Rewards",
        summary="Look what a code stands for",
        about=f"Changes nothing. {ALIKE}",
        takes=CODE,
        example={"code": "HV7K-92QF-3XTM-84WP"},
        gives={200: (REDEMPTION, EXAMPLE)},
    )
    def post(self, request: Request) -> Response:
        asked = shapes.read(CODE, request.data)
        found = moves.find(program=self.program, code=asked["code"])
        is_over = found is not None and found.due_at is not None and found.due_at <= clock.now()
        if found is None or found.state not in moves.OPEN or is_over:
            raise CodeInvalid(field="code")
        return Response(redemption_told(found))


class Use(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "use_code",
        tag="Rewards",
        summary="Hand over what a code stands for",
        about=f"Once; what was only reserved is spent with it. {ALIKE}",
        takes=CODE,
        example={"code": "HV7K-92QF-3XTM-84WP", "store": "quay"},
        gives={200: (REDEMPTION, EXAMPLE | {"state": "fulfilled"})},
        refuses=[404],
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(CODE, request.data)
        return self.do(request, redemptions.use, code=asked["code"], store=asked.get("store", ""))


def reward_told(reward: Reward) -> dict[str, Any]:
    return {
        "key": reward.key,
        "kind": reward.kind,
        "state": reward.state,
        "names": reward.names,
        "summaries": reward.summaries,
        "terms": reward.terms,
        "price": reward.price,
        "money_minor": reward.money_minor,
        "value_minor": reward.value_minor,
        "percent": None if reward.percent is None else str(reward.percent),
        "sku": reward.sku,
        "left": None if reward.stock is None else reward.stock - reward.taken,
        "handover": reward.handover,
        "starts_at": reward.starts_at,
        "ends_at": reward.ends_at,
    }


def redemption_told(one: Redemption) -> dict[str, Any]:
    """Without its code: answers are kept."""
    return {
        "id": one.pk,
        "member": one.member_id,
        "reward": one.reward.key,
        "state": one.state,
        "price": one.price,
        "money_minor": one.money_minor,
        "benefit": one.benefit,
        "store": one.store.code if one.store else None,
        "reserved_at": one.reserved_at,
        "issued_at": one.issued_at,
        "closed_at": one.closed_at,
        "due_at": one.due_at,
    }
