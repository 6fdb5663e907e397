"""The worked member at the end of SEMANTICS.md, row by row. Numbers in comments are its lines."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django_scopes import scope

from members.models import Order, Program
from rewards import settling
from rewards.models import Lot
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

ROLLING = {"kind": "months", "count": 12}
TIERS = {"basic": (0, {}), "gold": (50_000, {"points": "3/2"})}


@pytest.fixture
def program() -> Program:
    found = b.open_program(
        units={"points": {"expiry": ROLLING}}, tiers=TIERS, scheme={"window": "calendar_year"}, return_days=14
    )
    b.join(found, "anna", at="2025-06-01")
    return found


def state(program: Program) -> tuple[int, int]:
    balance = b.balance(program)
    return balance.active, balance.arrears


def rows(program: Program) -> list[Callable[[], object]]:
    """What happens in each row of the table."""
    return [
        lambda: b.record(program, b.order("A", "2026-01-10", b.line(6000, "six"), b.line(4000, "four"))),
        lambda: b.record(program, b.order("B", "2026-02-01", 42_000)),
        lambda: b.record(program, b.order("C", "2026-02-02", 1080)),
        lambda: settling.settle_due(program=program, now=b.moment("2026-02-16T00:00")),
        lambda: b.spend(program, 510, "2026-03-01"),
        lambda: b.record(program, b.bring_back("R", "2026-03-05", "four", order="A")),
        lambda: b.record(program, b.order("D", "2026-03-06", 10_000)),
        lambda: settling.settle_due(program=program, now=b.moment("2027-03-07T00:00")),
    ]


def tell(program: Program, *, until: int) -> None:
    for row in rows(program)[:until]:
        row()


def lot(program: Program, order: str) -> Lot:
    with scope(program=program):
        return Lot.objects.get(order_id=b.stored_order(program, order).pk)


def taken(program: Program, number: int) -> dict[str, int]:
    """How much the entry of this number used of each order's lot."""
    with scope(program=program):
        names = dict(Order.objects.values_list("pk", "external_id"))
        orders = {lot.pk: names[lot.order_id] for lot in Lot.objects.all()}
    return {orders[pk]: amount for pk, amount in b.allocations(b.entries(program)[number]).items()}


def test_row_1_order_a_earns_a_hundred(program):
    tell(program, until=1)

    assert b.movements(program) == [("earn", 0, 100, 0)]  # 2
    assert state(program) == (100, 0)  # 6
    assert lot(program, "A").granted == 100  # 3
    assert lot(program, "A").expires_at == b.moment(
        "2027-01-11T00:00"
    )  # 9, 10: usable to the end of 10 January
    assert lot(program, "A").active_at == b.moment("2026-01-10")  # 7: pending none
    assert b.standings(program) == []  # 33


def test_row_2_order_b_lifts_to_gold_from_the_next_order_on(program):
    tell(program, until=2)

    assert b.movements(program)[-1] == ("earn", 0, 420, 0)  # 21: B itself was priced without gold
    assert state(program) == (520, 0)
    assert b.metric(program)[0] == 52_000  # 31
    (gold,) = b.standings(program)
    assert gold.tier.key == "gold"  # 33: at once
    assert gold.since > b.moment("2026-02-01")  # 33: from the next order on
    assert gold.confirms_at == b.moment(
        "2026-02-16T00:00"
    )  # 33: provisional for the return window of 14 days
    assert gold.valid_until == b.moment("2028-01-01T00:00")  # 33: the rest of the year and the whole next one


def test_row_3_order_c_earns_as_gold_rounded_down_once(program):
    tell(program, until=3)

    assert b.movements(program)[-1] == ("earn", 0, 16, 0)  # 19: 10.8 × 3/2 = 16.2
    assert state(program) == (536, 0)
    assert lot(program, "C").expires_at == b.moment("2027-02-03T00:00")  # 10


def test_row_4_gold_is_confirmed_when_the_return_windows_have_ended(program):
    tell(program, until=4)

    assert state(program) == (536, 0)
    (gold,) = b.standings(program)
    assert not _is_provisional(gold, b.moment("2026-02-16T00:00"))  # 33
    assert _is_provisional(gold, b.moment("2026-02-15T23:59"))  # 33
    assert gold.ended_at is None


def _is_provisional(standing, at: datetime) -> bool:
    return standing.confirms_at is not None and at < standing.confirms_at


def test_row_5_a_redemption_takes_the_soonest_expiry_first(program):
    tell(program, until=5)

    assert b.movements(program)[-1] == ("spend", 0, -510, 0)
    assert taken(program, -1) == {"A": 100, "B": 410}  # 4, 5
    assert state(program) == (26, 0)


def test_row_6_a_return_takes_what_there_is_and_leaves_arrears(program):
    tell(program, until=6)

    assert b.movements(program)[-1] == ("reverse", 0, -26, 14)  # 24: 100 − 60 = 40; 26: 14 short
    assert taken(program, -1) == {"B": 10, "C": 16}  # 25: A's own lot is spent, then order of use
    assert state(program) == (0, 14)  # 6: arrears only while active is zero
    assert b.metric(program)[0] == 53_080 - 4_000  # 29, 31


def test_row_7_confirmed_gold_holds_and_the_next_rise_repays(program):
    tell(program, until=7)

    assert b.movements(program)[-1] == ("earn", 0, 136, -14)  # 26
    assert lot(program, "D").granted == 150  # 33: still gold although the year's spend fell to 490.80
    assert lot(program, "D").remaining == 136  # 26: as an allocation of the new lot
    assert taken(program, -1) == {"D": 14}
    assert state(program) == (136, 0)
    (gold,) = b.standings(program)
    assert gold.ended_at is None  # 33


def test_row_8_the_rest_expires_at_the_end_of_its_day(program):
    tell(program, until=8)

    last = b.entries(program)[-1]
    assert (last.kind, last.active_change) == ("expire", -136)
    assert last.at == b.moment("2027-03-07T00:00")  # 10: usable to the end of 6 March
    assert state(program) == (0, 0)
    assert lot(program, "D").expired == 136


def test_row_8_not_a_moment_earlier(program):
    tell(program, until=7)

    moved = settling.settle_due(program=program, now=b.moment("2027-03-06T23:59:59.999999"))

    assert moved == 0
    assert state(program) == (136, 0)


def test_every_row_keeps_the_sums(program):
    for row in rows(program):
        row()

        assert b.wrong_wallets(program) == []  # 4
