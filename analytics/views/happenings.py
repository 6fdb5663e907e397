"""Lines of the event log in the words of staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.queries import Happening
from loyaltysite.kit import formats
from members.models import Program
from rewards.catalogue import name_of as name_of_reward
from rewards.models import Tier, Unit
from rewards.queries import name_of


@dataclass(frozen=True, slots=True)
class Told:
    """`when` is the time of today or the day before; `gain` what the member got or gave."""

    when: str
    name: str
    number: str
    text: str
    gain: str


def tell(
    happened: Sequence[Happening],
    *,
    program: Program,
    tiers: Sequence[Tier],
    units: Sequence[Unit],
    today: date,
) -> list[Told]:
    by_tier = {tier.pk: name_of(tier) for tier in tiers}
    by_unit = {unit.key: unit for unit in units}
    return [
        Told(
            when=_when(one.event.occurred_at, today),
            name=str(one.member) if one.member else "",
            number=one.member.number if one.member else "",
            text=_text(one, program, by_tier),
            gain=_gain(one, by_unit),
        )
        for one in happened
    ]


def _when(moment: datetime, today: date) -> str:
    is_today = timezone.localdate(moment) == today
    return formats.format_date(moment, form="time" if is_today else "short")


def _text(one: Happening, program: Program, tiers: dict[int, str]) -> str:
    data = one.event.data
    if one.event.kind == "tier.changed":
        after = tiers.get(data.get("after") or 0)
        return _("is now %(tier)s") % {"tier": after} if after else _("has no tier now")
    if one.redemption is not None:
        reward = one.redemption.reward
        text = _("took %(reward)s") if _is_spent(one) else _("used %(reward)s")
        return text % {"reward": name_of_reward(reward.names, reward.key)}
    texts = {
        "order": _("ordered for %(money)s"),
        "order.cancelled": _("cancelled an order of %(money)s"),
        "return": _("brought something back"),
        "member.joined": _("joined"),
        "points.spend": _("used points"),
        "points.adjust": _("got a correction by staff"),
    }
    money = formats.format_money(one.order.total_minor, program.currency) if one.order else ""
    if one.event.kind in ("order", "order.cancelled") and not money:
        return _("ordered")
    return texts[one.event.kind] % {"money": money}


def _is_spent(one: Happening) -> bool:
    """Whether the points went with this line: what was issued before, is only used now."""
    held = one.redemption
    return one.event.kind == "reward.issued" or bool(held and held.issued_at == one.event.occurred_at)


def _gain(one: Happening, units: dict[str, Unit]) -> str:
    """What was awarded or taken back, in the units it is about."""
    data = one.event.data
    found: dict[str, int] = dict(data.get("awarded") or {})
    price = one.redemption.price if one.redemption and _is_spent(one) else {}
    for key, amount in (data.get("reversed") or price).items():
        found[key] = found.get(key, 0) - amount
    return ", ".join(
        formats.format_number(Decimal(amount).scaleb(-units[key].precision), sign=True)
        for key, amount in found.items()
        if amount and key in units
    )
