"""What a preset is: plain values that the domain's own functions can put up. Pure, no I/O.

Money is a Decimal in the currency's whole unit wherever it stands (1.00 is one euro, one yen, one dinar); everything
else is as the domain takes it. Texts of the program itself are {language: text}, texts about the preset go through
gettext.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise

type Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StampPart:
    """What one tap at the till stands for, and its price with tax."""

    sku: str
    names: Texts
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPart:
    """`worth` is what one is worth; `lapse` and `expiry` are policies (rewards/policies.py); `stamp` for one that the
    till gives with a tap."""

    key: str
    names: Mapping[str, Texts]
    precision: int = 0
    worth: Decimal = Decimal(0)
    expiry: Mapping[str, Any] = field(default_factory=dict)
    lapse: Mapping[str, Any] = field(default_factory=dict)
    notice_days: int = 0
    stamp: StampPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePart:
    key: str
    names: Texts
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPart:
    """A level from so much in a calendar year (see Preset.counted); `multipliers` are ratios as text by unit."""

    key: str
    names: Texts
    threshold: Decimal
    multipliers: Texts = field(default_factory=dict)
    # Those of rewards/benefits/kinds.py; texts alone are a promise.
    benefits: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardPart:
    """`values` are further settings of the catalogue (rewards/catalogue.py)."""

    key: str
    kind: str
    names: Texts
    summaries: Texts
    terms: Texts
    price: Mapping[str, int]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponPart:
    """A promotion by one code that everybody types; `values` are settings of a coupon (rewards/coupons/coupons.py)."""

    key: str
    word: str
    kind: str
    names: Texts
    terms: Texts
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePart:
    """A cause that members give to; `accepts` is the least gift by unit. Rewards name it by `cause_key`."""

    key: str
    names: Texts
    stories: Texts
    accepts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """A paid plan; `months` of a term, None where it is paid once. `benefits` as rewards/benefits/kinds.py has them."""

    key: str
    names: Texts
    summaries: Texts
    terms: Texts
    price: Decimal
    months: int | None
    benefits: tuple[Mapping[str, Any], ...]
    refund_days: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPart:
    """`target` is money where spend is counted; prizes are those of rewards/badges/prizes.py."""

    key: str
    names: Texts
    target: Decimal | int
    prizes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgePart:
    """`definition` is that of rewards/badges/goals.py without its levels."""

    key: str
    names: Texts
    texts: Texts
    medal: Mapping[str, str]
    definition: Mapping[str, Any]
    levels: tuple[LevelPart, ...]
    kind: str = "badge"
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """`does` is three lines; `open` is what the model has and this program has not yet."""

    key: str
    slug: str
    title: str | Promise
    inspired_by: str
    does: tuple[str | Promise, ...]
    open: tuple[str | Promise, ...]
    units: tuple[UnitPart, ...]
    rules: tuple[RulePart, ...]
    rewards: tuple[RewardPart, ...]
    tiers: tuple[TierPart, ...] = ()
    plans: tuple[PlanPart, ...] = ()
    causes: tuple[CausePart, ...] = ()
    coupons: tuple[CouponPart, ...] = ()
    badges: tuple[BadgePart, ...] = ()
    # What tiers count: "spend", or "points" of the first unit. Then thresholds are points.
    counted: str = "spend"
    # Settings of bringing friends (rewards/referrals/schemes.py); none: it stays off.
    referral: Mapping[str, Any] = field(default_factory=dict)
    brand: str = "#0b4a5c"


def in_minor(value: Any, *, digits: int) -> Any:
    """The same structure with every amount of money in minor units of a currency with so many digits."""
    if isinstance(value, Decimal):
        return minor(value, digits=digits)
    if isinstance(value, Mapping):
        return {key: in_minor(part, digits=digits) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_minor(part, digits=digits) for part in value]
    return value


def minor(amount: Decimal, *, digits: int) -> int:
    """Raises ValueError where the currency has no coin that small."""
    found = worth(amount, digits=digits)
    if found.denominator != 1:
        raise ValueError(f"{amount} cannot be paid with {digits} digits")
    return found.numerator


def worth(amount: Decimal, *, digits: int) -> Fraction:
    """An exact ratio of minor units."""
    return Fraction(amount * Decimal(10) ** digits)
