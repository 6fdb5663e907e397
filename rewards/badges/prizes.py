"""What a level gives: value by the ledger, a reward of the catalogue without a price, a tag, or nothing but the badge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from rewards.engine.definitions import Part

KINDS = ("units", "reward", "tag")
MOST_PRIZES = 5
MOST_AMOUNT = 10**9


@dataclass(frozen=True, slots=True)
class Prize:
    """`name` is the key of the unit or the reward, or the tag; `amount` is in ledger units."""

    kind: str
    name: str
    amount: int = 0

    @property
    def told(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name} | ({"amount": self.amount} if self.amount else {})


def read_prizes(part: Part) -> tuple[Prize, ...]:
    """Raises RuleError."""
    if not part.has("prizes") or part.value("prizes") == []:
        return ()
    items = part.items("prizes")
    if len(items) > MOST_PRIZES:
        part.refuse("prizes", _("At most %(most)s of these."), most=MOST_PRIZES)
    return tuple(_read(Part(item, path)) for path, item in items)


def _read(part: Part) -> Prize:
    kind = part.choice("kind", KINDS)
    name = part.text("name")
    amount = part.whole("amount", least=1, most=MOST_AMOUNT) if kind == "units" else 0
    part.close()
    return Prize(kind, name, amount)
