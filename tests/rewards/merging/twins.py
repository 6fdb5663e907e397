"""What the tests of merging know of the pair."""

from tests.rewards import builders as b

TIERS = {"base": (0, {}), "silver": (20_000, {}), "gold": (50_000, {})}


def owner_of(program, number):
    return b.stored_order(program, number).member_id
