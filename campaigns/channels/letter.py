"""What is handed to a way out, and what it says became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Fate(StrEnum):
    """SENT: handed over. FAILED: refused for good. BOUNCED: this address takes nothing. RETRY: surely not handed over.
    UNKNOWN: it may have been handed over or not."""

    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message ready to go. `to` is the address, for push the browsers as JSON; `fields` are those of the channel in
    campaigns/messages/contents.py. `key` stays the same at each try."""

    message_id: int
    key: str
    to: str
    fields: Mapping[str, str]
    language: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""
    reply_to: str = ""
    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`trouble` is a short word for people and figures; what a provider said goes to the log."""

    fate: Fate
    provider_id: str = ""
    trouble: str = ""


class Way(Protocol):
    """One way out. `send` gives an outcome for each letter, in their order, and never raises for what a provider does."""

    name: str

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]: ...


class Kept:
    """Nobody carries it further: it is there for the portal, the till, a list, or staff to read."""

    def __init__(self, name: str = "outbox") -> None:
        self.name = name

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        for letter in letters:
            yield letter, Outcome(Fate.SENT)


type Settings = Mapping[str, Any]
