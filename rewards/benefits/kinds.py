"""The kinds of benefits that tiers and plans share, as JSON: read, checked and brought into one form. Pure, no I/O.

{"kind": "promise", "texts": {language: text}}; a {language: text} alone is the same.
{"kind": "rate", "unit": key, "factor": "3/2"}, with "on_top": true times the other factors in place of the higher one.
{"kind": "percent_off", "percent": "10"}, with "categories": [...] on these alone.
{"kind": "free_shipping"}, with "minimum_minor": from goods of that much on.
{"kind": "early_access", "days": N}: rewards that begin later can be had so many days before.
{"kind": "rewards", "keys": [...]}: these rewards are for holders only.
{"kind": "birthday", "unit": key, "amount": ledger units}: besides what rules give that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError
from rewards.engine.reasons import plain

PROMISE: Final = "promise"
RATE: Final = "rate"
PERCENT: Final = "percent_off"
SHIPPING: Final = "free_shipping"
EARLY: Final = "early_access"
REWARDS: Final = "rewards"
BIRTHDAY: Final = "birthday"
KINDS: Final = (RATE, PERCENT, SHIPPING, EARLY, REWARDS, BIRTHDAY, PROMISE)
# What the price of an order depends on; it is stored with the order's pricing.
PRICING: Final = frozenset({RATE, PERCENT, SHIPPING})

MOST_BENEFITS, MOST_DAYS, MOST_FACTOR, MOST = 40, 365, 100, 10**13
LONGEST_TEXT = 300

Benefit = Mapping[str, Any]


class BenefitRefused(DomainError):
    """`field` is the part of the benefit, such as "percent"."""

    code = "benefit_refused"
    message = _("This benefit cannot be.")


def read(benefits: Iterable[Any]) -> list[dict[str, Any]]:
    """Every benefit in its one form. Raises BenefitRefused."""
    found = [_read_one(each) for each in benefits]
    if len(found) > MOST_BENEFITS:
        raise BenefitRefused(_("At most %(most)d benefits."), most=MOST_BENEFITS, field="benefits")
    return found


def kind_of(benefit: Benefit) -> str:
    kind: str = benefit.get("kind", PROMISE)
    return kind


def texts_of(benefit: Benefit) -> Mapping[str, str]:
    """The texts of a promise."""
    texts: Mapping[str, str] = benefit["texts"] if "kind" in benefit else benefit
    return texts


def factor_of(benefit: Benefit) -> Fraction:
    return Fraction(str(benefit["factor"]))


def is_rate_of(benefit: Benefit, unit: str) -> bool:
    return kind_of(benefit) == RATE and benefit["unit"] == unit


def check(
    benefits: Iterable[Benefit], *, units: Mapping[str, int], rewards: Iterable[str], main: str
) -> None:
    """What only the program knows: its units (by key, with precision), its rewards, its first language. Raises
    BenefitRefused."""
    known = set(rewards)
    for benefit in benefits:
        kind = kind_of(benefit)
        if kind in {RATE, BIRTHDAY} and benefit["unit"] not in units:
            raise BenefitRefused(_("There is no such unit."), field="unit")
        if kind == REWARDS and not set(benefit["keys"]) <= known:
            raise BenefitRefused(_("There is no such reward."), field="keys")
        if kind == PROMISE and not texts_of(benefit).get(main, "").strip():
            raise BenefitRefused(_("Say it in the first language."), field="texts")


def _read_one(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise BenefitRefused
    if "kind" not in value:
        return {"kind": PROMISE, "texts": _texts(value)}
    kind = value["kind"]
    if not isinstance(kind, str) or kind not in _READERS:
        raise BenefitRefused(_("There is no such kind of benefit."), field="kind")
    needed, more, reader = _READERS[kind]
    if not needed <= value.keys() <= needed | more | {"kind"}:
        raise BenefitRefused(field="kind")
    return {"kind": kind, **reader(value)}


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(
        isinstance(code, str) and isinstance(text, str) and len(text) <= LONGEST_TEXT
        for code, text in value.items()
    ):
        raise BenefitRefused(field="texts")
    found = {code: text.strip() for code, text in value.items() if text.strip()}
    if not found:
        raise BenefitRefused(_("Say what is promised."), field="texts")
    return found


def _name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 60:
        raise BenefitRefused(field=field)
    return value


def _whole(value: Any, field: str, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BenefitRefused(
            _("A whole number from %(least)d to %(most)d."), field=field, least=least, most=most
        )
    return value


def _rate(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        factor = Fraction(str(value["factor"]))
    except (ValueError, ZeroDivisionError) as error:
        raise BenefitRefused(_("Say how many times as fast."), field="factor") from error
    if not 1 < factor <= MOST_FACTOR or factor.denominator > 10**6:
        raise BenefitRefused(_("More than 1 and at most 100."), field="factor")
    on_top = {"on_top": True} if value.get("on_top") is True else {}
    return {"unit": _name(value["unit"], "unit"), "factor": str(factor), **on_top}


def _percent(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        percent = Decimal(str(value["percent"]))
    except InvalidOperation as error:
        raise BenefitRefused(_("Say how many percent."), field="percent") from error
    if not percent.is_finite() or not 0 < percent <= 100 or percent.scaleb(2) % 1:
        raise BenefitRefused(_("Between 0 and 100 percent."), field="percent")
    categories = value.get("categories", [])
    if not isinstance(categories, list) or len(categories) > 100:
        raise BenefitRefused(field="categories")
    found = sorted({_name(each, "categories") for each in categories})
    return {"percent": plain(Fraction(percent))} | ({"categories": found} if found else {})


def _shipping(value: Mapping[str, Any]) -> dict[str, Any]:
    minimum = _whole(value.get("minimum_minor", 0), "minimum_minor", least=0, most=MOST)
    return {"minimum_minor": minimum} if minimum else {}


def _early(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"days": _whole(value["days"], "days", least=1, most=MOST_DAYS)}


def _rewards(value: Mapping[str, Any]) -> dict[str, Any]:
    keys = value["keys"]
    if not isinstance(keys, list) or not 1 <= len(keys) <= 200:
        raise BenefitRefused(_("Choose at least one reward."), field="keys")
    return {"keys": sorted({_name(key, "keys") for key in keys})}


def _birthday(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "unit": _name(value["unit"], "unit"),
        "amount": _whole(value["amount"], "amount", least=1, most=MOST),
    }


def _promise(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"texts": _texts(value["texts"])}


type Reader = Callable[[Mapping[str, Any]], dict[str, Any]]

_READERS: Mapping[str, tuple[set[str], set[str], Reader]] = {
    PROMISE: ({"texts"}, set(), _promise),
    RATE: ({"unit", "factor"}, {"on_top"}, _rate),
    PERCENT: ({"percent"}, {"categories"}, _percent),
    SHIPPING: (set(), {"minimum_minor"}, _shipping),
    EARLY: ({"days"}, set(), _early),
    REWARDS: ({"keys"}, set(), _rewards),
    BIRTHDAY: ({"unit", "amount"}, set(), _birthday),
}
