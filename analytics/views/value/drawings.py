"""The charts of customer value."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from loyaltysite.kit import charts, formats
from members.models import Program


def tenths(result: dict[str, Any], program: Program) -> charts.Chart:
    """The value of each tenth of the customers, the best first."""
    sums = [total for _least, total, _count in result["tenths"]]
    whole = sum(sums)
    first = formats.format_percent(sums[0] / whole) if whole > 0 else "–"
    return charts.bar(
        title=_("Value of the coming year by tenths of the customers"),
        sentence=_("The tenth that is worth most holds %(share)s of the value.") % {"share": first},
        labels=[formats.format_number(place) for place in range(1, len(sums) + 1)],
        series=[charts.Series(_("Value"), [max(total, 0) for total in sums])],
        write=lambda value: formats.format_money(round(value), program.currency, short=True),
        head=_("Tenth"),
    )


def calibration(found: dict[str, Any], days: int) -> charts.Chart:
    """What was told against what was seen, from the tenth with the least risk to that with the greatest."""
    names = {
        "told": formats.format_percent(found["told"]),
        "seen": formats.format_percent(found["seen"]),
        "days": formats.format_number(days),
    }
    return charts.line(
        title=_("Told and seen"),
        sentence=_("Told: %(told)s would buy nothing within %(days)s days. Seen: %(seen)s did not.") % names,
        labels=[formats.format_number(place) for place in range(1, len(found["parts"]) + 1)],
        series=[
            charts.Series(_("Seen"), [seen for _told, seen, _count in found["parts"]]),
            charts.Series(_("Told"), [told for told, _seen, _count in found["parts"]], "before"),
        ],
        write=formats.format_percent,
        head=_("Tenth by risk"),
        area=False,
    )
