"""Two versions of a rule side by side, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewards.engine import canonical
from rewards.wording.rules import details
from rewards.wording.vocabularies import Vocabulary


@dataclass(frozen=True, slots=True)
class Difference:
    """One part: what it says before and after, in words and as values. Two ways to write the same are the same."""

    label: str
    before: str
    after: str
    before_value: str
    after_value: str

    @property
    def has_changed(self) -> bool:
        return self.before_value != self.after_value

    @property
    def needs_values(self) -> bool:
        """Words alone do not tell it."""
        return self.has_changed and self.before == self.after


def compare(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], names: Vocabulary
) -> list[Difference]:
    """Every part that either version says something about; without a version before, all of it is new."""
    new = details(canonical.normalize(after), names)
    old = {part.key: part for part in details(canonical.normalize(before), names)} if before else {}
    found = []
    for part in new:
        former = old.get(part.key)
        text, value = (former.text, former.value) if former else ("", "")
        if value or part.value:
            found.append(Difference(part.label, text, part.text, value, part.value))
    return found
