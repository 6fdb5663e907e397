"""A member's course through the tiers: facts are folded in, standings come and go, the past never changes.

Every standing is a claim with its own confirmation and validity, and claims stand side by side; the highest open
one is in force. So a manual tier is never undone by what is earned, and when a claim falls or runs out, what it
covered is in force again.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rewards.tiers import claims
from rewards.tiers.claims import FOREVER
from rewards.tiers.records import EARNED, MANUAL, REVIEW, Move, StandingRow, Totals
from rewards.tiers.schemes import DAY, ROLLING, SINCE_REACHED, TICK, Level, Scheme, day_of
from rewards.tiers.tallies import Tally

if TYPE_CHECKING:
    from rewards.tiers.progress import Progress

BEGINNING = datetime.min.replace(tzinfo=UTC)


class Course:
    """One member's standings and metrics in memory, no I/O. Facts must be added in the order of their posting.

    `metrics` must hold every bucket of the member, since `touched_metrics` gives absolute values.
    """

    __slots__ = (
        "_best",
        "_changed",
        "_counting",
        "_current",
        "_due",
        "_quiet_below",
        "_quiet_in",
        "_settled",
        "joined_on",
        "moves",
        "scheme",
        "standings",
        "tally",
    )

    _counting: date | None
    _quiet_in: date | None
    _quiet_below: int

    def __init__(
        self, scheme: Scheme, joined_on: date, standings: Sequence[StandingRow], metrics: dict[date, Totals]
    ) -> None:
        self.scheme = scheme
        self.joined_on = joined_on
        self.standings = list(standings)
        self.tally = Tally(scheme, joined_on, metrics)
        self.moves: list[Move] = []
        self._changed: dict[int, StandingRow] = {}
        self._refresh()

    # What holds

    def at(self, moment: datetime) -> StandingRow | None:
        """The standing in force at a moment. Past the end of a validity that nobody has reviewed yet, it is what
        that review will give; nothing is changed by asking."""
        if moment >= self._due:
            return self._foresee(moment)
        if moment >= self._settled:
            return self._current
        return max((row for row in self.standings if row.covers(moment)), key=self._place, default=None)

    def level_at(self, moment: datetime) -> Level | None:
        """The level in force at a moment: that of the standing, else the base, else none."""
        row = self.at(moment)
        return self.scheme.by_id[row.tier_id] if row else self.scheme.base

    @property
    def standing(self) -> StandingRow | None:
        """What is in force from here on, just after the last fact."""
        return self._current

    @property
    def level(self) -> Level | None:
        """The level that the next order will have; `level_at(now)` is still that of the order posted now."""
        return self.scheme.by_id[self._current.tier_id] if self._current else self.scheme.base

    def progress(self, now: datetime) -> Progress:
        """What is needed for the next level and to keep this one, and by when (37)."""
        from rewards.tiers.progress import measure

        return measure(self.settled_copy(now), now)

    @property
    def metrics(self) -> dict[date, Totals]:
        return self.tally.metrics

    @property
    def worth(self) -> int | None:
        """What the member is worth, where tiers count that and it is known."""
        return self.tally.worth

    @worth.setter
    def worth(self, value: int | None) -> None:
        self.tally.worth = value

    def total(self, now: datetime) -> int:
        """What counts now towards the next level."""
        return self._total_on(day_of(now, self.scheme.zone))

    # What is to be written

    @property
    def changed(self) -> list[StandingRow]:
        """Rows to insert (no id) and rows to update."""
        return list(self._changed.values())

    @property
    def touched_metrics(self) -> dict[date, Totals]:
        """The absolute values of the buckets that facts were added to."""
        return {bucket: self.metrics[bucket] for bucket in self.tally.touched}

    # What happens

    def add(
        self,
        moment: datetime,
        *,
        now: datetime,
        spend_minor: int = 0,
        orders: int = 0,
        visits: int = 0,
        points: int = 0,
        fact_id: int | None = None,
        happened_at: datetime | None = None,
    ) -> None:
        """Count what belongs to the order of `moment`, posted at `now`, and let the standings follow from now on.

        A return gives negative figures, the moment of its order, and in `happened_at` its own moment (else now),
        which decides whether a standing is still provisional (33). A late order may raise the tier from now on,
        never backwards (21).
        """
        if now >= self._due:
            self.settle(now)
        day = day_of(moment, self.scheme.zone)
        bucket, change = self.tally.add(day, spend_minor, orders, visits, points)
        if change > 0:
            self._rise(moment, bucket, now=now, fact_id=fact_id)
        elif change < 0 and self._best is not None:
            self._fall(bucket, now=now, happened_at=happened_at or now, fact_id=fact_id)

    def settle(self, now: datetime) -> None:
        """End what has run out by now, each at its own moment, and review it (34). Late or twice is the same."""
        while self._due <= now:
            row = min(self._open(), key=lambda row: (self._end_of(row), self.scheme.by_id[row.tier_id].rank))
            end, before = self._end_of(row), self._tier_id()
            self._end(row, end)
            self._refresh()
            if row.origin != MANUAL:
                self._renew(row, end)
            self._note(end, before, REVIEW, None)

    review = settle

    def place(
        self, level: Level, *, until: datetime, reason: str, author_id: int, now: datetime
    ) -> StandingRow:
        """A manual tier from now until a moment; it replaces an earlier manual one (35)."""
        self.settle(now)
        before = self._tier_id()
        for row in self._open():
            if row.origin == MANUAL:
                self._end(row, now + TICK)
        placed = StandingRow(
            level.id, MANUAL, now + TICK, valid_until=until, reason=reason, author_id=author_id
        )
        self._append(placed)
        self._note(placed.since, before, MANUAL, None)
        return placed

    def withdraw(self, *, now: datetime) -> StandingRow | None:
        """End the manual tier before its time, on purpose; what is earned is in force again."""
        self.settle(now)
        before = self._tier_id()
        found = next((row for row in self._open() if row.origin == MANUAL), None)
        if found:
            self._end(found, now + TICK)
            self._refresh()
            self._note(now + TICK, before, MANUAL, None)
        return found

    def regrade(self, *, now: datetime) -> None:
        """End what is earned and grant what the metric earns now, by the present thresholds (36)."""
        self.settle(now)
        if self.scheme.is_valued and self.worth is None:
            return
        self._lead_to(self.scheme.earned(self.total(now)), now)

    def revalue(self, *, now: datetime, reason: str) -> None:
        """Follow what the member is worth: up at once, down as the scheme says (34); the reason stands with the tier."""
        held, earned = self._best, self.scheme.earned(self.total(now))
        level = self.scheme.by_id[held.tier_id] if held else None
        if level is not None and (earned is None or earned.rank < level.rank):
            earned = self.scheme.after_review(level, earned)
        self._lead_to(earned, now)
        for row in self.changed:
            if row.id is None:
                row.reason = reason

    def _lead_to(self, earned: Level | None, now: datetime) -> None:
        before, day = self._tier_id(), day_of(now, self.scheme.zone)
        for row in list(self._open()):
            if row.origin != MANUAL and (earned is None or row.tier_id != earned.id):
                self._end(row, now + TICK)
        self._refresh()
        if earned and self._exceeds(earned):
            self._grant(earned, day=day, since=now + TICK, origin=REVIEW)
        self._note(now + TICK, before, REVIEW, None)

    def settled_copy(self, now: datetime) -> Course:
        """The course as it stands at a moment; itself, unless a review is due by then."""
        if now < self._due:
            return self
        ahead = Course(self.scheme, self.joined_on, [copy(row) for row in self.standings], self.metrics)
        ahead.worth = self.worth
        ahead.settle(now)
        return ahead

    def best_earned(self) -> StandingRow | None:
        """The highest open standing that was not set by staff."""
        return self._best

    def counting_from(self) -> date:
        """The first day that counts where the window begins when the tier was reached (32)."""
        return claims.counting_from(self.standings, self.scheme)

    def _foresee(self, moment: datetime) -> StandingRow | None:
        return self.settled_copy(moment).at(moment)

    # Up

    def _rise(self, moment: datetime, bucket: date, *, now: datetime, fact_id: int | None) -> None:
        scheme = self.scheme
        if scheme.is_periodic:
            total = self.tally.of(bucket)
            if bucket == self._quiet_in and total < self._quiet_below:
                return
            self._quiet_in, self._quiet_below = bucket, scheme.threshold_above(total)
        else:
            total = self._total_on(day_of(max(now, moment), scheme.zone))
        level, best = scheme.earned(total), self._best
        if best is not None and (level is None or level.rank <= scheme.by_id[best.tier_id].rank):
            level = scheme.by_id[best.tier_id] if self._qualifies_again(best, level, bucket, now) else None
        if level is None or level is scheme.base:
            return
        before, since = self._tier_id(), max(now, moment) + TICK
        latest = self.tally.latest(bucket, now)
        if self._grant(
            level, day=bucket if scheme.is_periodic else latest, since=since, latest=latest, fact_id=fact_id
        ):
            self._note(since, before, EARNED, fact_id)

    def _qualifies_again(self, best: StandingRow, earned: Level | None, day: date, now: datetime) -> bool:
        """Whether what is held is earned once more on this day, and for longer (33)."""
        level = self.scheme.by_id[best.tier_id]
        if best.valid_until is None or self._until(level, day) <= best.valid_until:
            return False
        # Each order moves a rolling window on; one claim for each return window is enough, the review does the rest.
        if self.scheme.window == ROLLING and best.is_provisional(now):
            return False
        if self.scheme.window == SINCE_REACHED:
            anew = self.tally.between(day_of(best.since, self.scheme.zone) + DAY, date.max)
            return anew >= level.threshold
        return earned is level

    def _grant(
        self,
        level: Level,
        *,
        day: date,
        since: datetime,
        latest: date | None = None,
        origin: str = EARNED,
        fact_id: int | None = None,
    ) -> bool:
        """Open a claim reached on a day, provisional by the latest order that counts; nothing if it is over already."""
        valid_until = self._until(level, day)
        if valid_until < FOREVER and self.scheme.end_of(valid_until) <= since:
            return False
        confirms_at = self.scheme.confirmation(latest) if latest else None
        row = StandingRow(level.id, origin, since, fact_id=fact_id)
        row.confirms_at = confirms_at if confirms_at and confirms_at > since else None
        row.valid_until = valid_until if valid_until < FOREVER else None
        self._prune(since)
        self._append(row)
        return True

    def _prune(self, since: datetime) -> None:
        """End claims that a confirmed one covers wholly, so that a regular customer does not heap them up."""
        sound = [row for row in self._open() if row.origin != MANUAL and not row.is_provisional(since)]
        if not sound:
            return
        cover = max(sound, key=self._place)
        rank, until = self._place(cover)
        for row in list(self._open()):
            place = self._place(row)
            if row is not cover and row.origin != MANUAL and place[0] <= rank and place[1] <= until:
                self._end(row, since)

    # Down

    def _fall(self, bucket: date, *, now: datetime, happened_at: datetime, fact_id: int | None) -> None:
        """End provisional claims that are no longer earned; grant the level that still is (33)."""
        shaken = [row for row in self._open() if row.origin != MANUAL and row.is_provisional(happened_at)]
        before, since = self._tier_id(), now + TICK
        fallen: list[StandingRow] = []
        for row in shaken:
            if bucket < claims.first_bucket(row, self.standings, self.tally):
                continue
            if claims.total(row, self.standings, self.tally) >= self.scheme.by_id[row.tier_id].threshold:
                # What now carries the tier may be a later order, whose return window is open longer.
                self._prolong_doubt(row, self.scheme.confirmation(self.tally.latest(bucket, now)))
            else:
                self._end(row, since)
                fallen.append(row)
        if not fallen:
            return
        self._refresh()
        total = max(claims.total(row, self.standings, self.tally) for row in fallen)
        level = self.scheme.earned(total)
        if level and self._exceeds(level):
            latest = self.tally.latest(bucket, now)
            self._grant(
                level,
                day=bucket if self.scheme.is_periodic else latest,
                since=since,
                latest=latest,
                fact_id=fact_id,
            )
        self._note(since, before, EARNED, fact_id)

    def _prolong_doubt(self, row: StandingRow, confirms_at: datetime) -> None:
        if row.confirms_at is not None and confirms_at > row.confirms_at:
            row.confirms_at = confirms_at
            self._mark(row)

    # The end of a validity

    def _renew(self, row: StandingRow, end: datetime) -> None:
        """Grant what the review gives, unless as much is held anyway."""
        scheme = self.scheme
        day = day_of((row.valid_until or end) - TICK, scheme.zone)
        last = day_of(end - TICK, scheme.zone)
        earned = scheme.earned(self._total_until(row, day, last))
        target = scheme.after_review(scheme.by_id[row.tier_id], earned)
        if target is None or not self._exceeds(target):
            return
        latest = None
        if target is earned:
            latest = self.tally.latest_on(scheme.bucket(day, self.joined_on), last)
        self._grant(target, day=day, since=end, latest=latest, origin=REVIEW)

    def _total_until(self, row: StandingRow, day: date, last: date) -> int:
        """What counts at a review: the window that ends with `day`, prolonged by the days of grace to `last`."""
        scheme = self.scheme
        since = day_of(row.since, scheme.zone) + DAY
        first = scheme.window_start(day, self.joined_on, since)
        return self.tally.between(first, scheme.bucket(last, self.joined_on))

    # Small parts

    def _total_on(self, day: date) -> int:
        if self.scheme.window == SINCE_REACHED and self._counting is None:
            self._counting = claims.counting_from(self.standings, self.scheme)
        return self.tally.on(day, self._counting or date.min)

    def _exceeds(self, level: Level) -> bool:
        """Whether a level is above the base and above what is already held by earning."""
        if level is self.scheme.base:
            return False
        return self._best is None or level.rank > self.scheme.by_id[self._best.tier_id].rank

    def _until(self, level: Level, day: date) -> datetime:
        return claims.valid_until(level, day, self.tally)

    def _end_of(self, row: StandingRow) -> datetime:
        if row.valid_until is None:
            return FOREVER
        return row.valid_until if row.origin == MANUAL else self.scheme.end_of(row.valid_until)

    def _place(self, row: StandingRow) -> tuple[int, datetime]:
        return self.scheme.by_id[row.tier_id].rank, row.valid_until or FOREVER

    def _open(self) -> list[StandingRow]:
        return [row for row in self.standings if row.ended_at is None]

    def _tier_id(self) -> int | None:
        if self._current is not None:
            return self._current.tier_id
        return self.scheme.base.id if self.scheme.base else None

    def _end(self, row: StandingRow, moment: datetime) -> None:
        row.ended_at = max(moment, row.since)
        self._mark(row)

    def _append(self, row: StandingRow) -> None:
        self.standings.append(row)
        self._mark(row)
        self._refresh()

    def _mark(self, row: StandingRow) -> None:
        self._changed[id(row)] = row

    def _note(self, moment: datetime, before: int | None, origin: str, fact_id: int | None) -> None:
        after = self._tier_id()
        if self.moves and self.moves[-1].at == moment:
            before = self.moves.pop().before
        if after != before:
            self.moves.append(Move(moment, before, after, origin, fact_id))

    def _refresh(self) -> None:
        """Find again what is in force, when the next validity ends, and since when nothing has changed."""
        current = best = None
        due, settled = FOREVER, BEGINNING
        for row in self.standings:
            settled = max(settled, row.ended_at or row.since)
            if row.ended_at is None:
                due = min(due, self._end_of(row))
                if current is None or self._place(row) > self._place(current):
                    current = row
                if row.origin != MANUAL and (best is None or self._place(row) > self._place(best)):
                    best = row
        self._current, self._best, self._due, self._settled = current, best, due, settled
        self._counting = None
        # In this period nothing rises before this total; what opens a claim comes through here and forgets it.
        self._quiet_in = None
        self._quiet_below = 0
