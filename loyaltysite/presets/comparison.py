"""What each preset has, side by side; read from what it would make, so that no table says more than is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.presets.preset import Preset, Texts, UnitPart

type Row = tuple[str, list[list[str]]]


def rows(presets: Iterable[Preset]) -> Iterator[Row]:
    """Title and, for each preset, the lines of its cell; no line where it has nothing of the kind."""
    chosen = list(presets)
    for title, lines_of in (
        (_("Units"), _units),
        (_("Rules"), _rules),
        (_("Minimum order"), _minimum),
        (_("Points end"), _endings),
        (_("Tiers"), _tiers),
        (_("Plans"), _plans),
        (_("Badges"), lambda preset: [_said(badge.names) for badge in preset.badges]),
        (_("Rewards"), _rewards),
        (_("Friends brought"), _friends),
        (_("Good causes"), lambda preset: [_said(cause.names) for cause in preset.causes]),
        (_("Not yet"), lambda preset: [str(text) for text in preset.open]),
    ):
        yield title, [lines_of(preset) for preset in chosen]


def _said(texts: Texts) -> str:
    return texts.get((get_language() or "en").split("-")[0], texts["en"])


def _units(preset: Preset) -> list[str]:
    return [formats.unit_name(100, unit) for unit in preset.units]  # type: ignore[arg-type]


def _rules(preset: Preset) -> list[str]:
    return [_said(rule.names) for rule in preset.rules]


def _minimum(preset: Preset) -> list[str]:
    found = {rule.definition["minimum_minor"] for rule in preset.rules if "minimum_minor" in rule.definition}
    return [_amount(each) for each in sorted(found)]


def _endings(preset: Preset) -> list[str]:
    return [text for text in map(_ending, preset.units) if text]


def _ending(unit: UnitPart) -> str:
    days, months = unit.lapse.get("days", 0), unit.lapse.get("months", 0)
    if days:
        text = ngettext("After %(count)s day without activity", "After %(count)s days without activity", days)
        return text % {"count": formats.format_number(days)}
    if months:
        text = ngettext(
            "After %(count)s month without activity", "After %(count)s months without activity", months
        )
        return text % {"count": formats.format_number(months)}
    return ""


def _tiers(preset: Preset) -> list[str]:
    return [
        _("%(tier)s from %(amount)s")
        % {"tier": _said(tier.names), "amount": _threshold(preset, tier.threshold)}
        for tier in preset.tiers
    ]


def _threshold(preset: Preset, threshold: Decimal) -> str:
    if preset.counted == "points":
        unit = preset.units[0]
        scaled = int(threshold.scaleb(unit.precision))
        return formats.format_units(scaled, unit)  # type: ignore[arg-type]
    return _amount(threshold)


def _friends(preset: Preset) -> list[str]:
    """What both get."""
    units = {unit.key: unit for unit in preset.units}
    told = ((_("Who brings one"), "referrer_prize"), (_("The friend"), "friend_prize"))
    return [
        f"{who}: {formats.format_units(prize['amount'], units[prize['unit']])}"  # type: ignore[arg-type]
        for who, name in told
        if (prize := preset.referral.get(name))
    ]


def _plans(preset: Preset) -> list[str]:
    found = []
    for plan in preset.plans:
        text = _("%(plan)s: %(amount)s a year") if plan.months == 12 else _("%(plan)s: %(amount)s")
        found.append(text % {"plan": _said(plan.names), "amount": _amount(plan.price)})
    return found


def _rewards(preset: Preset) -> list[str]:
    units = {unit.key: unit for unit in preset.units}
    return [
        f"{_said(reward.names)}: {formats.format_units(amount, units[key])}"  # type: ignore[arg-type]
        for reward in preset.rewards
        for key, amount in reward.price.items()
    ]


def _amount(amount: Decimal) -> str:
    return formats.format_number(amount, decimals=2)
