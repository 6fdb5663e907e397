"""The parts of a journey's JSON while it is read: a fault does not stop the reading, so that all are found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.journeys import kinds
from campaigns.journeys.shape import Fault, Tree

EVENT = re.compile(r"[a-z0-9_.-]{1,64}")


@dataclass(slots=True)
class Reader:
    """What was found wrong so far, and where it is reading now."""

    faults: list[Fault] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    step: str = ""

    def fault(self, path: str, message: str | Promise, **params: Any) -> None:
        text = message % params if params else message
        self.faults.append(Fault(path, self.step, text))

    @contextmanager
    def inside(self, key: str) -> Iterator[None]:
        before, self.step = self.step, key
        yield
        self.step = before


@dataclass(slots=True)
class Part:
    """One object of the JSON. What is read is remembered, so that close() refuses what nobody knows."""

    reader: Reader
    values: Mapping[str, Any]
    path: str
    known: set[str] = field(default_factory=set)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def value(self, name: str) -> Any:
        self.known.add(name)
        return self.values.get(name)

    def fault(self, name: str, message: str | Promise, **params: Any) -> None:
        self.reader.fault(self.at(name), message, **params)

    def choice(self, name: str, among: Collection[str], default: str | None = None) -> str:
        value = self.value(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in among:
            self.fault(name, _("Give one of: %(choices)s."), choices=", ".join(among))
            return default or next(iter(among))
        return value

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        value = self.value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(name, _("Give a whole number from %(least)d to %(most)d."), least=least, most=most)
            return least
        return value

    def optional(self, name: str, least: int, most: int) -> int | None:
        return None if self.value(name) is None else self.whole(name, least, most)

    def text(self, name: str, longest: int = 100) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest:
            self.fault(name, _("Give a text of 1 to %(longest)d characters."), longest=longest)
            return ""
        return value.strip()

    def event(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not EVENT.fullmatch(value):
            self.fault(name, _("Choose an event."))
            return ""
        return kinds.ALIASES.get(value, value)

    def object(self, name: str) -> Mapping[str, Any]:
        value = self.value(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.fault(name, _("Give an object."))
            return {}
        return value

    def where(self, name: str = "where") -> Tree:
        """A condition on the member; whether its fields are known is asked when the journey is published."""
        return self.object(name) or None

    def items(self, name: str) -> list[tuple[str, Any]]:
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(name, _("Give a list."))
            return []
        return [(f"{self.at(name)}[{i}]", each) for i, each in enumerate(value)]

    def close(self) -> None:
        for name in sorted(set(self.values) - self.known):
            self.fault(name, _("This is not known here."))


def part_of(reader: Reader, value: object, path: str) -> Part:
    if not isinstance(value, Mapping):
        reader.fault(path, _("Give an object."))
        return Part(reader, {}, path)
    return Part(reader, value, path)
