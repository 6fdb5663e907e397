"""What a member is worth to tiers by customer value, weighed by the merchant.

Worth adds up four amounts of money, each times its weight in percent: the value up to now, that of the coming year, that of
the coming year times the chance of buying again (retention), and times the chance of buying more often. All come from
members/scores.py as they were scored last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from members.models import Program

WEIGHTS = ("historic", "predicted", "retention", "upgrade")
DEFAULTS: Mapping[str, int] = {"historic": 100, "predicted": 100, "retention": 0, "upgrade": 0}
PARTS = {
    "historic": "s.historic_minor",
    "predicted": "s.value_minor",
    "retention": "s.value_minor * (1 - coalesce(s.churn, 1))",
    "upgrade": "s.value_minor * coalesce(s.upgrade, 0)",
}
COLUMNS = ", ".join(f"round({PARTS[name]})::bigint" for name in WEIGHTS)
# Nobody is worth less than nothing to a tier.
WORTH = (
    "greatest(0, round(("
    + " + ".join(f"{PARTS[name]} * %(weight_{name})s::int" for name in WEIGHTS)
    + ") / 100.0))::bigint"
)


@dataclass(frozen=True, slots=True)
class Worth:
    """A member's worth in minor units, and the four amounts behind it before they are weighed."""

    total: int
    parts: tuple[int, ...]

    def tell(self, weights: Mapping[str, int], program: Program) -> str:
        """The sum in the program's own language, for the standing's reason."""
        with translation.override(program.languages[0]):
            names = {
                "historic": _("up to now"),
                "predicted": _("in the coming year"),
                "retention": _("of it likely to be kept"),
                "upgrade": _("of it likely to grow"),
            }
            terms = [
                f"{formats.format_percent(weights[name] / 100, decimals=0)} × "
                f"{formats.format_money(part, program.currency)} {names[name]}"
                for name, part in zip(WEIGHTS, self.parts, strict=True)
                if weights.get(name)
            ]
            total = formats.format_money(self.total, program.currency)
            return _("Value %(total)s = %(terms)s") % {"total": total, "terms": " + ".join(terms)}


def weights_of(given: Mapping[str, int]) -> dict[str, int]:
    """All four weights in percent."""
    return {name: int(given.get(name, 0)) for name in WEIGHTS} if given else dict(DEFAULTS)


def values_of(given: Mapping[str, int]) -> dict[str, int]:
    """The weights as the parameters of WORTH."""
    return {f"weight_{name}": weight for name, weight in weights_of(given).items()}


def worths_of(
    *, program: Program, member_ids: Collection[int], weights: Mapping[str, int]
) -> dict[int, Worth]:
    """Of those of these members who have been scored."""
    statement = (
        f"SELECT s.member_id, {WORTH}, {COLUMNS} FROM members_memberscore s"  # noqa: S608 - names from our own code
        " WHERE s.program_id = %(program)s AND s.member_id = ANY(%(members)s::bigint[])"
    )
    values: dict[str, Any] = {"program": program.pk, "members": list(member_ids), **values_of(weights)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return read(cursor.fetchall())


def read(rows: Iterable[tuple[Any, ...]]) -> dict[int, Worth]:
    """Rows of member, worth and its parts."""
    return {row[0]: Worth(int(row[1]), tuple(int(part) for part in row[2:])) for row in rows}
