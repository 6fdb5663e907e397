"""Who brought a new member: apps above take part in the transaction of joining, as they do when a person leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from members.models import Member


def _nobody(_email: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Introduction:
    """The code that somebody came with, and through what. With `is_strict` a code that leads nowhere refuses the
    joining: a shop wants to know, a person wants in. `knows` tells whether an address was proven in the same browser."""

    code: str
    via: str
    is_strict: bool = False
    knows: Callable[[str], bool] = _nobody


type Handler = Callable[[Member, Introduction, datetime], None]

_handlers: dict[str, Handler] = {}


def register(app: str, handler: Handler) -> None:
    """Called once by an app at start-up."""
    _handlers[app] = handler


def tell(*, member: Member, introduction: Introduction, now: datetime) -> None:
    """Somebody has joined, introduced by a member; for the transaction of joining."""
    for handler in _handlers.values():
        handler(member, introduction, now)
