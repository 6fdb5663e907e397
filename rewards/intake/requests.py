"""What must be read before a batch of items can be posted: one document for wafa_read()."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson

from members import identities
from rewards import quotes
from rewards.engine.facts import Occasion
from rewards.giftcards import codes
from rewards.intake.checks import OWN_SOURCE
from rewards.intake.items import (
    SUBSCRIPTION,
    CancelIn,
    EventIn,
    Item,
    LineIn,
    OrderIn,
    PaidIn,
    ReturnIn,
    ReturnLineIn,
    TenderIn,
    Who,
)
from rewards.policies import add_months, local_time
from rewards.rulebook import Rulebook
from rewards.tiers.schemes import Scheme

CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
# What not every order has comes after the rest, and only where it is: so the prints of the others stay what they were.
RARE = {"codes", "tenders"}
# What gives the plain fields of each kind of item at once.
VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(each.name for each in fields(kind) if each.name not in {"lines", "member"} | RARE))
    for kind in (OrderIn, PaidIn, CancelIn, ReturnIn, EventIn, LineIn, ReturnLineIn, TenderIn, Who)
}
KINDS = {OrderIn: "order", PaidIn: "order.paid", CancelIn: "order.cancelled", ReturnIn: "return"}


def kind_of(item: Item) -> str:
    """The kind of the item's fact."""
    return f"event.{item.kind}" if isinstance(item, EventIn) else KINDS[type(item)]


def key_of(item: Item) -> tuple[str, str, str, int]:
    """What names the item's fact in its program: source, kind, external id, revision."""
    return item.source, kind_of(item), item.external_id, getattr(item, "revision", 0)


def canonical(item: Item) -> bytes:
    """The item's content in the form that its print is taken of: its fields in their order."""
    return orjson.dumps(_content(item), option=CANONICAL)


def _content(item: Item) -> list[Any]:
    """The values of an item. Named one by one they would be dumped in three times the time."""
    found = list(VALUES[type(item)](item))
    if isinstance(item, OrderIn | ReturnIn):
        found.append([VALUES[type(line)](line) for line in item.lines])
    if not isinstance(item, PaidIn | CancelIn):
        found.append(None if item.member is None else VALUES[Who](item.member))
    # Only where there are any: what was sent before codes existed keeps its print.
    if isinstance(item, OrderIn) and item.codes:
        found.append(item.codes)
    if isinstance(item, OrderIn) and item.tenders:
        found.append(["tenders", *(VALUES[TenderIn](each) for each in item.tenders)])
    return found


def payload(item: Item) -> dict[str, Any]:
    """The item as JSON, for one that must wait."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(asdict(item)))
    return found


def order_key(item: Item) -> tuple[str, str] | None:
    """The order an item is about, by source and external id. An event names one as `order` in its data."""
    if isinstance(item, ReturnIn):
        return (item.source, item.order) if item.order else None
    if isinstance(item, EventIn):
        named = item.data.get("order")
        return (item.source, named) if named and isinstance(named, str) else None
    return item.source, item.external_id


def who_of(item: Item) -> Who | None:
    return None if isinstance(item, PaidIn | CancelIn) else item.member


def newcomers(items: Sequence[Item], known: Mapping[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Whoever would join with these items: (kind, normal value)."""
    people = {_normal(who) for who in map(who_of, items) if who is not None and who.joins}
    return people - known.keys()


def document(items: Sequence[Item], rulebook: Rulebook, *, due: datetime) -> dict[str, Any]:
    """The request for wafa_read(). Only plain orders and events: members' wallets are read whole where needed."""
    found: dict[str, Any] = {
        "program": rulebook.program_id,
        "facts": [*(_fact(index, item) for index, item in enumerate(items)), *_quotes(items)],
        "due": due.isoformat(),
    }
    people = _people(items)
    found["who"] = [
        {"kind": kind, "value": value, "whole": whole}
        for (kind, value), whole in people.items()
        if kind != "number"
    ]
    numbers = [
        {"number": value, "whole": whole} for (kind, value), whole in people.items() if kind == "number"
    ]
    if numbers:
        found["numbers"] = numbers
    orders = [(index, key) for index, item in enumerate(items) if (key := order_key(item)) is not None]
    if orders:
        found["orders"] = [
            {"i": i, "source": source, "external_id": number} for i, (source, number) in orders
        ]
    skus = list(_skus(items))
    if skus:
        found["skus"] = skus
    cards = list(_cards(items, rulebook.program_id))
    if cards:
        found["cards"] = cards
    _add_counters(found, items, rulebook)
    if rulebook.scheme is not None:
        found["metrics_from"] = _metrics_from(items, rulebook.scheme).isoformat()
    if any(isinstance(item, EventIn) and item.kind == SUBSCRIPTION for item in items):
        found["renewals"] = SUBSCRIPTION
    if rulebook.plans:
        found["terms_from"] = min(item.occurred_at for item in items).isoformat()
    return found


def _metrics_from(items: Sequence[Item], scheme: Scheme) -> date:
    """Rolling windows have a bucket a day, of which only the latest count; the others have few and all are read."""
    if scheme.window != "rolling":
        return date.min
    first = min(item.occurred_at for item in items).astimezone(scheme.zone).date()
    return add_months(first, -2 * scheme.months)


def _people(items: Sequence[Item]) -> dict[tuple[str, str], bool]:
    """Who is named, and whether that member's wallets must be read whole: for a member of whom old points may move,
    also because of another item about the same order."""
    moving = [item for item in items if _moves_old_points(item)]
    moved = {order_key(item) for item in moving} - {None}
    found: dict[tuple[str, str], bool] = {}
    for item in items:
        who = who_of(item)
        if who is not None:
            name = _normal(who)
            found[name] = found.get(name, False) or (bool(moving) and _is_among(item, moved))
    return found


def _is_among(item: Item, moved: set[tuple[str, str] | None]) -> bool:
    return _moves_old_points(item) or order_key(item) in moved


def _moves_old_points(item: Item) -> bool:
    """Whether more than new lots may move: then the wallets are read whole."""
    if isinstance(item, OrderIn):
        return item.revision > 0 or bool(item.tenders)
    return not isinstance(item, EventIn) or order_key(item) is not None


def _cards(items: Sequence[Item], program_id: int) -> Iterable[str]:
    """The digests of the gift cards that pay, in hex."""
    for item in items:
        if isinstance(item, OrderIn) and item.tenders:
            for tender in item.tenders:
                if tender.card:
                    digests = codes.digests(program_id=program_id, code=codes.clean(tender.card))
                    yield from (digest.hex() for digest in digests)


def _quotes(items: Sequence[Item]) -> Iterable[dict[str, Any]]:
    """A quote is used once: using it is a fact of its own."""
    for index, item in enumerate(items):
        if isinstance(item, OrderIn) and item.quote:
            number = quotes.read(item.quote).id
            yield {
                "i": -1 - index,
                "source": OWN_SOURCE,
                "kind": "quote",
                "external_id": number,
                "revision": 0,
            }


def _fact(index: int, item: Item) -> dict[str, Any]:
    source, kind, external_id, revision = key_of(item)
    return {"i": index, "source": source, "kind": kind, "external_id": external_id, "revision": revision}


def _normal(who: Who) -> tuple[str, str]:
    return who.kind, normal(who.kind, who.value)


@lru_cache(maxsize=1 << 14)
def normal(kind: str, value: str) -> str:
    """An identity in its one form; every item of a batch asks three times for that of its member."""
    return value if kind == "number" else identities.normalize(kind, value)


def _skus(items: Iterable[Item]) -> Iterable[dict[str, str]]:
    """Members and SKUs of returns that name no order."""
    for item in items:
        if isinstance(item, ReturnIn) and not item.order and item.member is not None:
            kind, value = _normal(item.member)
            for line in item.lines:
                yield {"kind": kind, "value": value, "sku": line.sku}


def _add_counters(found: dict[str, Any], items: Sequence[Item], rulebook: Rulebook) -> None:
    keys: set[str] = set()
    budgets: set[int] = set()
    seen: set[tuple[int, str, date, str]] = set()
    for item in items:
        if not isinstance(item, OrderIn | EventIn):
            continue
        engine = rulebook.engine_at(item.occurred_at)
        kind = item.kind if isinstance(item, EventIn) else "order"
        store = item.store if isinstance(item, OrderIn) else ""
        local = local_time(item.occurred_at, rulebook.zone)
        day = (id(engine), kind, local.date(), store)
        if day in seen:
            continue
        seen.add(day)
        occasion = Occasion(kind, item.occurred_at, local, store)
        if kind == "order" and rulebook.scheme is not None and rulebook.scheme.counted == "visits":
            keys.add(visit_key(occasion))
        if kind not in engine.kinds:
            continue
        keys.update(engine.program.counter_keys(occasion))
        budgets.update(engine.budgets)
    if keys:
        found["keys"] = list(keys)
    if budgets:
        found["budgets"] = list(budgets)


def visit_key(occasion: Occasion) -> str:
    """The counter of a member's orders in one store on one local day: together they are one visit."""
    return f"0:v{occasion.local.date().isoformat()}:{occasion.store}"


def as_item(payload: dict[str, Any], kind: str) -> PaidIn | CancelIn | ReturnIn:
    """The item that payload() stored."""
    values = {name: value for name, value in payload.items() if name != "kind"}
    values["occurred_at"] = datetime.fromisoformat(values["occurred_at"]).astimezone(UTC)
    if kind == "order.paid":
        return PaidIn(**values)
    if kind == "order.cancelled":
        return CancelIn(**values)
    values["lines"] = tuple(ReturnLineIn(**line) for line in values["lines"])
    values["member"] = Who(**values["member"]) if values["member"] else None
    return ReturnIn(**values)
