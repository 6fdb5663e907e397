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
        (_("Rewards"), _rewards),
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
        _("%(tier)s from %(amount)s") % {"tier": _said(tier.names), "amount": _amount(tier.threshold)}
        for tier in preset.tiers
    ]


def _rewards(preset: Preset) -> list[str]:
    units = {unit.key: unit for unit in preset.units}
    return [
        f"{_said(reward.names)}: {formats.format_units(amount, units[key])}"  # type: ignore[arg-type]
        for reward in preset.rewards
        for key, amount in reward.price.items()
    ]


def _amount(amount: Decimal) -> str:
    return formats.format_number(amount, decimals=2)
