"""How much of what is held will be used, when, and how much will end: a life table of points.

Development factors by age, as a chain ladder has them, on what is still there: of what cohorts held when the nth month of
their life began, the share that was used in it (and that lapsed, or was taken back). What is held today is led through the
months to come by these shares; what is left in the last month in which it can be used ends then. The interval is the
bootstrap over cohorts: the cohorts are drawn anew with replacement, and nine of ten forecasts lie within.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.liability.triangles import NEVER_MONTH, Triangle, number_of, passed

VERSION: Final = 1
# Redraws of the cohorts, and the part that lies below and above the interval.
DRAWS = 400
OUTSIDE = 0.05
SEED = 20_260_101
# After the ages that were seen the last so many together go on.
TAIL = 6
# What never ends and was not used in so many months counts as never used.
HORIZON = 60
# Fewer cohorts, or fewer whole months of life, say nothing.
LEAST_COHORTS = 3


@dataclass(frozen=True, slots=True)
class Shares:
    """Of what was at risk at each age (the last column is the tail), for each redraw (row)."""

    used: np.ndarray
    lapsed: np.ndarray
    taken: np.ndarray


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of what is held at the end of `until`, by month from that one on (its rest): what will be used with the interval, and
    what will end (with what lapses); `left` is what never ends and is given up; `by_cohort` is what will be used of each
    cohort, `unused` what will not be used in all. In ledger units. `is_known` says whether there was enough to go by;
    otherwise everything held counts as to be used."""

    first: int
    used: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ended: np.ndarray
    by_cohort: dict[int, float]
    left: float
    unused: float
    unused_low: float
    unused_high: float
    is_known: bool


def shares_of(triangle: Triangle, weights: np.ndarray) -> Shares:
    """With cohorts weighted: `weights` has a row for each redraw."""
    seen = triangle.whole_months()
    at_risk = weights @ np.where(seen, triangle.at_risk(), 0)

    def share(flow: np.ndarray) -> np.ndarray:
        gone = weights @ np.where(seen, flow, 0)
        risk, gone = _with_tail(at_risk), _with_tail(gone)
        found = np.divide(gone, risk, out=np.zeros_like(gone), where=risk > 0)
        return np.asarray(np.clip(found, 0, 1))

    used, lapsed, taken = share(triangle.used), share(triangle.lapsed), share(triangle.taken)
    over = np.maximum(used + lapsed + taken, 1)
    return Shares(used / over, lapsed / over, taken / over)


def _with_tail(sums: np.ndarray) -> np.ndarray:
    """Columns up to the last age that any cohort has lived through, and one for all later ones together."""
    ages = sums.shape[1]
    return np.concatenate([sums, sums[:, max(0, ages - TAIL) :].sum(axis=1, keepdims=True)], axis=1)


def is_known(triangle: Triangle) -> bool:
    """Whether there is enough to go by."""
    count = int(triangle.whole_months()[:, 0].sum())
    return count >= LEAST_COHORTS and bool(
        triangle.used.any() or triangle.ended.any() or triangle.lapsed.any()
    )


def forecast(triangle: Triangle, *, draws: int = DRAWS) -> Forecast:
    """Deterministic: the same rows give the same forecast. Without draws (0) there is no interval, both ends are the
    forecast itself."""
    count = int(triangle.whole_months()[:, 0].sum())
    trimmed = _trim(triangle, count)
    one = np.ones((1, len(trimmed.gained)))
    if not is_known(triangle):
        return _unknown(triangle)
    point = _lead(triangle, shares_of(trimmed, one))
    generator = np.random.default_rng(SEED)
    chosen = generator.multinomial(count, np.full(count, 1 / count), size=draws) if draws else one
    drawn = _lead(triangle, shares_of(trimmed, chosen)) if draws else point
    low, high = np.quantile(drawn.used, [OUTSIDE, 1 - OUTSIDE], axis=0)
    unused = np.quantile(drawn.unused, [OUTSIDE, 1 - OUTSIDE])
    return Forecast(
        first=number_of(triangle.until),
        used=point.used[0],
        low=np.minimum(low, point.used[0]),
        high=np.maximum(high, point.used[0]),
        ended=point.ended[0],
        by_cohort=point.by_cohort,
        left=float(point.left[0]),
        unused=float(point.unused[0]),
        unused_low=float(min(unused[0], point.unused[0])),
        unused_high=float(max(unused[1], point.unused[0])),
        is_known=True,
    )  # fmt: skip


def _trim(triangle: Triangle, count: int) -> Triangle:
    """Without the cohort whose first month is not over, and the age that no other has lived through."""
    keep = max(1, count)
    flows = (triangle.gained, triangle.used, triangle.lapsed, triangle.ended, triangle.taken)
    gained, used, lapsed, ended, taken = (flow[:keep, :keep] for flow in flows)
    return Triangle(triangle.until, triangle.first, gained, used, lapsed, ended, taken)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next months (the rest of the present one first) if as much is given as of late: what will be used, what will end
    and what will be held at the end of each, each with its interval (low, high)."""

    first: int
    used: np.ndarray
    used_within: np.ndarray
    ended: np.ndarray
    held: np.ndarray
    held_within: np.ndarray
    fresh: float


# As much is given each month as in the mean of so many.
FRESH_MONTHS = 12


def outlook(triangle: Triangle, *, months: int = 12) -> Outlook | None:
    """None where there is too little to go by."""
    count = int(triangle.whole_months()[:, 0].sum())
    if not is_known(triangle):
        return None
    trimmed = _trim(triangle, count)
    gains = trimmed.gained[:, 0][-FRESH_MONTHS:]
    generator = np.random.default_rng(SEED)
    chosen = generator.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    drawn_gains = generator.choice(gains, size=(DRAWS, len(gains))).mean(axis=1)
    life, steps = _life(triangle), months + 1
    point = _lead(
        triangle, shares_of(trimmed, np.ones((1, count))), _Fresh(gains.mean(keepdims=True), life, steps)
    )
    drawn = _lead(triangle, shares_of(trimmed, chosen), _Fresh(drawn_gains, life, steps))
    return Outlook(
        first=number_of(triangle.until),
        used=point.used[0, :steps],
        used_within=_within(drawn.used[:, :steps], point.used[0, :steps]),
        ended=point.ended[0, :steps],
        held=point.held[0, :steps],
        held_within=_within(drawn.held[:, :steps], point.held[0, :steps]),
        fresh=float(gains.mean()),
    )


def _within(drawn: np.ndarray, point: np.ndarray) -> np.ndarray:
    low, high = np.quantile(drawn, [OUTSIDE, 1 - OUTSIDE], axis=0)
    return np.stack([np.minimum(low, point), np.maximum(high, point)], axis=1)


def _life(triangle: Triangle) -> int:
    """For how many months points given now can be used: as most of what is held of the latest cohorts."""
    recent: dict[int, int] = {}
    for (cohort, ends), amount in triangle.cells.items():
        if cohort >= number_of(triangle.until) - TAIL:
            life = NEVER_MONTH if ends == NEVER_MONTH else ends - cohort
            recent[life] = recent.get(life, 0) + amount
    return max(recent, key=lambda life: recent[life], default=NEVER_MONTH)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """So much for each redraw is given in each of the months to come, and can be used for so many."""

    amount: np.ndarray
    life: int
    months: int


@dataclass(slots=True)
class _Led:
    used: np.ndarray
    ended: np.ndarray
    held: np.ndarray
    left: np.ndarray
    unused: np.ndarray
    by_cohort: dict[int, float]


def _lead(triangle: Triangle, shares: Shares, fresh: _Fresh | None = None) -> _Led:
    """What is held, month by month to its end. The rest of the present month takes the part of its share that is left."""
    draws, ages = shares.used.shape
    first = number_of(triangle.until)
    coming = [(first + step, _end_of(fresh, first + step)) for step in range(fresh.months)] if fresh else []
    keys = [*triangle.cells, *coming]
    cohorts, ends = (np.array([key[side] for key in keys], dtype=int) for side in (0, 1))
    held = np.tile(np.array([*triangle.cells.values(), *(0 for _ in coming)], dtype=float), (draws, 1))
    months = max(_months(first, ends), fresh.months if fresh else 1)
    used, ended, after = (np.zeros((draws, months)) for _ in range(3))
    by_cell = np.zeros(len(keys))
    for step in range(months):
        part = 1 - passed(triangle.until) if step == 0 else 1.0
        if fresh and step < fresh.months:
            held[:, len(triangle.cells) + step] += fresh.amount * part
        age = np.clip(first + step - cohorts, 0, ages - 1)
        use, lapse, take = (held * side[:, age] * part for side in (shares.used, shares.lapsed, shares.taken))
        held = held - use - lapse - take
        over = held * (ends <= first + step)
        held = held - over
        used[:, step], ended[:, step] = use.sum(axis=1), (lapse + over).sum(axis=1)
        after[:, step] = held.sum(axis=1)
        by_cell += use[0]
    by_cohort: dict[int, float] = {}
    for place, (cohort, _ends) in enumerate(triangle.cells):
        by_cohort[cohort] = by_cohort.get(cohort, 0.0) + float(by_cell[place])
    left = held.sum(axis=1)
    return _Led(used, ended, after, left, ended.sum(axis=1) + left, by_cohort)


def _end_of(fresh: _Fresh, cohort: int) -> int:
    return NEVER_MONTH if fresh.life >= NEVER_MONTH else cohort + fresh.life


def _months(first: int, ends: np.ndarray) -> int:
    if not len(ends):
        return 1
    finite = ends[ends < NEVER_MONTH]
    longest = int(finite.max()) - first + 1 if len(finite) else 1
    return int(min(max(1, longest, HORIZON if len(finite) < len(ends) else 1), 2 * HORIZON))


def _unknown(triangle: Triangle) -> Forecast:
    """Too little to go by: everything counts as to be used, and nobody says when."""
    by_cohort: dict[int, float] = {}
    for (cohort, _ends), amount in triangle.cells.items():
        by_cohort[cohort] = by_cohort.get(cohort, 0.0) + amount
    none = np.zeros(0)
    return Forecast(
        first=number_of(triangle.until), used=none, low=none, high=none, ended=none, by_cohort=by_cohort,
        left=0.0, unused=0.0, unused_low=0.0, unused_high=0.0, is_known=False,
    )  # fmt: skip
