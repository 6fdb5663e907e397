"""The arithmetic of discounts: exact, never below zero, the same whatever the order of typing (41)."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rewards.coupons.discounts import Offer, Priced, price

CAKE, TEA = "cake", "tea"


def line(amount, sku=CAKE, quantity=1, kind="product", **more):
    return Priced(1, kind, sku, sku, "", quantity, amount, **more)


def off(offers, *lines):
    found = price(offers, lines)
    return found.per_line(len(lines))


def percent(value, number=1, **more):
    return Offer(number, "percent", percent=Decimal(value), **more)


def amount(value, number=2, **more):
    return Offer(number, "amount", value_minor=value, **more)


def test_percent_is_rounded_half_even_once_and_spread_by_largest_remainder():
    # 10 % of 10.05 is 1.005: half-even gives 1.00; 33.3 and 66.7 cents of it.
    assert off([percent("10")], line(335), line(670)) == [33, 67]
    assert off([percent("10")], line(1015)) == [102]  # 1.015
    assert off([percent("12.5")], line(1)) == [0]
    assert off([percent("100")], line(999), line(1)) == [999, 1]


def test_an_amount_is_spread_by_value_and_ends_at_zero():
    assert off([amount(500)], line(1000), line(2000)) == [167, 333]
    assert off([amount(500)], line(100), line(200)) == [100, 200]
    assert off([amount(1)], line(100), line(100), line(100)) == [1, 0, 0]


def test_a_percent_has_a_cap():
    assert off([percent("50", most_minor=300)], line(1000), line(1000)) == [150, 150]


def test_only_matching_lines_and_never_what_is_no_product():
    lines = (
        line(1000),
        line(1000, TEA),
        line(500, kind="shipping"),
        line(700, kind="gift_card"),
        line(900, is_reward=True),
    )

    assert off([percent("10")], *lines) == [100, 100, 0, 0, 0]
    assert off([percent("10", admits=lambda one: one.sku == TEA)], *lines) == [0, 100, 0, 0, 0]
    assert off([Offer(1, "shipping")], *lines) == [0, 0, 500, 0, 0]
    assert off([Offer(1, "shipping", most_minor=300)], *lines) == [0, 0, 300, 0, 0]


def test_a_free_product_is_one_piece_of_the_dearest():
    lines = (line(900, quantity=3), line(400), line(1000, TEA))

    assert off([Offer(1, "product", sku=CAKE)], *lines) == [0, 400, 0]
    assert off([Offer(1, "product", sku="none")], *lines) == [0, 0, 0]


def test_percent_comes_before_amount_whatever_their_ids():
    both = [amount(500, 1), percent("10", 2)]

    found = price(both, [line(1000)])

    assert found.shares == {2: [100], 1: [500]}


def test_common_ones_add_and_an_exclusive_one_stands_alone_if_it_saves_more():
    common = [percent("10", 1), amount(100, 2)]
    lines = [line(1000)]

    weak = price([*common, amount(150, 3, stacking="exclusive")], lines)
    strong = price([*common, amount(300, 3, stacking="exclusive")], lines)
    equal = price([*common, amount(200, 3, stacking="exclusive")], lines)
    two = price([amount(100, 4, stacking="exclusive"), amount(100, 3, stacking="exclusive")], lines)

    assert (weak.total_minor, weak.left_out) == (200, [3])
    assert (strong.total_minor, strong.left_out) == (300, [1, 2])
    assert equal.left_out == [3]
    assert two.left_out == [4]


def test_what_always_goes_goes_with_either():
    always = amount(50, 9, stacking="always")

    assert price([amount(100, 1, stacking="exclusive"), always], [line(1000)]).total_minor == 150
    assert price([amount(100, 1), always], [line(1000)]).total_minor == 150
    assert price([always], [line(1000)]).left_out == []


def test_a_coupon_for_a_rule_takes_nothing_off_and_is_taken():
    found = price([Offer(1, "rule")], [line(1000)])

    assert (found.total_minor, found.left_out) == (0, [])


OFFERS = st.lists(
    st.builds(
        Offer,
        id=st.integers(1, 6),
        kind=st.sampled_from(["amount", "percent", "product", "shipping", "rule"]),
        stacking=st.sampled_from(["common", "exclusive", "always"]),
        value_minor=st.integers(1, 5000),
        percent=st.decimals("0.01", "100", places=2),
        most_minor=st.none() | st.integers(1, 3000),
        sku=st.sampled_from([CAKE, TEA]),
    ),
    max_size=5,
    unique_by=lambda offer: offer.id,
)
LINES = st.lists(
    st.builds(
        line,
        st.integers(0, 10_000),
        st.sampled_from([CAKE, TEA]),
        st.integers(1, 5),
        st.sampled_from(["product", "shipping", "gift_card"]),
    ),
    min_size=1,
    max_size=6,
)


@given(OFFERS, LINES, st.randoms(use_true_random=False))
def test_no_line_falls_below_zero_and_typing_order_means_nothing(offers, lines, chance):
    found = price(offers, lines)
    shuffled = [*offers]
    chance.shuffle(shuffled)

    per_line = found.per_line(len(lines))
    assert all(0 <= part <= one.amount_minor for part, one in zip(per_line, lines, strict=True))
    assert price(shuffled, lines) == found
    assert {*found.shares, *found.left_out} == {offer.id for offer in offers}
    assert not {*found.shares} & {*found.left_out}
    taken = [offer for offer in offers if offer.id in found.shares]
    assert sum(offer.stacking == "exclusive" for offer in taken) <= 1
    for offer in taken:
        if offer.kind == "amount":
            assert sum(found.shares[offer.id]) <= min(offer.value_minor, offer.most_minor or 10**9)
