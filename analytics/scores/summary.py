"""What a run found, in as few figures as its page shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.scores import actions
from analytics.scores.foretelling import Foretold
from analytics.scores.pasts import Purchases
from analytics.scores.responses import Responses
from members.scores import THIRDS

TENTHS = 10


def of(
    past: Purchases,
    foretold: Foretold,
    chosen: actions.Actions,
    held_out: NDArray[np.bool_],
    answers: Responses,
) -> dict[str, Any]:
    """{value, mean, expected, alive, tenths: [[least, sum, customers]], bands: {band: [customers, value]}, response,
    actions: {action: [customers, offers in minor units, held out]}}; tenths of the customers by value, the best first."""
    # As each member's row has it, so that they add up to the whole.
    value = np.rint(foretold.value_minor)
    order = np.argsort(-value, kind="stable")
    band = np.digitize(foretold.silent, THIRDS, right=True)
    return {
        "value": round(float(value.sum())),
        "mean": float(value.mean()),
        "expected": float(foretold.expected.sum()),
        "alive": float(foretold.alive.sum()),
        "silent": float(foretold.silent.mean()),
        "response": answers.common,
        "tenths": [
            [round(float(value[part].min())), round(float(value[part].sum())), len(part)]
            for part in np.array_split(order, TENTHS)
            if len(part)
        ],
        "bands": {
            name: [int((band == place).sum()), round(float(value[band == place].sum()))]
            for place, name in enumerate(("low", "medium", "high"))
        },
        "actions": {
            str(name): [
                int((chosen.kind == place).sum()),
                int(chosen.offer_minor[(chosen.kind == place) & ~held_out].sum()),
                int(((chosen.kind == place) & held_out).sum()),
            ]
            for place, name in enumerate(actions.NAMES)
        },
    }
