"""Rules that the tests of the API draft."""

from __future__ import annotations

SHIPPING = {
    "amount": {"kind": "fixed", "points": "10"},
    "conditions": {"field": "order.channel", "op": "=", "value": "app"},
}

DOUBLE = {
    "trigger": {"on": "order"},
    "unit": "points",
    "amount": {"kind": "per_amount", "points": "2", "per_minor": 100},
}
