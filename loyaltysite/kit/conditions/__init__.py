"""One tree of conditions for rules, rewards, segments, journeys and placements, with two back ends that agree.

A missing value makes every comparison false; `not` is two-valued (SEMANTICS 44). Texts are compared
letter by letter, case counts; "" in a text or choice is missing, and so is an empty set.
"""

from loyaltysite.kit.conditions.condition import Condition, describe, parse
from loyaltysite.kit.conditions.explanation import Missing
from loyaltysite.kit.conditions.kinds import (
    BOOLEAN,
    CHOICE,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    MONEY,
    MONTH_DAY,
    SET,
    TEXT,
    Kind,
    Op,
)
from loyaltysite.kit.conditions.parser import MAX_DEPTH, MAX_NODES, ConditionError
from loyaltysite.kit.conditions.registry import Collection, Field, One, Registry, Rows
from loyaltysite.kit.conditions.words import operator_label

__all__ = [
    "BOOLEAN",
    "CHOICE",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "INTEGER",
    "MAX_DEPTH",
    "MAX_NODES",
    "MONEY",
    "MONTH_DAY",
    "SET",
    "TEXT",
    "Collection",
    "Condition",
    "ConditionError",
    "Field",
    "Kind",
    "Missing",
    "One",
    "Op",
    "Registry",
    "Rows",
    "describe",
    "operator_label",
    "parse",
]
