"""What apps above have to say to a member on our own pages: they register at start-up, and the pages ask all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from members.models import Member, Program


@dataclass(frozen=True, slots=True)
class Placement:
    """`place` is banner, card, interstitial or till. `go_url` leads on and counts, `close_url` takes a POST; both may be
    empty. Texts are plain; `receipt` is what a till prints."""

    place: str
    title: str
    text: str
    button: str = ""
    go_url: str = ""
    close_url: str = ""
    receipt: str = ""


type Source = Callable[[Program, Member, datetime, str], Sequence[Placement]]

_sources: dict[str, Source] = {}


def register(app: str, source: Source) -> None:
    """Called once by each app at start-up."""
    _sources[app] = source


def of(*, program: Program, member: Member, now: datetime, surface: str = "portal") -> list[Placement]:
    """What is to be shown on a surface, portal, till or receipt; for the program in scope."""
    return [each for source in _sources.values() for each in source(program, member, now, surface)]
