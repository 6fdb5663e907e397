"""The fold: as it was it equals the ledger to the point, and the draft does what it says. Numbers are those of the
semantics."""

import random
from datetime import timedelta

import pytest
from django_scopes import scope

from analytics.backtests.changes import Changes, of_tiers
from rewards import redemptions, settling
from rewards.models import Tier
from rewards.tiers import editing, standings
from tests.acceptance import test_worked_member as worked
from tests.analytics.backtests.replays import replay, rows_of_every_table, rule
from tests.rewards import builders as b
from tests.rewards import catalogue
from tests.rewards.households import homes

pytestmark = pytest.mark.django_db

PER_POUND = {"kind": "per_amount", "points": "1", "per_minor": 100}
DOUBLE = {"amount": {"kind": "per_amount", "points": "2", "per_minor": 100}}
TIERS = {"basic": (0, {}), "gold": (50_000, {"points": "3/2"})}


@pytest.fixture
def program():
    found = b.open_program(
        units={"points": {"expiry": {"kind": "months", "count": 12}}},
        tiers=TIERS,
        scheme={"window": "calendar_year"},
        return_days=14,
    )
    b.join(found, "anna", at="2025-06-01")
    return found


def test_the_worked_member_as_it_was_equals_the_ledger_and_doubled_gives_twice(program):
    worked.tell(program, until=7)
    balance = b.balance(program)

    found = replay(program, Changes(rules=rule(DOUBLE)), first="2026-01-01", last="2026-11-30")

    # A: 100 − 40, B: 420, C: 16, D: 150 (24); D at gold, though the spend fell (33).
    assert found.sums.before == found.sums.real == {"points": 60 + 420 + 16 + 150}
    assert found.sums.unlike == {}
    # 2 × 10.80 × 1.5 is 32.4: rounded once for the order (19).
    assert found.sums.after == {"points": 2 * 60 + 2 * 420 + 32 + 2 * 150}
    assert found.sums.held[0] == balance.active - balance.arrears == 136
    assert found.sums.held[1] == 1292 - 510
    assert found.sums.orders == 4


def test_nothing_is_written_but_the_result(program):
    worked.tell(program, until=7)
    b.staff()
    before = rows_of_every_table()

    replay(program, Changes(rules=rule(DOUBLE)))

    assert rows_of_every_table() == before


def test_history_before_the_period_is_the_same_in_both_worlds(program):
    b.record_each(program, b.order("1", "2025-12-01", 60_000), b.order("2", "2026-02-01", 10_000))

    found = replay(program, Changes(rules=rule(DOUBLE)), first="2026-01-01")

    # Gold of the year before still holds (33), and the balance of then is not doubled.
    assert found.sums.before == {"points": 150}
    assert found.sums.after == {"points": 300}
    assert found.sums.held == [750, 900]


def test_caps_and_frequencies_begin_with_what_was_used(program):
    capped = {"amount": PER_POUND, "caps": {"month": "150"}}
    b.publish(program, "base", capped)
    b.publish(program, "hello", {"amount": {"kind": "fixed", "points": "50"}, "frequency": {"once": True}})
    b.record_each(
        program,
        b.order("1", "2026-03-01", 10_000),
        b.order("2", "2026-03-02", 10_000),
        b.order("3", "2026-03-03", 10_000),
    )

    found = replay(program, Changes(rules=rule({**capped, **DOUBLE})), first="2026-03-02", last="2026-03-31")

    # Of March's 150, 100 were used before the period; "hello" was given once, before it.
    assert found.sums.before == found.sums.real == {"points": 50}
    assert found.sums.after == {"points": 50}
    assert sum(row[0] for row in found.sums.rules.values()) == 1


def test_a_lower_threshold_moves_members_and_multiplies_what_they_earn(program):
    b.record_each(program, b.order("1", "2026-02-01", 30_000), b.order("2", "2026-03-01", 10_000))
    draft = editing.read(program)
    tiers = of_tiers(draft)
    tiers["tiers"][1]["threshold"] = 30_000

    found = replay(program, Changes(tiers=tiers))

    assert found.sums.moves == {"basic>gold": 1}
    assert found.sums.before == {"points": 400}
    # Gold from the next order on (33).
    assert found.sums.after == {"points": 300 + 150}


def test_a_manual_tier_holds_in_both_worlds(program):
    b.record(program, b.order("1", "2026-02-01", 10_000))
    with scope(program=program):
        gold = Tier.objects.get(key="gold")
    standings.set_manual(
        program=program, member=b.find(program, "anna"), tier=gold, reason="a friend", by=b.staff(),
        now=b.moment("2026-03-01"),
    )  # fmt: skip
    b.record(program, b.order("2", "2026-04-01", 10_000))

    found = replay(program, Changes(rules=rule(DOUBLE)))

    assert found.sums.before == found.sums.real == {"points": 250}
    assert found.sums.after == {"points": 500}
    assert found.sums.moves == {"gold>gold": 1}


def test_shorter_expiry_ends_more_of_what_nobody_used(program):
    days = ("2025-06-05", "2026-01-10", "2026-06-01")
    b.record_each(program, *(b.order(day, day, 10_000) for day in days))

    found = replay(program, Changes(expiry={"points": {"kind": "days", "count": 90}}))

    assert found.sums.before == found.sums.after == {"points": 200}
    assert found.sums.held == [200, 0]
    # The first 100 end in any case.
    assert found.sums.ended == [100, 300]
    assert found.cost == (200 * found.more["weights"]["points"], 0)
    (anna,) = found.more["affected"]
    assert (anna["before"], anna["after"]) == found.cost


def test_returns_are_taken_back_by_the_draft_too(program):
    b.record_each(
        program,
        b.order("1", "2026-02-01", b.line(4_000, "cup"), b.line(6_000, "pot", 2)),
        b.bring_back("r1", "2026-02-05", ("pot", 1), order="1"),
        b.bring_back("r2", "2026-02-07", amount_minor=1_000, order="1"),
        b.order("2", "2026-03-01", 5_000),
        b.cancel("2", "2026-03-02"),
    )

    found = replay(program, Changes(rules=rule(DOUBLE)))

    assert found.sums.before == found.sums.real == {"points": 60}
    assert found.sums.after == {"points": 120}
    assert found.sums.unlike == {}


def test_a_cancellation_that_was_known_before_the_moment_of_its_order_counts_then(program):
    b.record(program, b.order("1", "2026-02-01T10:04", 10_000), now="2026-02-01T10:00")
    b.record(program, b.cancel("1", "2026-02-01T10:01"))

    found = replay(program, Changes(rules=rule(DOUBLE)))

    assert (found.sums.orders, found.sums.held) == (1, [0, 0])


@pytest.mark.parametrize("size", [1, 2, 2_000])
def test_what_a_household_holds_is_outstanding_and_no_members_past(size):
    """Once, into however many parts the members are cut: its number comes after theirs, and before dora's."""
    program = homes.open_home()
    homes.move(program, "in", 60)
    homes.move(program, "out", 10, member="ben")
    b.join(program, "dora", at="2026-02-02")

    found = replay(program, Changes(rules=rule(DOUBLE)), last="2026-02-05", now="2026-02-06", size=size)

    assert found.sums.before == {"points": 190}
    # 140 with anna and ben, and 50 that they share; twice what was earned is 190 more.
    assert homes.shared(program) == [50]
    assert found.sums.held == [190, 380]
    assert found.sums.members == 2
    assert found.more["shares"]["winners"] == 2


def test_what_is_shared_ends_as_the_draft_says(program):
    program = homes.open_home()
    homes.move(program, "in", 60)
    draft = Changes(expiry={"points": {"kind": "days", "count": 20}})

    found = replay(program, draft, first="2026-01-15", last="2026-03-05", now="2026-03-06")

    # As it was nothing has ended by the fifth of March. What was earned before the period keeps its end: of that the draft
    # moves in 10 after the 50 that end soonest, and those 60 end with ben's 40.
    assert found.sums.held == [190, 90]
    assert found.sums.ended == [0, 100]


def test_what_was_moved_in_counts_from_when_it_was_earned(program):
    program = homes.open_home()
    homes.move(program, "in", 40, member="ben", at="2026-02-10")
    draft = Changes(expiry={"points": {"kind": "days", "count": 20}})

    found = replay(program, draft, first="2026-01-15", last="2026-02-25", now="2026-02-26")

    # Earned on the last of January: 20 days after that, not after the move.
    assert found.sums.held == [190, 100]


def test_what_came_back_to_its_lot_ends_with_it(program):
    """The lot is that of the order, to the end of the next January."""
    catalogue.put_up(program, "mug")
    b.record(program, b.order("1", "2026-01-31", 40_000))
    made = redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="mug", key="one", now=b.moment("2026-02-10"), at_once=True
    )  # fmt: skip
    late = {"reason": "Broken", "now": b.moment("2026-02-10T20:00"), "by": b.staff()}
    redemptions.fail(program=program, redemption_id=made.pk, **late)
    settling.settle_due(program=program, now=b.moment("2027-03-01"))

    found = replay(
        program, Changes(rules=rule(DOUBLE)), first="2026-02-01", last="2027-02-27", now="2027-02-28"
    )

    assert found.sums.held[0] == b.balance(program).active == 0
    assert found.sums.ended[0] == 400


def test_events_are_replayed_where_a_rule_rewards_them(program):
    review = {"trigger": {"on": "event", "kind": "review"}, "amount": {"kind": "fixed", "points": "20"}}
    b.publish(program, "reviews", review)
    b.record(program, b.event("e", "review", "2026-02-01"))
    better = {**review, "unit": "points", "amount": {"kind": "fixed", "points": "30"}}

    found = replay(program, Changes(rules={"reviews": {"name": "Reviews", "definition": better}}))

    assert found.sums.before == found.sums.real == {"points": 20}
    assert found.sums.after == {"points": 30}
    assert (found.sums.orders, found.sums.events) == (0, 1)


def test_a_rule_that_is_retired_gives_nothing(program):
    b.publish(program, "extra", {"amount": {"kind": "per_order", "points": "5"}})
    b.record(program, b.order("1", "2026-02-01", 10_000))

    found = replay(program, Changes(retired=["extra"]))

    assert (found.sums.before, found.sums.after) == ({"points": 105}, {"points": 100})


ODD = {
    "base": {"amount": PER_POUND, "caps": {"month": "700"}},
    "tea": {
        "amount": {"kind": "multiplier", "factor": "1.5"},
        "lines": {"field": "category", "op": "=", "value": "Tea"},
    },
    "visit": {"amount": {"kind": "per_visit", "points": "3"}, "frequency": {"times": 2, "per": "week"}},
    "large": {
        "amount": {"kind": "fixed", "points": "40"},
        "minimum_minor": 15_000,
        "group": {"key": "g", "mode": "best"},
    },
    "gold": {
        "amount": {"kind": "per_order", "points": "25"},
        "conditions": {"field": "standing.tier", "op": "=", "value": "gold"},
        "group": {"key": "g", "mode": "best"},
    },
}


def life(program, dice):
    """Half a year of four members: orders, returns of pieces and of amounts, cancellations, spends."""
    at, open_orders = b.moment("2026-01-05"), []
    for number in range(90):
        at += timedelta(hours=dice.randrange(5, 90))
        chance = dice.random()
        if open_orders and chance < 0.2:
            name, skus = open_orders[dice.randrange(len(open_orders))]
            how = dice.randrange(3)
            if how == 0:
                b.record(program, b.bring_back(f"r{number}", at, dice.choice(skus), order=name))
            elif how == 1:
                b.record(
                    program, b.bring_back(f"r{number}", at, amount_minor=dice.randrange(1, 3_000), order=name)
                )
            else:
                b.record(program, b.cancel(name, at))
            continue
        lines = [
            b.line(
                dice.randrange(300, 20_000),
                f"s{number}-{place}",
                dice.randrange(1, 4),
                category=dice.choice(["Tea", "Cups"]),
            )
            for place in range(dice.randrange(1, 4))
        ]
        name, member = f"o{number}", f"m{dice.randrange(4)}"
        b.record(program, b.order(name, at, *lines, member=member, store=dice.choice(["north", "south"])))
        open_orders.append((name, [line.sku for line in lines]))
        balance = b.balance(program, member)
        if balance.active > 60 and chance > 0.8:
            b.spend(program, 50, at + timedelta(hours=1), member=member)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("window", [{"window": "calendar_year"}, {"window": "rolling", "months": 2}])
def test_whatever_happened_the_replay_of_what_was_is_the_ledger(seed, window):
    program = b.open_program(
        rules=ODD,
        units={"points": {"expiry": {"kind": "days", "count": 45}}},
        tiers={"basic": (0, {}), "silver": (40_000, {"points": "5/4"}), "gold": (90_000, {"points": "3/2"})},
        scheme=window,
        stores=["north", "south"],
    )
    life(program, random.Random(seed))
    settling.settle_due(program=program, now=b.moment("2026-12-01"))
    balances = [b.balance(program, f"m{number}") for number in range(4)]

    found = replay(program, Changes(rules=rule(DOUBLE, key="base")))

    assert found.sums.unlike == {}
    assert found.sums.before == found.sums.real
    assert found.sums.held[0] == sum(one.active - one.arrears for one in balances)


def test_the_same_rules_as_a_draft_change_nothing(program):
    worked.tell(program, until=7)

    found = replay(program, Changes(rules=rule({"amount": PER_POUND})))

    assert found.sums.before == found.sums.after
    assert found.sums.held[0] == found.sums.held[1]
    assert found.more["shares"]["winners"] == found.more["shares"]["losers"] == 0


def test_redemptions_of_the_past_are_paid_at_the_new_price(program):
    catalogue.put_up(program, "mug")
    b.record(program, b.order("1", "2026-02-01", 40_000))
    anna = b.find(program, "anna")
    redemptions.reserve(
        program=program, member=anna, reward="mug", key="one", now=b.moment("2026-02-10"), at_once=True
    )
    b.spend(program, 30, "2026-02-11")

    found = replay(program, Changes(prices={"mug": {"points": 150}}))

    # 100 as it was and 150 under the draft; what was spent otherwise stays.
    assert found.sums.paid == [130, 180]
    assert found.sums.held == [270, 220]
    assert found.cost == (400, 350)
    assert found.more["shares"]["losers"] == 1


def test_what_comes_back_of_a_redemption_is_what_the_draft_took(program):
    catalogue.put_up(program, "mug")
    # Two lots, so that the price is taken in two parts.
    b.record_each(program, b.order("1", "2026-01-20", 5_000), b.order("2", "2026-01-21", 35_000))
    anna = b.find(program, "anna")
    for day, key in (("2026-01-25", "early"), ("2026-02-10", "one"), ("2026-02-11", "two")):
        at = b.moment(day)
        made = redemptions.reserve(program=program, member=anna, reward="mug", key=key, now=at, at_once=True)
        if key != "two":
            redemptions.fail(
                program=program,
                redemption_id=made.pk,
                reason="Broken",
                now=b.moment("2026-02-10T20:00"),
                by=b.staff(),
            )

    found = replay(program, Changes(prices={"mug": {"points": 150}}), first="2026-02-01")

    # The early one cost 100 in both worlds and came back; the first of the period came back whole; one is left.
    assert found.sums.held == [300, 250]
    assert found.sums.paid == [0, 50]


def test_of_a_redemption_that_a_household_shared_the_member_pays_their_part():
    program = homes.open_home()
    catalogue.put_up(program, "mug", price={"points": 120})
    homes.move(program, "in", 60)
    redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="mug", key="one", now=b.moment("2026-02-03"),
        at_once=True, shares=True,
    )  # fmt: skip

    found = replay(program, Changes(prices={"mug": {"points": 240}}), last="2026-02-05", now="2026-02-06")

    # 90 of the 120 were anna's own, and 30 shared: both pay twice, the household more than is left in it.
    assert found.sums.paid[1] - found.sums.paid[0] == 120
    assert found.sums.held[0] - found.sums.held[1] == 30
    assert found.more["affected"][0]["after"] - found.more["affected"][0]["before"] == -90


def test_points_that_would_not_have_sufficed_are_told(program):
    b.record(program, b.order("1", "2026-02-01", 10_000))
    b.spend(program, 80, "2026-02-11")
    half = {"amount": {"kind": "per_amount", "points": "1", "per_minor": 200}}

    found = replay(program, Changes(rules=rule(half)))

    assert found.sums.held == [20, 0]
    assert found.sums.lacking == [1, 30]
