"""SEMANTICS 17: what of an order earns."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.engine.basis import BasisPolicy, RawLine, amount_minor, earning_lines, spread, tax_contained


def raw(position=1, gross=1000, **others):
    return RawLine(position, "sku", "A thing", "mugs", 1, gross, **others)


def bases(*lines, paid=0, **policy):
    found = earning_lines(lines, policy=BasisPolicy(**policy), points_paid_minor=paid)
    return [(line.basis_minor, line.is_counted) for line in found]


def test_discounts_do_not_earn():
    assert bases(raw(discount_minor=200)) == [(800, True)]


def test_tax_contained_in_the_price_does_not_earn():
    assert bases(raw(gross=1190, tax_minor=190)) == [(1000, True)]


def test_tax_on_top_of_the_price_does_not_earn():
    assert bases(raw(tax_minor=190), prices_include_tax=False) == [(1000, True)]


@pytest.mark.parametrize(("is_included", "gross"), [(True, 1190), (False, 1000)])
def test_tax_earns_where_the_program_says_so(is_included, gross):
    line = raw(gross=gross, tax_minor=190)

    assert bases(line, prices_include_tax=is_included, earns_on_tax=True) == [(1190, True)]


@pytest.mark.parametrize("kind", ["shipping", "tip", "gift_card"])
def test_what_is_no_product_neither_earns_nor_counts(kind):
    assert bases(raw(kind=kind)) == [(0, False)]
    assert bases(raw(kind=kind), excluded_kinds=frozenset()) == [(1000, True)]


def test_a_line_paid_by_a_reward_or_of_zero_net_does_not_count():
    assert bases(raw(is_paid_by_reward=True), raw(2, discount_minor=1000)) == [(0, False), (0, False)]


def test_the_part_paid_with_points_is_spread_by_value():
    lines = [raw(1, 6000), raw(2, 3000), raw(3, 1000, kind="shipping")]

    assert bases(*lines, paid=1000) == [(5400, True), (2700, True), (0, False)]
    assert bases(*lines, paid=1000, earns_on_points_paid=True) == [(6000, True), (3000, True), (0, False)]


def test_the_part_paid_with_points_takes_its_tax_with_it():
    assert bases(raw(gross=1200, tax_minor=200), paid=600) == [(500, True)]
    assert bases(raw(gross=1000, tax_minor=200), paid=600, prices_include_tax=False) == [(500, True)]


def test_an_order_paid_wholly_with_points_earns_nothing():
    assert bases(raw(1, 600), raw(2, 400), paid=5000) == [(0, False), (0, False)]


def test_a_discount_sent_as_a_line_lowers_the_basis_and_is_no_item():
    assert bases(raw(1), raw(2, -300)) == [(1000, True), (-300, False)]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 3_000), max_size=6))
def test_spread_gives_all_and_never_more_than_a_weight(amount, weights):
    shares = spread(amount, weights)

    assert sum(shares) == min(amount, sum(weights))
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


def test_spread_gives_the_largest_remainder_first_and_ties_by_position():
    assert spread(10, [1000, 1000, 1000]) == [4, 3, 3]
    assert spread(10, [1000, 1000, 1900]) == [3, 2, 5]


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "digits", "expected"),
    [
        (3, "1.115", "0", 2, 334),  # 3.345 is halfway: to the even 334
        (1, "0.125", "0", 2, 12),
        (1, "0.135", "0", 2, 14),
        (Decimal("0.5"), "1.99", "0.10", 2, 90),  # 0.895
        (2, "500", "1", 0, 999),
        (1, "1.2345", "0", 3, 1234),
        (1, "99999999999999.99", "0", 2, 9999999999999999),
        (10**12, "12345678.1234", "0.0001", 2, 1234567812340000000000),
    ],
)
def test_a_line_is_rounded_half_even_once(quantity, price, discount, digits, expected):
    found = amount_minor(
        quantity=quantity, unit_price=Decimal(price), discount=Decimal(discount), digits=digits
    )

    assert found == expected


def test_an_amount_typed_at_a_till_holds_its_tax():
    assert tax_contained(gross_minor=1190, rate=Decimal(19)) == 190
    assert tax_contained(gross_minor=1000, rate=Decimal("8.1")) == 75
    assert tax_contained(gross_minor=1000, rate=Decimal(0)) == 0


@given(
    policy=st.builds(
        BasisPolicy,
        prices_include_tax=st.booleans(),
        earns_on_tax=st.booleans(),
        earns_on_points_paid=st.booleans(),
    ),
    lines=st.lists(
        st.tuples(
            st.integers(0, 10_000),
            st.integers(0, 3_000),
            st.sampled_from(["product", "tip", "fee"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    paid=st.integers(0, 3) | st.integers(0, 60_000),
)
def test_every_line_earns_by_the_rule_as_it_is_written(policy, lines, paid):
    """The rule once more, always with shares and exact fractions."""
    raws = [
        raw(number, amount, tax_minor=tax, kind=kind, is_paid_by_reward=is_reward)
        for number, (amount, tax, kind, is_reward) in enumerate(lines, 1)
    ]
    costs = [amount + (0 if policy.prices_include_tax else tax) for amount, tax, *_ in lines]
    shares = spread(0 if policy.earns_on_points_paid else paid, costs)

    found = earning_lines(raws, policy=policy, points_paid_minor=paid)

    for line, cost, share, (_, tax, kind, is_reward) in zip(found, costs, shares, lines, strict=True):
        taxed = 0 if policy.earns_on_tax or not cost else round(Fraction(tax * (cost - share), cost))
        earns = kind != "tip" and not is_reward
        assert line.basis_minor == (cost - share - taxed if earns else 0)
        assert line.is_counted == (earns and cost > share)
