"""What has been counted for one member, bucket by bucket, and what it comes to in a window (31, 32)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from rewards.tiers.records import Totals
from rewards.tiers.schemes import DAY, SINCE_REACHED, Scheme, day_of


class Tally:
    """The metric of one member. Sums over days are carried along, since every order asks for them."""

    __slots__ = (
        "_first",
        "_period",
        "_sum",
        "_sum_day",
        "joined_on",
        "metrics",
        "scheme",
        "touched",
        "worth",
    )

    def __init__(self, scheme: Scheme, joined_on: date, metrics: dict[date, Totals]) -> None:
        self.scheme = scheme
        self.joined_on = joined_on
        self.metrics = metrics
        self.touched: set[date] = set()
        # In a scheme of customer value, once it is known: then it is the total of every window.
        self.worth: int | None = None
        self._first: date | None = None
        self._sum = 0
        self._sum_day: date | None = None
        self._period = (date.max, date.max)

    def add(self, day: date, spend_minor: int, orders: int, visits: int, points: int) -> tuple[date, int]:
        """Count on a local day; the bucket and by how much what the scheme counts has changed."""
        bucket = self.bucket(day)
        totals = self.metrics.get(bucket)
        if totals is None:
            totals = self.metrics[bucket] = Totals(last_on=day)
        column = self.scheme.column
        before: int = getattr(totals, column)
        totals.spend_minor += spend_minor
        totals.orders += orders
        totals.visits += visits
        totals.points += points
        self.touched.add(bucket)
        change = getattr(totals, column) - before
        if change > 0 and totals.last_on is not None and day > totals.last_on:
            totals.last_on = day
        if self._first is not None and bucket >= self._first:
            self._sum += change
        return bucket, change

    def bucket(self, day: date) -> date:
        """As the scheme's; the last period is remembered, since most orders fall into it."""
        if not self.scheme.is_periodic:
            return day
        first, end = self._period
        if not first <= day < end:
            first = self.scheme.bucket(day, self.joined_on)
            self._period = (first, self.scheme.period_end(day, self.joined_on) or date.max)
        return first

    def of(self, bucket: date) -> int:
        if self.scheme.is_valued:
            return self.worth or 0
        totals = self.metrics.get(bucket)
        return getattr(totals, self.scheme.column) if totals else 0

    def on(self, day: date, counting_from: date) -> int:
        """The total of the window on a day; `counting_from` is for windows since the tier was reached."""
        if self.scheme.is_valued or self.scheme.is_periodic:
            return self.of(self.bucket(day))
        if self.scheme.window == SINCE_REACHED:
            return self._since(counting_from)
        if day != self._sum_day:
            self._since(self.scheme.window_start(day, self.joined_on))
            self._sum_day = day
        return self._sum

    def _since(self, first: date) -> int:
        if self._first is None or first < self._first or (first - self._first).days > len(self.metrics):
            self._sum = self.between(first, date.max)
        else:
            gone = self._first
            while gone < first:
                self._sum -= self.of(gone)
                gone += DAY
        self._first = first
        return self._sum

    def between(self, first: date, last: date) -> int:
        if self.scheme.is_valued:
            return self.worth or 0
        return self.scheme.sum_of(self.metrics, first, last)

    def latest(self, bucket: date, now: datetime) -> date:
        """The day of the latest order that counts beside one in this bucket."""
        scheme = self.scheme
        today = day_of(now, scheme.zone)
        if scheme.is_periodic:
            end = scheme.period_end(bucket, self.joined_on)
            return self.latest_on(bucket, min(today, end - DAY) if end else today)
        return max((day for day in self._days() if day <= today), default=min(bucket, today))

    def latest_on(self, bucket: date, last: date) -> date:
        """As the bucket knows it, else the last day it can have been."""
        if not self.scheme.is_periodic:
            return max((day for day in self._days() if day <= last), default=last)
        totals = self.metrics.get(bucket)
        return totals.last_on if totals and totals.last_on else last

    def _days(self) -> Iterator[date]:
        return (day for day in self.metrics if self.of(day) > 0)
