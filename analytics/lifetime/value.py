"""What a customer will be worth: purchases to come, times what each brings, less what waiting costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from analytics.lifetime.histories import Floats, Histories


class Counts(Protocol):
    """A model of how often somebody will buy."""

    def expected_from(self, histories: Histories, time: float) -> Floats: ...


def lifetime_value(
    counts: Counts,
    histories: Histories,
    amounts: ArrayLike,
    *,
    ends: Sequence[float],
    discount: float,
    margin: float = 1.0,
) -> Floats:
    """The present value of each one's purchases until the last of the `ends`.

    `amounts` is what a purchase of each will be worth, `ends` the ends of the periods ahead in the model's unit of time
    (ascending, a year as twelve months), `discount` what a period costs (0.01 for 1 %), due at its end, and `margin` the
    share of an amount that is kept.
    """
    worth = np.zeros_like(histories.age)
    before = np.zeros_like(histories.age)
    for number, end in enumerate(ends, start=1):
        until = counts.expected_from(histories, end)
        worth += (until - before) / (1 + discount) ** number
        before = until
    return np.asarray(worth * np.asarray(amounts, dtype=np.float64) * margin)
