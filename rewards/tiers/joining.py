"""Two courses become one, and can be parted again: each side then holds what it held and what it earned itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from datetime import date, datetime

from rewards.tiers.courses import Course
from rewards.tiers.records import EARNED, MANUAL, StandingRow
from rewards.tiers.schemes import TICK, day_of

# A local day and what counts on it: spend in minor units, orders, visits, points.
type Count = tuple[date, int, int, int, int]


class JoinedCourse(Course):
    """A course that takes over another's claims and counts, or gives them back."""

    __slots__ = ()

    def counts(self) -> list[Count]:
        """What was counted, by days that fall into the right bucket of another member too.

        A period counts where its latest order fell: the membership years of two members begin on different days."""
        is_periodic = self.scheme.is_periodic
        return [
            (
                (totals.last_on if is_periodic else None) or bucket,
                totals.spend_minor,
                totals.orders,
                totals.visits,
                totals.points,
            )
            for bucket, totals in sorted(self.metrics.items())
        ]

    def open_rows(self) -> list[StandingRow]:
        return self._open()

    def take_over(self, rows: Sequence[StandingRow], counts: Iterable[Count], *, now: datetime) -> None:
        """Claims of another stand beside the own ones, counts are added, and what both earn together is granted."""
        self.settle(now)
        before = self._tier_id()
        for row in rows:
            self._append(self._anew(row, now))
        self._count(counts, 1)
        self._rise_to_total(now)
        self._note(now + TICK, before, EARNED, None)

    def hand_over(self, *, now: datetime) -> list[StandingRow]:
        """End every claim; what they were. What was counted stays, to be had again when the two are parted."""
        self.settle(now)
        before, rows = self._tier_id(), self._open()
        ended = [copy(row) for row in rows]
        for row in rows:
            self._end(row, now + TICK)
        self._refresh()
        self._note(now + TICK, before, EARNED, None)
        return ended

    def give_back(
        self, adopted: Collection[int], counts: Iterable[Count], *, since: datetime, now: datetime
    ) -> None:
        """End what came from the other and what was earned together since, and hold again what was held before."""
        self.settle(now)
        before = self._tier_id()
        for row in self._open():
            if row.id in adopted or (row.origin != MANUAL and row.since > since):
                self._end(row, now + TICK)
        self._hold_again([row for row in self.standings if self._was_pruned(row, since)], now)
        self._count(counts, -1)
        self._rise_to_total(now)
        self._note(now + TICK, before, EARNED, None)

    def come_back(self, ended: Collection[int], counts: Iterable[Count], *, now: datetime) -> None:
        """Hold again what was ended when the other took over, as far as it is valid still, and count what came since."""
        self.settle(now)
        before = self._tier_id()
        self._hold_again([row for row in self.standings if row.id in ended], now)
        self._count(counts, 1)
        self._rise_to_total(now)
        self._note(now + TICK, before, EARNED, None)

    # Small parts

    def _anew(self, row: StandingRow, now: datetime) -> StandingRow:
        again = copy(row)
        again.id, again.since, again.ended_at = None, now + TICK, None
        return again

    def _hold_again(self, rows: Iterable[StandingRow], now: datetime) -> None:
        for row in rows:
            again = self._anew(row, now)
            if self._end_of(again) > now:
                self._append(again)

    def _was_pruned(self, row: StandingRow, since: datetime) -> bool:
        """Whether a claim from before was ended only because a stronger one covered it."""
        ended = row.ended_at
        if ended is None or row.since > since or ended <= since or row.origin == MANUAL:
            return False
        return ended < self._end_of(row) and not row.is_provisional(ended)

    def _count(self, counts: Iterable[Count], sign: int) -> None:
        for day, spend_minor, orders, visits, points in counts:
            self.tally.add(day, sign * spend_minor, sign * orders, sign * visits, sign * points)
        self._refresh()

    def _rise_to_total(self, now: datetime) -> None:
        """Grant what the count of now earns, if it is more than what is held; nothing is taken."""
        day = day_of(now, self.scheme.zone)
        earned = self.scheme.earned(self._total_on(day))
        self._refresh()
        if earned is None or not self._exceeds(earned):
            return
        latest = self.tally.latest(self.tally.bucket(day), now)
        start = self.tally.bucket(day) if self.scheme.is_periodic else latest
        self._grant(earned, day=start, since=now + TICK, latest=latest)
