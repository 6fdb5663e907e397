"""Maximum likelihood for models whose parameters are positive: searched by their logarithms, and never half found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from analytics.lifetime.histories import Floats

# What is beyond tells that the data do not hold the parameter, not that it is so large or small.
BOUND = 10.0
FLATTEST = 1e-4

# Parameters → mean negative log-likelihood, and its slope by each parameter where the model knows it.
type Loss = Callable[[Floats], tuple[float, Floats]]


class NoFit(Exception):
    """The model does not describe these customers; `reason` says why, for people. Use a plain estimate instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found. `evaluations` counts how often the likelihood was computed; `slope` is the steepest that is left of
    the mean log-likelihood, by the logarithms of the parameters."""

    parameters: tuple[float, ...]
    log_likelihood: float
    customers: int
    evaluations: int
    slope: float


def climb(loss: Loss, *, names: Sequence[str], starts: Sequence[Sequence[float]], customers: int) -> Fit:
    """The parameters of greatest likelihood, from the first of the starts that leads to a summit. Raises NoFit."""
    if not customers:
        raise NoFit("there are no customers")
    reason = ""
    evaluations = 0
    for start in starts:
        found = minimize(
            _by_logarithm(loss),
            np.log(np.asarray(start, dtype=np.float64)),
            method="L-BFGS-B",
            jac=True,
            bounds=[(-BOUND, BOUND)] * len(names),
            options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 1000, "maxfun": 5000},
        )
        evaluations += int(found.nfev)
        slope = float(np.abs(np.asarray(found.jac)).max())
        runaways = [name for name, at in zip(names, found.x, strict=True) if abs(at) >= BOUND - 1e-6]
        if runaways:
            reason = f"{', '.join(runaways)} grows without end"
        elif not np.isfinite(found.fun) or slope > FLATTEST:
            reason = "no summit was found"
        else:
            parameters = tuple(float(value) for value in np.exp(found.x))
            return Fit(parameters, -float(found.fun) * customers, customers, evaluations, slope)
    raise NoFit(reason)


def _by_logarithm(loss: Loss) -> Loss:
    def climbed(logarithms: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logarithms)
        value, slope = loss(parameters)
        return value, slope * parameters

    return climbed
