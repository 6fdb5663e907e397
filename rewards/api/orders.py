"""Calls that read orders: what was bought, what it earned and why, and what an order would earn (23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from loyaltysite.kit import clock, shapes
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.shapes import Anything, Flag, Many, Moment, Nullable, Object, Text, Whole
from members.api import endpoints, reading
from members.api.documents import ID, Query, call
from members.models import Order, OrderLine, OrderState, Scope
from rewards import histories, intake
from rewards.api import codes, fact_shapes, facts, inputs
from rewards.engine import reasons
from rewards.engine.explanation import Reason
from rewards.giftcards import guessing
from rewards.giftcards.refusals import GiftCardInvalid
from rewards.intake import checks
from rewards.models import Award, EarningRule, RuleVersion, Settlement, Unit

MINOR = Whole(0, 2**63 - 1)
BOUGHT = Object(
    "BoughtLine",
    {
        "position": Whole(0, 2**31 - 1),
        "kind": Text(16),
        "sku": Text(128),
        "name": Text(300),
        "category": Text(128),
        "quantity": Whole(1, 2**31 - 1),
        "amount_minor": MINOR,
        "discount_minor": MINOR,
        "tax_minor": MINOR,
        "basis_minor": Whole(0, 2**63 - 1, "What of it earns."),
        "returned_quantity": Whole(0, 2**31 - 1),
    },
    needed=frozenset(
        {
            "position", "kind", "sku", "name", "category", "quantity", "amount_minor", "discount_minor", "tax_minor",
            "basis_minor", "returned_quantity",
        }
    ),
)  # fmt: skip
ORDER = Object(
    "Order",
    {
        "id": ID,
        "source": Text(32),
        "external_id": Text(128),
        "member": Nullable(ID),
        "store": Nullable(Text(64)),
        "channel": Text(32),
        "state": Text(16, choices=tuple(OrderState.values)),
        "revision": Whole(0, 2**31 - 1),
        "occurred_at": Moment(),
        "currency": Text(3),
        "total_minor": MINOR,
        "basis_minor": MINOR,
        "returned_minor": MINOR,
        "lines": Many(BOUGHT, checks.MOST_LINES),
    },
    needed=frozenset(
        {
            "id", "source", "external_id", "member", "store", "channel", "state", "revision", "occurred_at", "currency",
            "total_minor", "basis_minor", "returned_minor", "lines",
        }
    ),
)  # fmt: skip
ORDERS = reading.page_shape("OrderPage", ORDER)
STEP = Anything(about="One step of the arithmetic: its name, figures and the exact amount after it.")
AWARD = Object(
    "Award",
    {
        "rule": Text(60, about="The rule's key."),
        "version": Whole(1, 2**31 - 1),
        "unit": Text(40),
        "desired": Whole(0, 2**63 - 1, "Before caps, in ledger units."),
        "awarded": Whole(0, 2**63 - 1),
        "cut_by": Text(40, about="What cut it, or empty."),
        "steps": Many(STEP, 20),
    },
    needed=frozenset({"rule", "version", "unit", "desired", "awarded", "cut_by", "steps"}),
)
MISSING = Object(
    "Missing",
    {"field": Text(200), "sentence": Text(2000), "wanted": Text(2000), "actual": Text(2000)},
    needed=frozenset({"field", "sentence", "wanted", "actual"}),
)
REASON = Object(
    "RuleReason",
    {
        "rule": Text(60),
        "code": Text(40, about="`given`, `cut`, `group`, `conditions`, `minimum`, `window`, …"),
        "has_fired": Flag(),
        "text": Text(4000, about="In the language of Accept-Language."),
        "params": Anything(),
        "missing": Many(MISSING, 100, about="Which conditions failed, what was wanted and what there was."),
    },
    needed=frozenset({"rule", "code", "has_fired", "text", "params", "missing"}),
)
SETTLED = Object(
    "Settlement",
    {
        "fact": ID,
        "unit": Text(40),
        "reversed": Whole(-(2**63), 2**63 - 1, "Taken back by this return; below zero: given again."),
        **{
            name: Whole(0, 2**63 - 1)
            for name in ("from_own", "from_ended", "from_others", "to_arrears", "forgiven")
        },
    },
    needed=frozenset(
        {"fact", "unit", "reversed", "from_own", "from_ended", "from_others", "to_arrears", "forgiven"}
    ),
)
EXPLANATION = Object(
    "Explanation",
    {
        "order": ID,
        "awards": Many(AWARD, 1000),
        "reasons": Many(REASON, 10_000, about="One for every rule, fired or not."),
        "settlements": Many(SETTLED, 100_000, about="What returns took back, and from where."),
    },
    needed=frozenset({"order", "awards", "reasons", "settlements"}),
)
PREVIEW = Object(
    "Preview",
    {
        "points": Many(
            fact_shapes.POINTS, 1000, about="What the order would earn, and the balance after it."
        ),
        "tier": Nullable(Text(40)),
        "benefits": fact_shapes.BENEFITS,
        "awards": Many(AWARD, 1000),
        "reasons": Many(REASON, 10_000),
        "quote": Nullable(
            Text(
                4000,
                about="Send it with the order within 30 minutes to have it priced by these rule versions.",
            )
        ),
        "payment": fact_shapes.PAYMENT,
        "codes": fact_shapes.CODES,
    },
    needed=frozenset({"points", "tier", "benefits", "awards", "reasons", "quote"}),
)
FILTERS = {
    "source": Query(Text(32, 1), "Only orders from this system."),
    "external_id": Query(Text(128, 1), "Only the order with this number."),
    "member": Query(ID, "Only orders of this member.", is_number=True),
    **reading.PAGING,
}


class FilterMissing(DomainError):
    code = "filter_missing"
    message = _("Name a member or an order number.")


class PreviewRefused(DomainError):
    """The order could not be recorded as it is; the code is the intake's."""

    def __init__(self, code: str, message: str, field: str) -> None:
        super().__init__(message, field=field or None)
        self.code = code  # type: ignore[misc]


class Orders(facts.Orders):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.ORDERS_READ, "POST": Scope.ORDERS_WRITE}

    @call(
        "list_orders",
        tag="Orders",
        summary="Find orders",
        about="Those of a member, latest first, or the one with a number.",
        query=FILTERS,
        gives={200: (ORDERS, None)},
    )
    def get(self, request: Request) -> Response:
        asked = reading.query(request, FILTERS)
        if not asked.keys() & {"external_id", "member"}:
            raise FilterMissing
        rows = Order.objects.filter(program=self.program).exclude(state=OrderState.AWAITED)
        names = {"source": "source", "external_id": "external_id", "member": "member_id"}
        rows = rows.filter(**{names[name]: value for name, value in asked.items() if name in names})
        rows = rows.select_related("store")
        found = reading.page(rows, asked, by=("occurred_at", "id"), tell=lambda order: order)
        return Response(found | {"items": _told(found["items"])})


class One(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.ORDERS_READ}

    @call("read_order", tag="Orders", summary="Read an order", ids=["order_id"], gives={200: (ORDER, None)})
    def get(self, request: Request, order_id: int) -> Response:
        return Response(_told([find(order_id)])[0])


class Explanation(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"GET": Scope.ORDERS_READ}

    @call(
        "explain_order",
        tag="Orders",
        summary="Explain an order's points",
        about="The arithmetic of every award, a reason for every rule that gave nothing with what was missing, and what "
        "returns took back. Empty for an order without a member.",
        ids=["order_id"],
        gives={200: (EXPLANATION, None)},
    )
    def get(self, request: Request, order_id: int) -> Response:
        order = find(order_id)
        fact_id = order.fact_id or 0
        units = {unit.pk: unit.key for unit in Unit.objects.all()}
        settlements = Settlement.objects.filter(order_id=order.pk).order_by("number", "unit_id")
        found = {
            "order": order.pk,
            "awards": _awards(Award.objects.filter(fact_id=fact_id), units),
            "reasons": _reasons(histories.explain(program=self.program, fact_id=fact_id)),
            "settlements": [
                {"fact": row.fact_id, "unit": units[row.unit_id]}
                | {name: getattr(row, name) for name in SETTLED.needed - {"fact", "unit"}}
                for row in settlements
            ],
        }
        return Response(found)


class Preview(endpoints.Endpoint):
    scopes: ClassVar[Mapping[str, str]] = {"POST": Scope.ORDERS_READ}

    @call(
        "preview_order",
        tag="Orders",
        summary="Preview an order",
        about="The same computation as sending the order, and nothing is written. For a member who is known it gives a "
        "quote: the order that carries it is priced by the same rule versions, though caps still hold. `tenders` are "
        "looked at without the member's word (scope `points:spend`), and the quote then holds for this way of paying.",
        takes=inputs.ORDER,
        example=fact_shapes.ORDER_EXAMPLE,
        gives={200: (PREVIEW, None)},
        refuses=(409,),
    )
    def post(self, request: Request) -> Response:
        item = shapes.read(inputs.ORDER, request.data).item
        if item.tenders:
            # It tells what a gift card holds, which is for those who may spend it.
            self.require(Scope.POINTS_SPEND)
            guessing.check(f"key:{self.caller.key_id}")
        guessers = codes.look_out(self, [item])
        found = intake.preview(program=self.program, item=item, now=clock.now())
        outcome = found.outcome
        codes.count(self, guessers, [one.get("code", "") for one in outcome.codes])
        if outcome.code == GiftCardInvalid.code:
            guessing.note(f"key:{self.caller.key_id}")
        if outcome.status == fact_shapes.REFUSED:
            raise PreviewRefused(outcome.code, outcome.message, outcome.field)
        told = fact_shapes.told(self.program.pk, outcome)
        names = _rule_names({award.version_id for award in found.awards})
        awards = [
            _award(
                *names[award.version_id], award.unit, award.desired, award.awarded, award.cut_by, award.trail
            )
            for award in found.awards
        ]
        shown = {
            "points": told["points"],
            "tier": told["tier"],
            "benefits": told["benefits"],
            "awards": awards,
            "reasons": _reasons(found.reasons),
            "quote": found.quote or None,
        }
        return Response(shown | {name: told[name] for name in ("payment", "codes") if name in told})


def find(order_id: int) -> Order:
    """The order of the caller's program. Raises NotFound, also for one that has not come yet."""
    rows = Order.objects.select_related("store").exclude(state=OrderState.AWAITED)
    order = rows.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def _told(orders: Sequence[Order]) -> list[dict[str, Any]]:
    lines: dict[int, list[OrderLine]] = {order.pk: [] for order in orders}
    revisions = {order.pk: order.revision for order in orders}
    for line in OrderLine.objects.filter(order_id__in=lines).order_by("order_id", "position"):
        if line.revision == revisions[line.order_id]:
            lines[line.order_id].append(line)
    return [_order_told(order, lines[order.pk]) for order in orders]


def _order_told(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    plain = ORDER.needed - {"id", "member", "store", "lines"}
    return {name: getattr(order, name) for name in plain} | {
        "id": order.pk,
        "member": order.member_id,
        "store": order.store.code if order.store else None,
        "lines": [{name: getattr(line, name) for name in BOUGHT.fields} for line in lines],
    }


def _rule_names(ids: set[int]) -> dict[int, tuple[str, int]]:
    found = RuleVersion.objects.filter(pk__in=ids).select_related("rule")
    return {version.pk: (version.rule.key, version.number) for version in found}


def _awards(rows: QuerySet[Award], units: Mapping[int, str]) -> list[dict[str, Any]]:
    awards = sorted(rows, key=lambda row: row.version_id)
    names = _rule_names({row.version_id for row in awards})
    return [
        _award(*names[row.version_id], units[row.unit_id], row.desired, row.awarded, row.cut_by, row.trail)
        for row in awards
    ]


def _award(
    rule: str, version: int, unit: str, desired: int, awarded: int, cut_by: str, trail: Sequence[Any]
) -> dict[str, Any]:
    return {
        "rule": rule,
        "version": version,
        "unit": unit,
        "desired": desired,
        "awarded": awarded,
        "cut_by": cut_by,
        "steps": list(reasons.unfold(trail, cut_by=cut_by, awarded=awarded)),
    }


def _reasons(found: Sequence[Reason]) -> list[dict[str, Any]]:
    keys = dict(EarningRule.objects.filter(pk__in={each.rule_id for each in found}).values_list("pk", "key"))
    return [
        {
            "rule": keys[reason.rule_id],
            "code": reason.code,
            "has_fired": reason.has_fired,
            "text": reason.text,
            "params": dict(reason.params),
            "missing": [
                {
                    "field": each.field,
                    "sentence": str(each.sentence),
                    "wanted": str(each.wanted),
                    "actual": str(each.actual),
                }
                for each in reason.missing
            ],
        }
        for reason in found
    ]
