"""The next best action of each customer, by a rule that fits on a page: value at stake × risk × past response.

1. Who may not be written to on any channel is left alone.
2. One purchase and silence for at least half the usual gap: an invitation to a second one.
3. Risk above two thirds: win back. Risk above a third: a reason to stay.
4. Little risk and likely to buy more often than last year: suggest more. Little risk and among the tenth worth most: thanks.
5. All others are left alone.

An offer may cost its share of what is at risk (value at stake × risk), never more. The budget goes to the highest priority
first; whoever comes after it is spent is written to without an offer. Thanks and suggestions cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.lifetime.histories import Floats
from analytics.scores.foretelling import Foretold
from analytics.scores.pasts import Numbers, Purchases
from analytics.scores.responses import Responses
from members.models import NextAction
from members.scores import THIRDS

NAMES = np.array([each.value for each in NextAction])
NONE, WELCOME, KEEP, WIN_BACK, GROW, THANK = range(len(NextAction))
WITH_OFFER = (WELCOME, KEEP, WIN_BACK)
# Who has hardly a chance of still being a customer is not reckoned as worth many times what is foretold.
LEAST_ALIVE = 0.05
BEST_SHARE = 0.9
LIKELY = 0.5
USUAL_GAP = 30.0


@dataclass(frozen=True, slots=True)
class Actions:
    """For each customer; money in minor units, `act_on` as a day counted from 2000-01-01."""

    kind: NDArray[np.int64]
    stake_minor: Floats
    priority_minor: Floats
    offer_minor: Numbers
    act_on: Numbers
    gap: Floats


def choose(
    purchases: Purchases,
    foretold: Foretold,
    responses: Responses,
    *,
    offer_share: int,
    budget_minor: int,
    held_out: NDArray[np.bool_] | None = None,
) -> Actions:
    """What to do about each customer, within the budget; who is held out takes nothing of it."""
    stake = np.maximum(foretold.value_minor, 0) / np.maximum(foretold.alive, LEAST_ALIVE)
    priority = stake * foretold.silent * responses.share
    gap = gaps(purchases)
    kind = _kinds(purchases, foretold, responses, gap)
    wanted = np.where(np.isin(kind, WITH_OFFER), stake * foretold.silent * offer_share / 100, 0.0)
    if held_out is not None:
        wanted[held_out] = 0.0
    offers = within(np.floor(wanted).astype(np.int64), priority, budget_minor)
    return Actions(
        kind, stake, np.where(kind == NONE, 0.0, priority), offers, _days(purchases, kind, gap), gap
    )


def gaps(purchases: Purchases) -> Floats:
    """The own usual days between purchases; for who has bought once, the mean of all who came back."""
    spans, repeats = purchases.last - purchases.first, purchases.repeats
    common = float(spans.sum()) / float(repeats.sum()) if repeats.sum() else USUAL_GAP
    return np.where(repeats > 0, spans / np.maximum(repeats, 1), common)


def _kinds(purchases: Purchases, foretold: Foretold, responses: Responses, gap: Floats) -> NDArray[np.int64]:
    idle = purchases.today - purchases.last
    risk, value = foretold.silent, foretold.value_minor
    best = float(np.quantile(value, BEST_SHARE)) if len(value) else 0.0
    return np.select(
        [
            (responses.channel < 0) | (value <= 0),
            (purchases.days == 1) & (idle >= gap / 2),
            risk > THIRDS[1],
            risk > THIRDS[0],
            foretold.upgrade >= LIKELY,
            value >= best,
        ],
        [NONE, WELCOME, WIN_BACK, KEEP, GROW, THANK],
        default=NONE,
    ).astype(np.int64)


def within(wanted: Numbers, priority: Floats, budget: int) -> Numbers:
    """The wanted offers, the most urgent first, until the next would pass the budget; 0 for all after it."""
    order = np.lexsort((np.arange(len(wanted)), -priority))
    order = order[wanted[order] > 0]
    fits = np.cumsum(wanted[order]) <= budget
    given = np.zeros_like(wanted)
    given[order[fits]] = wanted[order[fits]]
    return given


def _days(purchases: Purchases, kind: NDArray[np.int64], gap: Floats) -> Numbers:
    """When: as soon as the own usual gap has passed, at the earliest tomorrow."""
    due = purchases.last + np.ceil(gap).astype(np.int64)
    return np.where(kind == NONE, 0, np.maximum(due, purchases.today + 1))
