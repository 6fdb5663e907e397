"""Whether the risk is true: what would have been told some time ago, held against what came since.

Customers are put in order of the risk that was told and divided into ten; in each the mean of what was told stands beside
the share that really stayed silent. Brier's score (1950) is the mean squared difference between the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.lifetime.histories import Floats
from analytics.scores import foretelling
from analytics.scores.foretelling import Told
from analytics.scores.pasts import WEEK, Purchases

PARTS = 10
# More say nothing more about ten shares, and a fit takes as long as there are customers.
MOST = 200_000


def check(purchases: Purchases, *, horizon: int) -> tuple[dict[str, Any], tuple[Told, ...]]:
    """The comparison as of the cut, and the fits behind it; `{"why": code}` where the past is too short for it.

    {model, customers, told, seen, brier, of_all, days: [purchase days expected, and seen], parts: [[told, seen, customers]]};
    `of_all` is the score of telling everybody the same true share."""
    _known, histories, bought = purchases.before()
    step = max(1, -(-len(bought) // MOST))
    histories, bought = foretelling.sample(histories, MOST), bought[::step]
    why = foretelling.shortage(histories) if len(bought) else "few_customers"
    if why:
        return {"why": why}, ()
    chosen = foretelling.choose(histories)
    if chosen.why:
        return {"why": chosen.why}, chosen.fits
    silent = np.clip(chosen.counts.silent(histories, horizon / WEEK), 0, 1)
    return {"model": chosen.name, **compare(silent, ~bought)}, chosen.fits


def compare(told: Floats, happened: np.ndarray) -> dict[str, Any]:
    """What was told (shares) against what happened (yes or no), in ten parts of equal size from the least risk up."""
    seen = happened.astype(np.float64)
    parts = np.array_split(np.argsort(told, kind="stable"), PARTS)
    share = float(seen.mean())
    return {
        "customers": len(told),
        "told": float(told.mean()),
        "seen": share,
        "brier": float(np.mean((told - seen) ** 2)),
        "of_all": share * (1 - share),
        "parts": [
            [float(told[part].mean()), float(seen[part].mean()), len(part)] for part in parts if len(part)
        ],
    }
