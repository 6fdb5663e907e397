"""Leases of those who died, which a test ends by itself: how long is long depends on the machine, and nothing here may."""

from __future__ import annotations

import time
from datetime import datetime

from django_scopes import scope

from campaigns.models import Message, WorkChunk
from members.models import Program

# Longer than any test runs.
SECONDS = 7 * 24 * 3600


class Standstill:
    """Whether nothing has moved for a while; where that brings nothing forward, not again before twice as long. So who
    works comes to an end, however slow the machine is."""

    def __init__(self, seconds: float = 3) -> None:
        self.least = self.seconds = seconds
        self._mark: object = None
        self._since = time.monotonic()

    def is_so(self, mark: object) -> bool:
        """`mark` is how far it is."""
        now = time.monotonic()
        if mark != self._mark:
            self._mark, self._since, self.seconds = mark, now, self.least
        if now < self._since + self.seconds:
            return False
        self._since, self.seconds = now, 2 * self.seconds
        return True


def end(program: Program, now: datetime) -> None:
    """As if so much time had gone by that nobody has work for himself any more."""
    with scope(program=program):
        for held in (WorkChunk.objects, Message.objects.filter(state="sending")):
            held.filter(lease_until__gt=now).update(lease_until=now)
