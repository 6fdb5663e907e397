"""Deferred revenue gives the figures of the published example (KPMG, handbook on revenue, example 10A; IFRS 15 IE267)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.liability import revenue
from analytics.liability.revenue import Cohort

SALES, POINTS = Fraction(100_000), Fraction(10_000)


def test_the_price_is_shared_in_proportion_to_stand_alone_prices():
    allocated = revenue.allocate(sales=SALES, points=POINTS * Fraction(97, 100))

    assert round(float(allocated), 2) == 8_842.30


@pytest.mark.parametrize(("expected", "second"), [(9_900, 3_552), (9_200, 4_140)])
def test_revenue_follows_use_and_the_estimate_is_made_true(expected, second):
    allocated = Fraction(9_000)  # the example rounds 8.84 % to 9 %

    first = revenue.recognized(allocated=allocated, used=Fraction(4_500), expected=Fraction(9_700))
    both = revenue.recognized(allocated=allocated, used=Fraction(8_500), expected=Fraction(expected))

    assert round(first) == 4_175
    assert round(both - round(first)) == second


def cohort(**values: object) -> Cohort:
    facts = {
        "month": 0, "granted": 10_000, "used": 4_500, "expected": 9_700, "sold": Fraction(1), "share": Fraction(97, 100),
        "sales_minor": 10_000_000, "worth": Fraction(100),
    }  # fmt: skip
    return Cohort(**(facts | values))  # type: ignore[arg-type]


def test_a_cohort_in_minor_units():
    found = revenue.balances(cohort())

    # Of 884,230 allocated 4,500 of 10,000 by number, and 4,500 of 9,700 in all; the difference is breakage.
    assert found.allocated == 884_230
    assert found.redeemed == 397_903
    assert found.redeemed + found.broken == 410_210
    assert found.deferred == 884_230 - 410_210
    assert (found.cost, found.served) == (0, 0)


def test_what_was_given_without_a_sale_is_provided_for_at_what_will_be_used():
    found = revenue.balances(cohort(sold=Fraction(3, 4)))

    assert (found.cost, found.served) == (9_700 * 100 // 4, 4_500 * 100 // 4)
    assert found.provided == (9_700 - 4_500) * 100 // 4


def test_when_nothing_more_is_expected_all_of_it_is_revenue():
    found = revenue.balances(cohort(used=4_500, expected=4_500))

    assert found.deferred == 0
    assert found.broken == found.allocated - found.redeemed > 0
    assert revenue.balances(cohort(used=0, expected=0)).deferred == 0


@given(
    granted=st.integers(0, 10**9),
    used=st.integers(0, 10**9),
    to_use=st.integers(0, 10**9),
    sold=st.fractions(0, 1),
    share=st.fractions(0, 1),
    sales=st.integers(0, 10**12),
)
def test_never_more_is_revenue_than_was_allocated(granted, used, to_use, sold, share, sales):
    used, to_use = min(used, granted), min(to_use, granted - min(used, granted))

    found = revenue.balances(
        cohort(granted=granted, used=used, expected=used + to_use, sold=sold, share=share, sales_minor=sales)
    )

    assert 0 <= found.allocated <= sales
    assert found.redeemed >= 0 <= found.broken
    assert found.deferred >= 0
    assert 0 <= found.served <= found.cost
