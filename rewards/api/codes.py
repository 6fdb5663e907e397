"""Codes over the API: what each takes off an order, what one is good for, and a halt to guessing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import Conflict
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Shape, Text, Whole
from members.api import endpoints, people
from members.api.documents import call
from members.models import Scope
from rewards import redemptions
from rewards.api.redemption_shapes import CODE, REDEMPTION, redemption_told
from rewards.api.redemption_shapes import EXAMPLE as REDEMPTION_EXAMPLE
from rewards.api.redemptions import ALIKE, Deed
from rewards.coupons import guessing, lookups, own
from rewards.coupons.guessing import Guesser
from rewards.coupons.refusals import CodeInvalid
from rewards.intake.items import OrderIn
from rewards.models import Coupon
from rewards.redemptions import moves

MINOR = Whole(0, 2**63 - 1)
COUPON = Object(
    "Coupon",
    {
        "coupon": Text(60, 1, example="summer"),
        "names": Anything(about="By language."),
        "terms": Anything(about="By language."),
        "kind": Text(8, choices=tuple(Coupon.Kind.values)),
        "value_minor": Nullable(MINOR),
        "percent": Nullable(Text(8)),
        "most_minor": Nullable(MINOR),
        "sku": Text(128),
        "minimum_minor": MINOR,
        "stores": Many(Text(64), 10_000, about="Where it works; empty: everywhere."),
        "members_only": Flag(),
        "stacking": Text(9, choices=tuple(Coupon.Stacking.values)),
        "ends_at": Nullable(Moment()),
    },
    needed=frozenset({
        "coupon", "names", "terms", "kind", "value_minor", "percent", "most_minor", "sku", "minimum_minor", "stores",
        "members_only", "stacking", "ends_at",
    }),
    about="A coupon, as far as its holder may know it.",
)  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "coupon": "summer",
    "names": {"en": "Summer"},
    "terms": {},
    "kind": "percent",
    "value_minor": None,
    "percent": "10.00",
    "most_minor": None,
    "sku": "",
    "minimum_minor": 2000,
    "stores": [],
    "members_only": False,
    "stacking": "common",
    "ends_at": "2026-08-31T22:00:00Z",
}


OWN_COUPON = Object(
    "OwnCoupon",
    {**COUPON.fields, "code": Text(64, 1, about="For its owner.", example="HV7K-92QF-3XTM-84WP")},
    needed=COUPON.needed | {"code"},
)
OWN_COUPONS = Object("OwnCoupons", {"items": Many(OWN_COUPON, own.SHOWN)}, needed=frozenset({"items"}))
OWN_EXAMPLE: dict[str, Any] = EXAMPLE | {"code": "HV7K-92QF-3XTM-84WP"}
GIVE = Object("CouponGift", {"coupon": Text(60, 1, example="summer")}, needed=frozenset({"coupon"}))


class Either(Shape):
    """A coupon or a redemption, told apart by `coupon`."""

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [COUPON.schema(), REDEMPTION.schema()]}


class NeedsOrder(Conflict):
    code = "coupon_needs_order"
    message = _("This code takes something off an order. Send it with the order.")


class Check(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "check_code",
        tag="Rewards",
        summary="Look what a code stands for",
        about="A redemption to hand over, or a coupon for an order: what it takes off an order, "
        f"`POST /orders/preview` tells. Changes nothing. {ALIKE} After too many of them it answers 429 for a while.",
        takes=CODE,
        example={"code": "HV7K-92QF-3XTM-84WP"},
        gives={200: (Either(), REDEMPTION_EXAMPLE)},
    )
    def post(self, request: Request) -> Response:
        asked, now = shapes.read(CODE, request.data), clock.now()
        guessers = guessers_of(self)
        guessing.check(program=self.program, guessers=guessers)
        one = moves.find(program=self.program, code=asked["code"])
        is_over = one is not None and one.due_at is not None and one.due_at <= now
        if one is not None and one.state in moves.OPEN and not is_over:
            return Response(redemption_told(one))
        try:
            coupon = lookups.find(program=self.program, typed=asked["code"], now=now)
        except CodeInvalid:
            guessing.note(program=self.program, guessers=guessers, wrong=1)
            raise
        return Response(coupon_told(coupon))


class Use(Deed):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.POINTS_SPEND}

    @call(
        "use_code",
        tag="Rewards",
        summary="Hand over what a code stands for",
        about=f"Once; what was only reserved is spent with it. {ALIKE} A coupon is used by the order that brings it.",
        takes=CODE,
        example={"code": "HV7K-92QF-3XTM-84WP", "store": "quay"},
        gives={200: (REDEMPTION, REDEMPTION_EXAMPLE | {"state": "fulfilled"})},
        refuses=[404],
        moves_value=True,
    )
    def post(self, request: Request) -> HttpResponse:
        asked = shapes.read(CODE, request.data)
        return self.do(request, self._use, code=asked["code"], store=asked.get("store", ""))

    def _use(self, *, code: str, **more: Any) -> Any:
        guessers = guessers_of(self)
        guessing.check(program=self.program, guessers=guessers)
        try:
            return redemptions.use(code=code, **more)
        except CodeInvalid:
            try:
                lookups.find(program=self.program, typed=code, now=more["now"])
            except CodeInvalid:
                guessing.note(program=self.program, guessers=guessers, wrong=1)
                raise
            raise NeedsOrder(field="code") from None


class Own(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.POINTS_SPEND, "POST": Scope.POINTS_WRITE}
    moves_value = frozenset({"POST"})

    @call(
        "list_member_coupons",
        tag="Rewards",
        summary="Read a member's own coupons",
        about="Those that still work, each with its code. The code is for its owner: keep it nowhere.",
        ids=["member_id"],
        gives={200: (OWN_COUPONS, {"items": [OWN_EXAMPLE]})},
    )
    def get(self, request: Request, member_id: int) -> Response:
        found = own.of(program=self.program, member=people.find(member_id), now=clock.now())
        items = [coupon_told(one.coupon) | {"ends_at": one.ends_at, "code": one.code} for one in found]
        return Response({"items": items})

    @call(
        "give_coupon",
        tag="Rewards",
        summary="Give a member a coupon",
        about="A code that works once and for nobody else. The member finds it on the portal.",
        takes=GIVE,
        example={"coupon": "summer"},
        ids=["member_id"],
        gives={201: (COUPON, EXAMPLE)},
        refuses=(409,),
        moves_value=True,
    )
    def post(self, request: Request, member_id: int) -> HttpResponse:
        asked = shapes.read(GIVE, request.data)

        def work() -> tuple[int, dict[str, Any]]:
            given = own.give(
                program=self.program,
                member=people.find(member_id),
                coupon=asked["coupon"],
                by=self.author,
                now=clock.now(),
            )
            return 201, coupon_told(given)

        return self.in_one(request, work)


def guessers_of(view: endpoints.Endpoint, items: Iterable[OrderIn] = ()) -> list[Guesser]:
    """Who may be guessing: the key, and whom its orders name."""
    named = {(who.kind, who.value) for item in items if item.codes and (who := item.member) is not None}
    return [("key", view.caller.key_id), *(("member", name) for name in sorted(named))]


def look_out(view: endpoints.Endpoint, items: Sequence[OrderIn]) -> list[Guesser]:
    """Before orders with codes are looked at. Raises CodesBlocked."""
    guessers = guessers_of(view, items) if any(item.codes for item in items) else []
    if guessers:
        guessing.check(program=view.program, guessers=guessers)
    return guessers


def count(view: endpoints.Endpoint, guessers: Sequence[Guesser], codes: Iterable[str]) -> None:
    """After: so many of the refusals were for codes that are none."""
    wrong = sum(code == CodeInvalid.code for code in codes)
    guessing.note(program=view.program, guessers=guessers, wrong=wrong)


def coupon_told(coupon: Coupon) -> dict[str, Any]:
    plain = COUPON.needed - {"coupon", "percent"}
    percent = None if coupon.percent is None else str(coupon.percent)
    return {name: getattr(coupon, name) for name in plain} | {"coupon": coupon.key, "percent": percent}
