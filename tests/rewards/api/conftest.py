"""A shop with an order, reached by its key."""

from __future__ import annotations

import pytest

from tests.members.api_shop import Shop, order
from tests.rewards import builders
from tests.rewards.api.rules import SHIPPING
from tests.rewards.builders import open_program


@pytest.fixture
def shop():
    program = open_program(
        rules={**builders.BASE, "app": SHIPPING},
        tiers={"base": (0, {}), "gold": (5000, {"points": "3/2"})},
        stores=["quay", "harbour"],
    )
    return Shop(program)


@pytest.fixture
def sent(shop):
    return shop.post("orders", order("1001", 2400, store="quay", channel="web")).json()


@pytest.fixture
def merged(shop, sent):
    """anna with 24 points and the card 77 with 10, made one; then all but 4 are taken."""
    other = shop.post(
        "orders", order("1002", 1000, member={"kind": "card", "value": "77", "joins": True})
    ).json()
    made = shop.post(f"members/{sent['member']}/merge", {"gone": other["member"], "reason": "Same"}).json()
    wish = {"unit": "points", "amount": -30, "reason": "Voucher"}
    shop.post(f"members/{sent['member']}/adjustments", wish)
    return made
