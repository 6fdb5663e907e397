"""What the models know of each customer: how often they came back, when last, and for how long they could have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]
type Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histories:
    """One position a customer, or a group of equal ones. `frequency` is the number of purchase days after the first one,
    `recency` the time from the first to the last of them, `age` from the first one to the end of what was watched; both
    in any one unit of time, which is then that of the models. `weights` says how many customers a position stands for.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    weights: Floats

    @classmethod
    def of(cls, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Histories:
        """Three sequences of equal length, a customer each. Raises ValueError for what cannot have happened."""
        x, t, whole = (np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))
        if x.ndim != 1 or not x.shape == t.shape == whole.shape:
            raise ValueError("frequency, recency and age must be sequences of equal length")
        if not (np.isfinite(x).all() and np.isfinite(t).all() and np.isfinite(whole).all()):
            raise ValueError("frequency, recency and age must be finite numbers")
        if (x < 0).any() or (x != np.floor(x)).any():
            raise ValueError("a frequency is a whole number, zero or more")
        if (t < 0).any() or (t > whole).any():
            raise ValueError("a recency lies between zero and the age")
        if ((x == 0) & (t != 0)).any() or ((x > 0) & (t == 0)).any():
            raise ValueError("a recency is zero exactly where the frequency is")
        return cls(x, t, whole, np.ones_like(x))

    @property
    def customers(self) -> int:
        return round(float(self.weights.sum()))

    @property
    def returned(self) -> NDArray[np.bool_]:
        """Who came back at least once."""
        return self.frequency > 0

    def grouped(self) -> Histories:
        """Equal customers as one: a likelihood needs each kind once. Whole days make many equal."""
        return self.kinds()[0]

    def kinds(self) -> tuple[Histories, Places]:
        """As grouped(), and for each position the place of its kind."""
        columns = [Column.of(each) for each in (self.age, self.recency, self.frequency)]
        keys = np.zeros(len(self.age), dtype=np.int64)
        for column in columns:
            keys = keys * max(len(column.values), 1) + column.at
        found, where = np.unique(keys, return_inverse=True)
        where = where.reshape(-1)
        first = np.empty(len(found), dtype=np.int64)
        first[where[::-1]] = np.arange(len(where) - 1, -1, -1)
        weights = np.bincount(where, weights=self.weights, minlength=len(found))
        return Histories(self.frequency[first], self.recency[first], self.age[first], weights), where


@dataclass(frozen=True, slots=True)
class Column:
    """The different values of a sequence, and which of them stands at each position: what costs much is then computed once
    for each value. Days make few."""

    values: Floats
    at: Places

    @classmethod
    def of(cls, values: Floats) -> Column:
        found, where = np.unique(values, return_inverse=True)
        return cls(found, where.reshape(-1))

    def spread(self, computed: Floats) -> Floats:
        """What was computed for each value, at each position."""
        return computed[self.at]
