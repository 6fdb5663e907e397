"""The past of every customer as arrays, to be read by models; pure, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics.lifetime.histories import Floats, Histories

type Numbers = NDArray[np.int64]

EPOCH = date(2000, 1, 1)
WEEK = 7.0


@dataclass(frozen=True, slots=True)
class Purchases:
    """One position a customer, in the order of ids; days are counted from 2000-01-01, money is in minor units. `days` is
    how many days had a purchase, `year` how many within the last 365; `repeats_minor` is the sum of all but the first.
    `cut_days` and `cut_last` are `days` and `last` as they were on the day `cut`."""

    today: int
    cut: int
    members: Numbers
    days: Numbers
    first: Numbers
    last: Numbers
    total_minor: Numbers
    repeats_minor: Numbers
    year: Numbers
    cut_days: Numbers
    cut_last: Numbers

    def __len__(self) -> int:
        return len(self.members)

    @property
    def histories(self) -> Histories:
        """In weeks, to the day."""
        return Histories.of(self.days - 1, (self.last - self.first) / WEEK, (self.today - self.first) / WEEK)

    @property
    def repeats(self) -> Numbers:
        return self.days - 1

    @property
    def means(self) -> Floats:
        """The mean amount of the days after the first; 0 where there is none."""
        return self.repeats_minor / np.maximum(self.repeats, 1)

    def before(self) -> tuple[NDArray[np.bool_], Histories, NDArray[np.bool_]]:
        """As one would have seen it on the day of the cut: who was a customer, their histories, and who bought later."""
        known = self.cut_days > 0
        first, last = self.first[known], self.cut_last[known]
        histories = Histories.of(self.cut_days[known] - 1, (last - first) / WEEK, (self.cut - first) / WEEK)
        return known, histories, self.days[known] > self.cut_days[known]


def number_of(day: date) -> int:
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=int(number))
