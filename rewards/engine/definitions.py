"""Reading a rule's JSON definition: every refusal names its place in the definition."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)


class RuleError(DomainError):
    """A definition that cannot work; `path` is where in it, such as `amount.points` or `window.hours[1]`."""

    code = "rule_invalid"
    message = _("This rule cannot work.")

    def __init__(self, message: str | Promise | None = None, *, path: str = "", **params: Any) -> None:
        super().__init__(message, field=path or None, **params)
        self.path = path


class Part:
    """One object of the definition. What is read is remembered, so that `close()` refuses what nobody read."""

    def __init__(self, value: object, path: str = "") -> None:
        self.path = path
        if not isinstance(value, Mapping):
            raise RuleError(_("Give an object."), path=path)
        self.values: Mapping[str, Any] = value
        self.known: set[str] = set()

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, name: str, message: str | Promise, **params: Any) -> NoReturn:
        raise RuleError(message, path=self.at(name), **params)

    def value(self, name: str) -> Any:
        self.known.add(name)
        return self.values.get(name)

    def has(self, name: str) -> bool:
        return self.value(name) is not None

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not 1 <= len(value) <= 100:
            self.refuse(name, _("Give a text of 1 to 100 characters."))
        return value

    def choice(self, name: str, among: Iterable[str]) -> str:
        value = self.value(name)
        if not isinstance(value, str) or value not in among:
            self.refuse(name, _("Give one of: %(choices)s."), choices=", ".join(among))
        return value

    def whole(self, name: str, *, least: int = 0, most: int = 2**53) -> int:
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(name, _("Give a whole number from %(least)d to %(most)d."), least=least, most=most)
        return value

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            self.refuse(name, _("Give yes or no."))
        return bool(value)

    def number(self, name: str) -> Fraction:
        """An exact positive decimal. A float is refused: 0.1 would not be what it says."""
        value = self.value(name)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _DECIMAL.fullmatch(text) or not Fraction(text):
            self.refuse(name, _('Give a positive number as text, such as "2" or "0.5".'))
        return Fraction(text)

    def moment(self, name: str) -> datetime | None:
        """A local day or moment without offset; a day is its first moment."""
        value = self.value(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is not None:
            self.refuse(name, _("Give a local date or time such as 2026-01-31 or 2026-01-31T18:00."))
        return moment

    def part(self, name: str) -> "Part":
        return Part(self.value(name), self.at(name))

    def items(self, name: str) -> list[tuple[str, Any]]:
        """The elements of a list that must not be empty, each with its path."""
        value = self.value(name)
        if not isinstance(value, list) or not value:
            self.refuse(name, _("Give a list with at least one value."))
        return [(f"{self.at(name)}[{index}]", item) for index, item in enumerate(value)]

    def close(self) -> None:
        for name in self.values:
            if name not in self.known:
                near = difflib.get_close_matches(str(name), self.known, n=1)
                if near:
                    self.refuse(name, _("Unknown. Did you mean “%(near)s”?"), near=near[0])
                self.refuse(name, _("Unknown."))
