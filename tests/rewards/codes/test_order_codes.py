"""Codes in orders: discounts per line, refusals that say why, claims, and what comes back (E4, 41)."""

import pytest
from django_scopes import scope

from members import programs
from members.models import Order
from rewards import intake
from rewards.coupons import coupons
from rewards.intake import rows
from rewards.merging.joining import merge
from rewards.models import Code, CodePool, Coupon
from rewards.pools import pools, signs, words
from tests.rewards import builders as b
from tests.rewards import coupons as c
from tests.rewards import statements

pytestmark = pytest.mark.django_db
NOW = "2026-02-01"


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"], tiers={"basic": (0, {}), "gold": (100_00, {})})


def order(number="A", *lines, codes=("SUMMER",), at=NOW, **others):
    return b.order(number, at, *(lines or (1000, 2000)), codes=codes, **others)


def outcome(program, *args, **others):
    return b.record(program, order(*args, **others))[0]


def preview(program, *args, **others):
    return intake.preview(program=program, item=order(*args, **others), now=b.moment(NOW)).outcome


def lines_of(program, number="A"):
    order = b.stored_order(program, number)
    with scope(program=program):
        lines = order.lines.order_by("revision", "position")
        return [(line.amount_minor, line.discount_minor, line.basis_minor) for line in lines]


def taken(program, key="summer"):
    with scope(program=program):
        return Coupon.objects.get(key=key).taken


# --- what comes off -------------------------------------------------------------------------------------------------


def test_a_code_takes_its_discount_off_the_lines_and_points_are_for_the_rest(program):
    c.put_up(program)

    found = outcome(program)

    assert found.status == "recorded"
    assert found.codes == [{"coupon": "summer", "discount_minor": 300, "lines": [[1, 100], [2, 200]]}]
    assert found.awarded == {"points": 27}
    assert lines_of(program) == [(900, 100, 900), (1800, 200, 1800)]
    (use,) = c.uses(program)
    assert (use.discount_minor, use.shares) == (300, [[1, 100], [2, 200]])
    assert use.member_id == b.find(program, "anna").pk


def test_tax_shrinks_with_its_line():
    program = b.open_program(prices_include_tax=True)
    c.put_up(program)

    b.record(program, order("A", b.line(1190, tax_minor=190)))

    with scope(program=program):
        (line,) = b.stored_order(program, "A").lines.all()
    assert (line.amount_minor, line.tax_minor, line.basis_minor) == (1071, 171, 900)


def test_a_repeat_is_told_the_same_and_claims_nothing_more(program):
    c.put_up(program, most=5)
    first = outcome(program)

    again = outcome(program)

    assert (again.status, again.codes) == ("repeated", first.codes)
    assert (taken(program), len(c.uses(program))) == (1, 1)


def test_the_same_order_with_another_code_contradicts(program):
    c.put_up(program)
    c.put_up(program, "winter")
    outcome(program)

    assert outcome(program, codes=("WINTER",)).code == "fact_contradicts"
    assert outcome(program, codes=()).code == "fact_contradicts"


def test_a_preview_tells_each_code_and_writes_nothing(program):
    c.put_up(program, most=1)
    c.put_up(program, "big", minimum_minor=5000)

    found = preview(program, codes=("summer", "BIG", "nonsense"))

    assert [one.get("coupon") or one["code"] for one in found.codes] == [
        "summer",
        "coupon_below_minimum",
        "code_invalid",
    ]
    assert found.codes[1]["missing_minor"] == 2000
    assert found.awarded == {"points": 27}
    assert (taken(program), c.uses(program)) == (0, [])


def test_a_quote_holds_for_the_codes_it_was_given_for(program):
    c.put_up(program)
    c.put_up(program, "winter")
    b.join(program, "anna")
    quoted = intake.preview(program=program, item=order(), now=b.moment(NOW))

    refused = outcome(program, codes=("WINTER",), quote=quoted.quote)
    taken_in = outcome(program, quote=quoted.quote)

    assert (refused.code, taken_in.status) == ("quote_refused", "recorded")


def test_several_codes_stack_and_what_does_not_go_together_is_refused(program):
    c.put_up(program)
    c.put_up(program, "five", kind="amount", value_minor=500)
    c.put_up(program, "alone", kind="amount", value_minor=600, stacking="exclusive")

    both = preview(program, codes=("five", "summer"))
    three = outcome(program, codes=("five", "summer", "alone"))

    assert [one["discount_minor"] for one in both.codes] == [500, 300]
    assert (three.status, three.code) == ("refused", "coupon_not_together")
    assert c.uses(program) == []


def test_a_code_entered_twice_is_refused(program):
    c.put_up(program)

    assert outcome(program, codes=("SUMMER", "sum mer")).code == "code_twice"
    assert outcome(program, codes=("SUMMER",) * 11).code == "codes_too_many"


def test_a_coupon_lets_a_rule_count_and_a_return_prices_with_it(program):
    double = {
        "amount": {"kind": "multiplier", "factor": "2"},
        "conditions": {"field": "order.coupons", "op": "has any", "value": ["double"]},
    }
    c.put_up(program, "double", kind="rule", word="TWICE")
    b.publish(program, "double", double)

    with_code = outcome(program, codes=("twice",))
    without = outcome(program, "B", codes=())
    b.record(program, b.bring_back("R", "2026-02-02", "sku-1000", order="A"))

    assert (with_code.awarded, without.awarded) == ({"points": 60}, {"points": 30})
    assert b.balance(program).active == 60 + 30 - 20


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sent", "code"),
    [
        ({"ends_at": b.moment("2026-01-31")}, {}, "code_invalid"),
        ({"starts_at": b.moment("2026-02-02")}, {}, "code_invalid"),
        ({"stores": ["north"]}, {"store": "south"}, "coupon_wrong_store"),
        ({"minimum_minor": 3001}, {}, "coupon_below_minimum"),
        ({"members_only": True}, {"member": None}, "coupon_needs_member"),
        ({"per_member": 1}, {"member": None}, "coupon_needs_member"),
        ({"kind": "product", "sku": "tea"}, {}, "coupon_nothing_to_take_off"),
        ({"kind": "shipping"}, {}, "coupon_nothing_to_take_off"),
        ({"lines": {"field": "sku", "op": "=", "value": "tea"}}, {}, "coupon_nothing_to_take_off"),
        (
            {"conditions": {"field": "standing.tier", "op": "=", "value": "gold"}},
            {},
            "coupon_not_eligible",
        ),
        ({"conditions": {"field": "order.channel", "op": "=", "value": "web"}}, {}, "coupon_not_eligible"),
    ],
)  # fmt: skip
def test_who_may_not_is_told_why_and_nothing_is_written(program, values, sent, code):
    c.put_up(program, **values)

    found = outcome(program, **sent)

    assert (found.status, found.code, found.field) == ("refused", code, "codes")
    assert c.uses(program) == []
    with scope(program=program):
        assert not Order.objects.filter(external_id="A").exists()


def test_conditions_see_the_tier_of_the_moment(program):
    c.put_up(program, conditions={"field": "standing.tier", "op": "=", "value": "gold"})
    b.record(program, b.order("O", "2026-01-10", 100_00))

    assert outcome(program).status == "recorded"


def test_shared_codes_are_counted_in_one_order_however_they_are_typed(program, monkeypatch):
    for key in ("first", "second"):
        c.put_up(program, key, most=5)
    seen = []
    whole = rows.document
    monkeypatch.setattr(rows, "document", lambda state: seen.append(whole(state)) or seen[-1])

    assert outcome(program, "A", codes=("SECOND", "FIRST")).status == "recorded"

    (document,) = [one for one in seen if "coupon_counts" in one]
    for table in ("code_uses", "coupon_counts"):
        numbers = [row["id"] for row in document.get(table, ())]
        assert numbers == sorted(numbers)
    assert len(document["coupon_counts"]) == 2


def test_a_code_of_ones_own_works_after_a_merge(program):
    pool = c.open_pool(program, "own")
    c.put_up(program, "single", pool="own")
    anna, ben = b.join(program, "anna"), b.join(program, "ben")
    with scope(program=program):
        words.give(pool=pool, members=[ben], by=None, now=b.moment("2026-01-01"))
        code = _unsealed(program, Code.objects.get(member=ben))
    at = b.moment("2026-01-15")
    merge(program=program, kept=anna, gone=ben, by=b.staff(), reason="twice", key="k", now=at)

    found = outcome(program, codes=(code,))
    again = outcome(program, "B", codes=(code,))

    assert found.status == "recorded"
    assert [use.member_id for use in c.uses(program)] == [anna.pk]
    assert again.code == "code_invalid"


def test_wrong_over_used_closed_and_anothers_answer_alike(program):
    pool = c.open_pool(program, "own")
    c.put_up(program, "single", pool="own", most=None)
    used, fresh = c.draw(pool, 2)
    with scope(program=program):
        words.give(pool=pool, members=[b.join(program, "ben")], by=None, now=b.moment(NOW))
        anothers = _unsealed(program, Code.objects.get(member__isnull=False))
    b.record(program, order("U", codes=(used,), member="ben"))
    c.put_up(program, "over", ends_at=b.moment("2026-01-01"))
    coupons.create(
        program=program,
        key="draft",
        by=None,
        now=c.LONG_AGO,
        kind="shipping",
        names={"en": "D"},
        word="DRAFT",
    )
    c.put_up(program, "done")
    coupons.end(program=program, key="done", by=None, now=c.LONG_AGO)
    c.put_up(program, "spent", most=1)
    b.record(program, order("S", codes=("SPENT",), member="ben"))

    codes = ("nonsense", "", used, anothers, "OVER", "DRAFT", "DONE", "SPENT")
    found = [outcome(program, codes=(one,)) for one in codes]
    pools.change(program=program, key="own", by=None, now=c.LONG_AGO, is_open=False)
    found.append(outcome(program, codes=(fresh,)))
    told = {(one.code, one.message, one.field) for one in found}

    assert len(told) == 1
    assert told.pop()[0] == "code_invalid"


def _unsealed(program, code):
    return signs.unseal(program_id=program.pk, sealed=code.sealed)


def test_a_code_of_another_program_is_none(program):
    other = b.open_program()
    c.put_up(other)
    c.put_up(program, "winter")

    assert outcome(program).code == "code_invalid"


def test_a_program_without_coupons_knows_no_code(program):
    assert outcome(program).code == "code_invalid"


def test_each_member_once_by_coupon_and_by_code(program):
    c.put_up(program, per_member=1)
    c.open_pool(program, "each", use="member")
    with scope(program=program):
        words.add(pool=CodePool.objects.get(key="each"), word="EACH", by=None, now=b.moment(NOW))
    c.put_up(program, "each", pool="each")

    first = [outcome(program, f"{code}1", codes=(code,)).status for code in ("SUMMER", "EACH")]
    second = [outcome(program, f"{code}2", codes=(code,)).code for code in ("SUMMER", "EACH")]
    others = [outcome(program, f"{code}3", codes=(code,), member="ben").status for code in ("SUMMER", "EACH")]

    assert first == others == ["recorded", "recorded"]
    assert second == ["coupon_limit_reached", "coupon_limit_reached"]


def test_limits_count_within_one_batch_too(program):
    c.put_up(program, most=2)

    found = b.record(program, *(order(f"O{n}", member=f"m{n}") for n in range(4)))

    assert [one.status for one in found] == ["recorded", "recorded", "refused", "refused"]
    assert taken(program) == 2


def test_a_change_in_the_batch_does_not_hide_what_its_order_used(program):
    c.put_up(program, per_member=1)
    outcome(program)

    found = b.record(program, order(revision=1), order("B"), order("C"))

    assert [one.code for one in found] == ["", "coupon_limit_reached", "coupon_limit_reached"]
    assert len(c.uses(program)) == 1


def test_a_member_merged_away_counts_for_who_is_kept(program):
    c.put_up(program, per_member=1)
    b.join(program, "ben")
    b.record(program, order("A", member="ben"))
    b.join(program, "anna")
    merge(
        program=program, kept=b.find(program, "anna"), gone=b.find(program, "ben"), by=b.staff(), reason="twice",
        key="k", now=b.moment(NOW),
    )  # fmt: skip

    assert outcome(program, "B").code == "coupon_limit_reached"


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_cancellation_frees_the_code_and_a_part_of_it_does_not(program):
    c.put_up(program, most=1)
    outcome(program)

    b.record(program, b.bring_back("R", "2026-02-02", "sku-1000", order="A"))
    assert (taken(program), outcome(program, "B").code) == (1, "code_invalid")

    b.record(program, b.bring_back("R2", "2026-02-03", "sku-2000", order="A"))
    assert taken(program) == 0
    assert outcome(program, "C", at="2026-02-04").status == "recorded"
    assert [use.given_back_at is None for use in c.uses(program, held=False)] == [False, True]


def test_an_order_that_a_coupon_made_free_keeps_it_until_all_pieces_are_back(program):
    c.put_up(program, most=1, percent=100)
    outcome(program, "A", b.line(3000, "mug", quantity=3))

    b.record(program, b.bring_back("R", "2026-02-02", "mug", order="A"))
    b.record(program, b.bring_back("R2", "2026-02-02", "nothing of it", order="A"))
    assert (taken(program), outcome(program, "B").code) == (1, "code_invalid")

    b.record(program, b.bring_back("R3", "2026-02-03", ("mug", 2), order="A"))
    assert taken(program) == 0


def test_a_coupon_that_does_not_come_back_stays_used(program):
    c.put_up(program, most=1, comes_back=False)
    outcome(program)

    b.record(program, b.cancel("A", "2026-02-02"))

    assert (taken(program), len(c.uses(program))) == (1, 1)


def test_a_refund_of_the_whole_amount_and_a_return_that_came_first_free_it(program):
    c.put_up(program, most=1)
    outcome(program)
    b.record(program, b.bring_back("R", "2026-02-02", order="A", amount_minor=2700))
    assert taken(program) == 0

    b.record(program, b.cancel("E", "2026-02-03"))
    outcome(program, "E", at="2026-02-02")
    assert (taken(program), c.uses(program)) == (0, [])


def test_a_return_of_a_discounted_line_takes_the_points_of_what_was_paid(program):
    c.put_up(program)
    outcome(program)

    b.record(program, b.bring_back("R", "2026-02-02", "sku-2000", order="A"))

    assert b.balance(program).active == 9


def test_a_change_keeps_its_code_prices_it_anew_and_may_drop_it(program):
    c.put_up(program, most=1, per_member=1)
    outcome(program)

    more = outcome(program, "A", 1000, 3000, revision=1)
    assert (more.status, more.codes[0]["discount_minor"]) == ("recorded", 400)
    assert (taken(program), c.uses(program)[0].discount_minor) == (1, 400)
    assert b.balance(program).active == 36

    none = outcome(program, "A", 1000, 3000, revision=2, codes=())
    assert (none.status, taken(program), c.uses(program)) == ("recorded", 0, [])
    assert b.balance(program).active == 40
    assert outcome(program, "B").status == "recorded"


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("limits", [{}, {"most": 1, "per_member": 1}])
@pytest.mark.parametrize(
    ("codes", "left", "awarded"),
    [
        (["SUMMER", "SUMMER"], 1, 27),
        (["SUMMER", "SUMMER", "SUMMER"], 1, 27),
        (["SUMMER", ""], 0, 30),
        (["SUMMER", "", "SUMMER"], 1, 27),
        (["SUMMER", "", "SUMMER", ""], 0, 30),
    ],
)
def test_revisions_of_one_batch_end_as_those_sent_one_by_one(program, codes, left, awarded, limits, is_known):
    c.put_up(program, **limits)
    items = [order(codes=(code,) if code else (), revision=at) for at, code in enumerate(codes)]
    if is_known:
        b.record(program, items.pop(0))

    found = b.record(program, *items)

    assert {one.status for one in found} == {"recorded"}
    assert len(c.uses(program)) == left
    assert taken(program) == (left if limits else 0)
    assert b.balance(program).active == awarded
    assert outcome(program, "B").status == ("refused" if limits and left else "recorded")


def test_a_code_that_one_order_gives_back_another_of_the_batch_may_take(program):
    c.put_up(program, most=1, per_member=1)
    outcome(program)

    found = b.record(program, order(codes=(), revision=1), order("B"))

    assert [one.status for one in found] == ["recorded", "recorded"]
    assert (taken(program), len(c.uses(program))) == (1, 1)


def test_a_late_revision_claims_nothing(program):
    c.put_up(program)
    outcome(program, codes=(), revision=3)

    assert outcome(program, revision=2).status == "recorded"
    assert c.uses(program) == []


def test_a_change_that_brings_a_code_and_a_member(program):
    c.put_up(program, per_member=1)
    outcome(program, codes=(), member=None)

    found = outcome(program, revision=1)

    assert found.awarded == {"points": 27}
    assert c.uses(program)[0].member_id == b.find(program, "anna").pk
    assert outcome(program, "B").code == "coupon_limit_reached"


# --- cost -----------------------------------------------------------------------------------------------------------


def test_codes_cost_no_statement_more(program):
    c.put_up(program, most=100)
    programs.touch(program)
    b.record(program, order("warm"))

    with statements.counted() as plain:
        b.record(program, order("A", codes=()))
    with statements.counted() as coded:
        b.record(program, order("B"))

    assert len(coded) == len(plain)
