"""The CDNOW sample as the papers use it, and customers drawn from a model."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from analytics.lifetime.histories import Histories

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "cdnow"
CALIBRATED, HELD_OUT = date(1997, 9, 30), date(1998, 6, 30)


class Sample(NamedTuple):
    """Weeks; `counts` and `means` are the repeated purchase days and their mean amount, `later` the days held out."""

    histories: Histories
    counts: np.ndarray
    means: np.ndarray
    later: np.ndarray


def cdnow() -> Sample:
    file = DATA / "CDNOW_sample.txt.gz"
    if not file.exists():
        pytest.skip("the shared CDNOW data is not beside the project")
    spent: dict[tuple[int, date], int] = defaultdict(int)
    with gzip.open(file, "rt") as lines:
        for line in lines:
            _, number, day, _, amount = line.split()
            dollars, cents = amount.split(".")
            moment = date(int(day[:4]), int(day[4:6]), int(day[6:]))
            spent[int(number), moment] += int(dollars) * 100 + int(cents)
    rows = []
    for _, group in groupby(sorted(spent.items()), key=lambda row: row[0][0]):
        days = [(day, cents) for (_, day), cents in group]
        seen = [each for each in days if each[0] <= CALIBRATED]
        first, last = seen[0][0], seen[-1][0]
        repeats = [cents / 100 for _, cents in seen[1:]]
        mean = sum(repeats) / len(repeats) if repeats else 0.0
        later = sum(CALIBRATED < day <= HELD_OUT for day, _ in days)
        rows.append((len(repeats), (last - first).days / 7, (CALIBRATED - first).days / 7, mean, later))
    x, t, age, means, later = np.array(rows, dtype=float).T
    return Sample(Histories.of(x, t, age), x, means, later)


class Summary(NamedTuple):
    histories: Histories
    counts: np.ndarray
    means: np.ndarray


def summary() -> Summary:
    """The same customers as others hand them on, rounded to two decimals."""
    file = DATA / "cdnow_customers_summary_with_transactions.csv.gz"
    if not file.exists():
        pytest.skip("the shared CDNOW data is not beside the project")
    with gzip.open(file, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    x, t, age, mean = (np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "zbar"))
    return Summary(Histories.of(x, t, age), x, mean)


def drawn(customers: int, *, seed: int, leave: str) -> Histories:
    """Customers who live as a model says: `leave` is "after" a purchase (BG/NBD: r 0.5, alpha 6, a 0.8, b 2.5) or "between"
    them (Pareto/NBD: r 0.55, alpha 10, s 0.6, beta 12), watched for 39 to 52 weeks to the day."""
    chance = np.random.default_rng(seed)
    rows = []
    for age in chance.integers(39 * 7, 52 * 7, customers):
        if leave == "after":
            rate, gone = chance.gamma(0.5, 1 / 6), chance.beta(0.8, 2.5)
            end = np.inf
        else:
            rate, gone = chance.gamma(0.55, 1 / 10), 0.0
            end = chance.exponential(1 / chance.gamma(0.6, 1 / 12)) * 7
        day, last, count = 0.0, 0, 0
        while True:
            day += chance.exponential(7 / rate) if rate else np.inf
            if day > min(age, end):
                break
            last, count = max(int(np.ceil(day)), last), count + 1
            if chance.random() < gone:
                break
        rows.append((count, min(last, int(age)) / 7, age / 7))
    return Histories.of(*np.array(rows, dtype=float).T)
