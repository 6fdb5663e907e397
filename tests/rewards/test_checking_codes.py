"""check_ledger proves codes and coupons, and finds what was counted otherwise, belongs elsewhere or is spread wrongly."""

import pytest
from django_scopes import scope

from rewards import checking, redemptions
from rewards.pools import words
from tests.rewards import builders as b
from tests.rewards import coupons as c
from tests.rewards.catalogue import put_up

START = b.moment("2026-03-01")
CHANGES = {
    "how often a code was used": ("UPDATE rewards_code SET used = 0 WHERE used > 0", {"code.used"}),
    "how often a coupon was used": ("UPDATE rewards_coupon SET taken = 2", {"coupon.taken"}),
    "whose order": ("UPDATE rewards_couponuse SET order_id = 0", {"couponuse.home"}),
    "what it took off": ("UPDATE rewards_couponuse SET discount_minor = 1", {"couponuse.shares"}),
    "whose voucher": (
        "UPDATE rewards_code SET redemption_id = 7 WHERE redemption_id > 0",
        {"code.redemption"},
    ),
}


@pytest.fixture
def program(fresh_database):
    """An order with a code, one that was cancelled, and a voucher handed out."""
    program = b.open_program()
    pool = c.open_pool(program)
    for word in ("ONE", "TWO"):
        words.add(pool=pool, word=word, by=None, now=START)
    c.put_up(program, pool=pool.key, most=5)
    b.record(program, b.order("A", "2026-01-10", 1000, codes=("ONE",)))
    b.record(program, b.order("B", "2026-01-10", 1000, codes=("TWO",)))
    b.record(program, b.cancel("B", "2026-01-11"))
    partner = c.open_pool(program, "vouchers", purpose="voucher", source="foreign")
    with scope(program=program):
        words.add(pool=partner, word="VOUCHER", by=None, now=START)
    put_up(program, price={}, per_member=1, handover="code", pool=partner)
    redemptions.reserve(program=program, member=b.find(program, "anna"), reward="mug", key="k", now=START)
    return program


def test_codes_that_add_up_hold(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.wrong == 0
    assert (rows["code.used"], rows["coupon.taken"], rows["couponuse.home"], rows["code.redemption"]) == (
        3,
        1,
        2,
        1,
    )


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    owner_connection.execute("ALTER TABLE rewards_couponuse DISABLE TRIGGER USER")
    owner_connection.execute(statement)

    report = checking.run(program=program)

    assert {proof.key for proof in report.proofs if proof.wrong} == found
