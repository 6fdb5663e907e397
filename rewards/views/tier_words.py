"""Tiers and what a re-grade would do to them, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Member, Program
from rewards.models import TierScheme
from rewards.queries import bars, units_of
from rewards.tiers import worths
from rewards.tiers.editing import Draft, TierDraft
from rewards.tiers.forecast import Forecast
from rewards.tiers.schemes import MONEY, Level
from rewards.views.benefit_words import Teller
from rewards.wording import policies


def name_of(tier: TierDraft | Level) -> str:
    names: Mapping[str, str] = tier.names
    return names.get(get_language() or "en") or next(iter(names.values()), tier.key)


def amount(value: int, counted: str, program: Program) -> str:
    """A figure of the metric: £500.00, 12 orders, 300."""
    if counted in MONEY:
        return formats.format_money(value, program.currency, short=True)
    number = formats.format_number(value)
    if counted == "orders":
        return ngettext("%(count)s order", "%(count)s orders", value) % {"count": number}
    if counted == "visits":
        return ngettext("%(count)s visit", "%(count)s visits", value) % {"count": number}
    return number


def suffix(counted: str, program: Program) -> str:
    """What stands behind the field of a threshold."""
    words = {
        "spend": program.currency,
        "value": program.currency,
        "orders": _("orders"),
        "visits": _("visits"),
        "points": _("points"),
    }
    return words.get(counted, "")


def rows(draft: Draft, program: Program) -> list[dict[str, Any]]:
    """The tiers for a table, lowest first."""
    teller = Teller(program, {unit.key: unit for unit in units_of(program)})
    return [
        {
            "name": name_of(tier),
            "key": tier.key,
            "bars": bars(place, len(draft.tiers)),
            "from": amount(tier.threshold, draft.counted, program),
            "factors": [_times(ratio) for ratio in tier.multipliers.values()],
            "benefits": teller.tell_all(tier.benefits),
            "ends": [policies.say_expiry(policy) for policy in tier.expiry.values()],
            "is_never_lost": tier.is_never_lost,
        }
        for place, tier in enumerate(draft.tiers)
    ]


def scheme(draft: Draft, program: Program) -> list[str]:
    """What counts, within which time, how long a tier holds, and what happens at its end."""
    if draft.counted == "value":
        return _valued(draft)
    counted = {
        "spend": _("Net spend counts"),
        "orders": _("The number of orders counts"),
        "visits": _("The number of visits counts"),
        "points": _("Points earned count"),
    }[draft.counted]
    windows = {
        "calendar_year": _(
            "within a calendar year. A tier holds for the rest of the year and the whole next one."
        ),
        "membership_year": _(
            "within a year of membership. A tier holds for the rest of it and the whole next one."
        ),
        "rolling": _("within the last %(months)s months. A tier holds for as long again."),
        "since_reached": _("from the day on which the tier was reached. A tier holds for %(months)s months."),
        "lifetime": _("over the whole membership. A tier has no end."),
    }
    text = windows[draft.window] % {"months": formats.format_number(draft.months)}
    found = [f"{counted} {text}", _confirmation(program)]
    if draft.window != "lifetime":
        found.append(_end(draft))
    return found


def effect(found: Forecast, draft: Draft, program: Program, members: Mapping[int, Member]) -> dict[str, Any]:
    """A forecast for its template."""
    names = {tier.key: name_of(tier) for tier in draft.tiers}
    return {
        "up": found.up,
        "down": found.down,
        "members": found.members,
        "looked_at": found.looked_at,
        "is_sample": found.is_sample,
        "seconds": found.seconds,
        "moves": [
            {"before": names.get(before, before), "after": names.get(after, after), "count": count}
            for (before, after), count in found.moves.most_common()
        ],
        "largest": [
            {
                "member": members.get(one.member_id),
                "before": name_of(one.before) if one.before else "",
                "after": name_of(one.after) if one.after else "",
                "total": amount(one.total, draft.counted, program),
            }
            for one in found.largest
            if one.member_id in members
        ],
    }


def _valued(draft: Draft) -> list[str]:
    weights = worths.weights_of(draft.weights)
    parts = {
        "historic": _("%(share)s of the value up to now"),
        "predicted": _("%(share)s of the value of the coming year"),
        "retention": _("%(share)s of it likely to be kept"),
        "upgrade": _("%(share)s of it likely to grow"),
    }
    terms = [
        parts[name] % {"share": formats.format_percent(weight / 100, decimals=0)}
        for name, weight in weights.items()
        if weight
    ]
    days = formats.format_number(draft.grace_days)
    return [
        _("Customer value counts: %(terms)s.") % {"terms": " + ".join(terms)},
        _(
            "Members are looked at after every scoring. A tier has no end; a fall waits for %(days)s days since it was reached."
        )
        % {"days": days},
    ]


def _confirmation(program: Program) -> str:
    days = program.return_days
    text = ngettext(
        "It is provisional until the %(days)s day for returning goods is over.",
        "It is provisional until the %(days)s days for returning goods are over.",
        days,
    )
    return text % {"days": formats.format_number(days)}


def _end(draft: Draft) -> str:
    words = {
        TierScheme.Review.TO_EARNED: _("When it ends, the member goes to the tier that was earned."),
        TierScheme.Review.ONE_DOWN: _(
            "When it ends and was not earned again, the member goes one tier down."
        ),
        TierScheme.Review.KEEP: _("When it ends, the member keeps it."),
    }
    text = words[TierScheme.Review(draft.review)]
    if not draft.grace_days:
        return text
    days = ngettext("Before that, it goes on for %(days)s day.", "Before that, it goes on for %(days)s days.", draft.grace_days)  # fmt: skip
    return f"{text} {days % {'days': formats.format_number(draft.grace_days)}}"


def _times(ratio: str) -> str:
    return f"×\N{NO-BREAK SPACE}{formats.format_number(Fraction(ratio))}"
