"""Facts in, points out: orders and their life, batches, members, events. Numbers in comments are lines of SEMANTICS."""

import dataclasses
from datetime import UTC, datetime

import pytest
from django_scopes import scope

from members.models import Event, Fact, Identity, Member, Order, OrderLine
from rewards import ledger
from rewards.intake.items import Who
from rewards.models import Award, Counter, Pricing
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

BONUS = {"amount": {"kind": "fixed", "points": "50"}}


@pytest.fixture
def program():
    return b.open_program(stores=["north", "south"])


def points(program, member: str = "anna") -> int:
    return b.balance(program, member).active


# --- the life of an order (22) ----------------------------------------------------------------------------------------


def test_an_order_is_stored_earns_and_says_so(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 6000, 4000, store="north", channel="till"))

    assert (outcome.status, outcome.code) == ("recorded", "")
    assert outcome.awarded == {"points": 100}
    assert outcome.balance == {"points": 100}
    stored = b.stored_order(program, "A")
    assert (stored.pk, stored.member_id) == (outcome.order_id, outcome.member_id)
    assert (stored.state, stored.total_minor, stored.basis_minor) == ("paid", 10_000, 10_000)
    with scope(program=program):
        assert OrderLine.objects.filter(order=stored).count() == 2
        assert Pricing.objects.get(fact_id=outcome.fact_id).awarded == {"points": 100}
        assert Award.objects.get(fact_id=outcome.fact_id).awarded == 100
        kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == ["member.joined", "order"]


def test_an_unpaid_order_earns_pending_until_it_is_paid(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))
    placed = b.balance(program)

    (outcome,) = b.record(program, b.paid("A", "2026-01-12"))

    assert placed == Balance(pending=100)  # 22
    assert b.balance(program) == Balance(active=100)
    assert outcome.balance == {"points": 100}
    assert b.stored_order(program, "A").state == "paid"


def test_expiry_counts_from_activation(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.paid("A", "2026-02-01"))

    assert b.lots(program)[-1].expires_at == b.moment("2026-02-12T00:00")  # 8


def test_paying_twice_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))
    b.record(program, b.paid("A", "2026-01-12"))

    (outcome,) = b.record(program, b.paid("A", "2026-01-12"))

    assert outcome.status == "repeated"
    assert b.balance(program) == Balance(active=100)


def test_a_change_upwards_posts_the_difference(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    (outcome,) = b.record(program, b.order("A", "2026-01-11", 10_000, 5000, revision=1))

    assert outcome.awarded == {"points": 50}
    assert points(program) == 150
    assert [row[2] for row in b.movements(program)] == [100, 50]


def test_a_change_downwards_takes_the_difference_back(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, 5000))

    (outcome,) = b.record(program, b.order("A", "2026-01-11", 10_000, revision=1))

    assert outcome.reversed == {"points": 50}
    assert points(program) == 100
    assert b.stored_order(program, "A").revision == 1


def test_a_change_keeps_the_moment_of_the_order(program):
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "2"}}, since="2026-01-15")
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.order("A", "2026-01-20", 20_000, revision=1))

    assert points(program) == 200  # 22: re-priced as of its original moment
    assert b.stored_order(program, "A").occurred_at == b.moment("2026-01-10")


def test_changes_up_and_down_end_where_the_last_one_says(program):
    amounts = [10_000, 30_000, 100, 50_000, 20_000]

    for revision, amount in enumerate(amounts):
        b.record(program, b.order("A", f"2026-01-{10 + revision}", amount, revision=revision))

    assert points(program) == 200
    assert b.wrong_wallets(program) == []


def test_an_older_revision_that_comes_late_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.order("A", "2026-01-12", 30_000, revision=2))

    b.record(program, b.order("A", "2026-01-11", 20_000, revision=1))

    assert points(program) == 300
    assert b.stored_order(program, "A").revision == 2


def test_the_same_revision_with_other_content_contradicts(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 20_000))

    assert (outcome.status, outcome.code) == ("refused", "fact_contradicts")  # 15
    assert points(program) == 100


def test_an_order_told_twice_has_effect_once(program):
    told = b.order("A", "2026-01-10", 10_000)
    (first,) = b.record(program, told)

    (again,) = b.record(program, told, now="2026-05-01")

    assert again == dataclasses.replace(first, status="repeated")  # 15
    assert points(program) == 100
    with scope(program=program):
        assert Fact.objects.count() == 1


def test_a_cancelled_order_leaves_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 6000, 4000))

    (outcome,) = b.record(program, b.cancel("A", "2026-01-11"))

    assert outcome.reversed == {"points": 100}
    assert b.balance(program) == Balance()
    assert b.stored_order(program, "A").state == "cancelled"


def test_cancelling_before_payment_voids_what_is_pending(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.cancel("A", "2026-01-11"))

    assert b.movements(program)[-1] == ("reverse", -100, 0, 0)  # 7
    assert b.balance(program) == Balance()


def test_a_payment_after_the_cancellation_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False), b.cancel("A", "2026-01-11"))

    b.record(program, b.paid("A", "2026-01-12"))

    assert b.balance(program) == Balance()
    assert b.stored_order(program, "A").state == "cancelled"


def test_cancelling_twice_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000), b.cancel("A", "2026-01-11"))

    (again,) = b.record(program, b.cancel("A", "2026-01-11"))

    assert again.status == "repeated"
    assert b.balance(program) == Balance()


def test_a_change_of_a_cancelled_order_changes_nothing(program):
    b.record(program, b.order("A", "2026-01-10", 10_000), b.cancel("A", "2026-01-11"))

    b.record(program, b.order("A", "2026-01-12", 90_000, revision=1))

    assert b.balance(program) == Balance()


def test_a_change_may_carry_the_payment(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.order("A", "2026-01-11", 15_000, revision=1))

    assert b.balance(program) == Balance(active=150)


def test_a_change_may_say_whose_order_it_was(program):
    b.record(program, b.order("A", "2026-01-10", b.line(9000, "cup", 3), member=None))
    b.record(program, b.bring_back("R", "2026-01-11", "cup", order="A"))
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "9"}}, since="2026-01-11")

    (outcome,) = b.record(program, b.order("A", "2026-01-12", b.line(9000, "cup", 3), revision=1))
    b.record(program, b.bring_back("S", "2026-01-13", "cup", order="A"))

    assert (outcome.awarded, outcome.reversed) == ({"points": 90}, {"points": 30})
    assert points(program) == 30  # as of its own moment (22), without what had come back (24)


def test_a_change_of_an_unpaid_order_stays_pending(program):
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.order("A", "2026-01-11", 15_000, revision=1, is_paid=False))

    assert b.balance(program) == Balance(pending=150)


def test_payment_before_the_order_waits_for_it(program):
    (waiting,) = b.record(program, b.paid("A", "2026-01-12"))

    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False), now="2026-01-13")

    assert waiting.status == "waiting"
    assert b.balance(program) == Balance(active=100)


# --- what an order must be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "USD"}, "currency_foreign"),  # 17
        ({"lines": ()}, "order_empty"),
        ({"store": "east"}, "store_unknown"),
        ({"external_id": ""}, "fact_unnamed"),
        ({"lines": (b.line(100, quantity=0),)}, "quantity_invalid"),
        ({"lines": (b.line(-100),)}, "amount_negative"),
        ({"occurred_at": datetime(2030, 1, 1, tzinfo=UTC)}, "moment_in_future"),
        ({"member": Who("number", "123456789012")}, "member_unknown"),
        ({"member": Who("email", "nobody@example.com")}, "member_unknown"),
        ({"member": Who("email", "not an address", joins=True)}, "identity_invalid"),
        ({"member": Who("phone", "call me", joins=True)}, "identity_invalid"),
    ],
)
def test_what_cannot_be_an_order_is_refused_and_the_others_are_taken(program, changes, code):
    bad = dataclasses.replace(b.order("bad", "2026-01-10", 10_000), **changes)

    outcomes = b.record(
        program,
        b.order("A", "2026-01-10", 1000),
        bad,
        b.order("C", "2026-01-10", 3000),
        now="2026-01-10T13:00",
    )

    assert [outcome.status for outcome in outcomes] == ["recorded", "refused", "recorded"]
    assert outcomes[1].code == code
    assert outcomes[1].message
    assert points(program) == 40
    with scope(program=program):
        assert not Order.objects.filter(external_id="bad").exists()
        assert Fact.objects.count() == 2


def test_the_programs_own_currency_may_be_named(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 1000, currency="EUR"))

    assert outcome.status == "recorded"


def test_an_anonymous_order_is_kept_and_earns_nothing(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000, member=None))

    assert (outcome.status, outcome.awarded, outcome.member_id) == ("recorded", {}, None)
    assert b.stored_order(program, "A").member_id is None
    with scope(program=program):
        assert not Member.objects.exists()
        assert not Pricing.objects.exists()


def test_what_is_left_out_of_the_basis(program):
    lines = [
        b.line(5000, "mug"),
        b.line(700, "post", kind="shipping"),
        b.line(300, "tip", kind="tip"),
        b.line(2000, "card", kind="gift_card"),
        b.line(900, "free", is_reward=True),
    ]

    (outcome,) = b.record(program, b.order("A", "2026-01-10", *lines))

    assert outcome.awarded == {"points": 50}  # 17


def test_tax_contained_and_what_credit_paid_earn_nothing():
    program = b.open_program(prices_include_tax=True)

    (outcome,) = b.record(
        program, b.order("A", "2026-01-10", b.line(12_000, tax_minor=2000), credit_minor=6000)
    )

    assert outcome.awarded == {"points": 50}  # 17: half of 100.00 without tax


# --- batches ----------------------------------------------------------------------------------------------------------


def test_a_fact_twice_in_one_batch_has_effect_once(program):
    told = b.order("A", "2026-01-10", 10_000)

    first, again, other = b.record(program, told, told, dataclasses.replace(told, channel="web"))

    assert (first.status, again.status) == ("recorded", "repeated")
    assert (other.status, other.code) == ("refused", "fact_contradicts")
    assert again.fact_id == first.fact_id
    assert points(program) == 100


def test_a_batch_gives_what_single_facts_give(program):
    items = [
        b.order("A", "2026-01-10", 6000, 4000),
        b.order("B", "2026-01-11", 2000, is_paid=False),
        b.bring_back("R", "2026-01-12", "sku-6000", order="A"),
        b.paid("B", "2026-01-13"),
        b.order("C", "2026-01-14", 500, member="ben"),
        b.cancel("C", "2026-01-15"),
    ]
    other = b.open_program()

    b.record(program, *items)
    b.record_each(other, *items)

    for member in ("anna", "ben"):
        assert b.balance(program, member) == b.balance(other, member)
        assert b.movements(program, member) == b.movements(other, member)


def test_a_batch_at_its_own_time_is_history_as_it_was(program):
    b.change_unit(program, expiry={"kind": "days", "count": 30})

    b.record(
        program,
        b.order("A", "2026-01-10", 10_000),
        b.order("B", "2026-03-10", 20_000),
        at_own_time=True,
        now="2026-06-01",
    )

    assert b.movements(program) == [("earn", 0, 100, 0), ("expire", 0, -100, 0), ("earn", 0, 200, 0)]  # 10
    assert b.entries(program)[0].posted_at == b.moment("2026-01-10")
    assert points(program) == 200


def test_an_empty_batch_is_nothing(program):
    assert b.intake.record(program=program, items=[], now=b.moment("2026-01-10")) == []


# --- members ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_who_is_not_active_earns_nothing(program, state):
    b.join(program, "anna", state=state)

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000))

    assert (outcome.status, outcome.code, outcome.awarded) == ("recorded", f"member_{state}", {})  # 12
    assert b.wallet(program) is None
    assert b.stored_order(program, "A").member_id == outcome.member_id


def test_who_is_blocked_later_still_gives_back_what_a_return_takes(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    with scope(program=program):
        Member.objects.update(state="blocked")

    b.record(program, b.cancel("A", "2026-01-11"))

    assert b.balance(program) == Balance()


def test_a_new_member_joins_once_in_a_batch(program):
    first, second = b.record(
        program,
        b.order("A", "2026-01-10", 1000, member=Who("email", "Anna@Example.com", True, "Anna", "fa")),
        b.order("B", "2026-01-11", 2000, member=Who("email", " anna@example.com", True, "Other name")),
    )

    assert first.member_id == second.member_id
    with scope(program=program):
        member = Member.objects.get()
        assert (member.name, member.language, member.source) == ("Anna", "fa", b.SOURCE)
        assert member.joined_at == b.moment("2026-01-10")
        assert Identity.objects.get().value == "anna@example.com"
        assert Event.objects.filter(kind="member.joined").count() == 1
    assert points(program) == 30


def test_a_member_is_found_by_number(program):
    anna = b.join(program, "anna")

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 1000, member=Who("number", anna.number)))

    assert outcome.member_id == anna.pk
    assert points(program) == 10


def test_a_number_never_joins(program):
    (outcome,) = b.record(
        program, b.order("A", "2026-01-10", 1000, member=Who("number", "123456789015", True))
    )

    assert outcome.code == "member_unknown"


def test_a_member_of_another_program_is_unknown_here(program):
    theirs = b.join(b.open_program(), "anna")

    outcomes = b.record(
        program,
        b.order("A", "2026-01-10", 1000, member=Who("number", theirs.number)),
        b.order("B", "2026-01-10", 1000, member=Who("email", "anna@example.com")),
    )

    assert [outcome.code for outcome in outcomes] == ["member_unknown"] * 2


def test_the_same_order_number_in_another_program_is_another_order(program):
    other = b.open_program()
    told = b.order("A", "2026-01-10", 10_000)
    b.record(program, told)

    (outcome,) = b.record(other, told)

    assert outcome.status == "recorded"
    assert points(other) == 100


# --- events -----------------------------------------------------------------------------------------------------------

REVIEW = {
    "trigger": {"on": "event", "kind": "review.written"},
    "amount": {"kind": "fixed", "points": "25"},
    "frequency": {"times": 2, "per": "month"},
}


def test_a_custom_event_is_rewarded_by_its_rule():
    program = b.open_program(rules={"review": REVIEW})

    given = b.record_each(
        program, *(b.event(f"E{n}", "review.written", f"2026-01-{n}", rating=5) for n in (10, 11, 12))
    )

    assert [outcome.awarded for outcome in given] == [{"points": 25}, {"points": 25}, {}]  # 18
    assert points(program) == 50


def test_an_event_without_a_rule_is_kept(program):
    (outcome,) = b.record(program, b.event("E", "review.written", "2026-01-10"))

    assert (outcome.status, outcome.awarded) == ("recorded", {})
    with scope(program=program):
        assert Event.objects.filter(kind="event.review.written", holder_id=outcome.member_id).exists()


@pytest.mark.parametrize("kind", ["order", "schedule.birthday", ""])
def test_an_event_from_outside_cannot_pass_for_an_order_or_a_schedule(kind):
    rules = {
        "bonus": BONUS,
        "birthday": {**BONUS, "trigger": {"on": "schedule", "kind": "birthday"}},
    }
    program = b.open_program(rules=rules)

    (outcome,) = b.record(program, b.event("E", kind, "2026-01-10"))

    assert (outcome.status, outcome.code) == ("refused", "event_kind_reserved" if kind else "event_unnamed")
    with scope(program=program):
        assert not Member.objects.exists()


def test_an_event_wakes_what_its_order_awaited(program):
    b.change_unit(
        program, pending={"kind": "event", "event": "delivered"}, expiry={"kind": "days", "count": 10}
    )
    b.record(program, b.order("A", "2026-01-10", 10_000), b.order("B", "2026-01-10", 2000))

    b.record(program, b.event("E1", "shipped", "2026-01-12", order="A"))
    waiting = b.balance(program)
    b.record(program, b.event("E2", "delivered", "2026-01-20", order="A"))

    assert waiting == Balance(pending=120)  # 7
    assert b.balance(program) == Balance(pending=20, active=100)
    assert b.lots(program)[-1].expires_at == b.moment("2026-01-31T00:00")  # 8


def test_an_unpaid_order_awaits_payment_and_then_its_event(program):
    b.change_unit(program, pending={"kind": "event", "event": "delivered"})
    b.record(program, b.order("A", "2026-01-10", 10_000, is_paid=False))

    b.record(program, b.paid("A", "2026-01-11"))
    paid = b.balance(program)
    b.record(program, b.event("E", "delivered", "2026-01-12", order="A"))

    assert (paid, b.balance(program)) == (Balance(pending=100), Balance(active=100))


# --- late orders (21) -------------------------------------------------------------------------------------------------


def test_a_late_order_is_priced_by_the_versions_of_its_moment(program):
    b.publish(program, "base", {"amount": {**b.ONE_PER_MAJOR, "points": "3"}}, since="2026-02-01T00:00")

    (late, fresh) = b.record(
        program,
        b.order("A", "2026-01-31T23:59:59", 10_000),
        b.order("B", "2026-02-01T00:00:00", 10_000),
        now="2026-03-01",
    )

    assert late.awarded == {"points": 100}
    assert fresh.awarded == {"points": 300}


def test_a_late_order_is_priced_by_the_standing_of_its_moment_and_raises_from_now_on():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-02-01", 60_000))

    before, after, late = b.record_each(
        program,
        b.order("B", "2026-02-02", 10_000),
        b.order("C", "2026-02-03", 10_000),
        b.order("D", "2026-01-15", 10_000),
    )

    assert (before.awarded, after.awarded) == ({"points": 200}, {"points": 200})
    assert late.awarded == {"points": 100}  # 21: no gold yet on 15 January


def test_a_late_order_never_raises_the_past():
    program = b.open_program(tiers={"basic": (0, {}), "gold": (50_000, {"points": "2"})})
    b.record(program, b.order("A", "2026-02-01", 10_000))
    b.record(program, b.order("B", "2026-01-05", 60_000), now="2026-02-10")

    (between, later) = b.record(
        program,
        b.order("C", "2026-02-05", 10_000),
        b.order("D", "2026-02-11", 10_000),
        now="2026-02-11",
    )

    assert between.awarded == {"points": 100}
    assert later.awarded == {"points": 200}


def test_counters_belong_to_the_period_of_the_order(program):
    b.publish(program, "base", {"amount": b.ONE_PER_MAJOR, "caps": {"month": "120"}})
    b.record(program, b.order("A", "2026-02-10", 10_000))

    late, full = b.record(
        program,
        b.order("B", "2026-01-31", 10_000),
        b.order("C", "2026-02-28", 10_000),
        now="2026-02-28",
    )

    assert late.awarded == {"points": 100}  # January's own counter
    assert full.awarded == {"points": 20}
    with scope(program=program):
        months = dict(Counter.objects.filter(key__contains=":m").values_list("key", "amount"))
    assert sorted(months.values()) == [100, 120]


def test_periods_follow_the_programs_time_zone():
    program = b.open_program(
        rules={"base": {"amount": b.ONE_PER_MAJOR, "caps": {"day": "100"}}}, time_zone="Asia/Tehran"
    )

    outcomes = b.record_each(
        program,
        b.order("A", "2026-01-10T20:00", 10_000),  # 23:30 on the 10th in Tehran
        b.order("B", "2026-01-10T20:29", 10_000),
        b.order("C", "2026-01-10T20:30", 10_000),  # midnight there
    )

    assert [outcome.awarded.get("points", 0) for outcome in outcomes] == [100, 0, 100]


# --- a budget shared by members ---------------------------------------------------------------------------------------


def test_a_budget_is_spent_exactly_to_its_limit_by_all_members():
    program = b.open_program(rules={"base": {"amount": b.ONE_PER_MAJOR, "budget": "250"}})

    outcomes = b.record(program, *(b.order(f"O{n}", "2026-01-10", 10_000, member=f"m{n}") for n in range(5)))

    assert [outcome.awarded.get("points", 0) for outcome in outcomes] == [100, 100, 50, 0, 0]  # 18
    with scope(program=program):
        rule = program.rules.get()
        award = Award.objects.get(fact_id=outcomes[2].fact_id)
    assert (rule.spent, rule.budget) == (250, 250)
    assert (award.desired, award.awarded, award.cut_by) == (100, 50, "budget")  # 20


def test_a_return_gives_the_budget_back():
    program = b.open_program(rules={"base": {"amount": b.ONE_PER_MAJOR, "budget": "100"}})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.record(program, b.cancel("A", "2026-01-11"))

    (outcome,) = b.record(program, b.order("B", "2026-01-12", 10_000, member="ben"))

    assert outcome.awarded == {"points": 100}


# --- pending and expiry policies (7 to 10) ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "active_at"),
    [
        ({"kind": "days", "count": 14}, "2026-01-24T12:00"),
        ({"kind": "hours", "count": 36}, "2026-01-12T00:00"),
        ({"kind": "date", "on": "2026-03-01"}, "2026-03-01T00:00"),
        ({"kind": "date", "on": "2026-01-01"}, "2026-01-10T12:00"),
        ({"kind": "none"}, "2026-01-10T12:00"),
        ({"kind": "event", "event": "delivered"}, None),
    ],
)
def test_pending_policies(program, pending, active_at):
    b.change_unit(program, pending=pending, expiry={"kind": "days", "count": 5})

    b.record(program, b.order("A", "2026-01-10", 10_000))

    (lot,) = b.lots(program)
    assert lot.active_at == (active_at and b.moment(active_at))
    assert lot.is_active is (active_at == "2026-01-10T12:00")
    assert (lot.expires_at is None) is (active_at is None)


def test_what_was_pending_becomes_active_at_its_own_moment(program):
    b.change_unit(program, pending={"kind": "days", "count": 14})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    early = ledger.settle_due(program=program, now=b.moment("2026-01-24T11:59"))
    moved = ledger.settle_due(program=program, now=b.moment("2026-02-01"))
    again = ledger.settle_due(program=program, now=b.moment("2026-02-01"))

    assert (early, moved, again) == (0, 1, 0)
    assert b.movements(program)[-1] == ("activate", -100, 100, 0)
    assert b.entries(program)[-1].at == b.moment("2026-01-24")
    assert b.balance(program) == Balance(active=100)


def test_a_rule_may_override_pending_and_expiry(program):
    b.publish(
        program,
        "base",
        {
            "amount": b.ONE_PER_MAJOR,
            "pending": {"kind": "days", "count": 1},
            "expiry": {"kind": "days", "count": 2},
        },
    )
    b.publish(program, "bonus", BONUS)

    b.record(program, b.order("A", "2026-01-10", 10_000))

    ends = {lot.granted: (lot.active_at, lot.expires_at) for lot in b.lots(program)}
    assert ends == {
        100: (b.moment("2026-01-11"), b.moment("2026-01-14T00:00")),  # 9: the last day is the 13th
        50: (b.moment("2026-01-10"), None),
    }


@pytest.mark.parametrize(
    ("expiry", "earned", "ends"),
    [
        ({}, "2026-01-10", None),
        ({"kind": "none"}, "2026-01-10", None),
        ({"kind": "days", "count": 30}, "2026-01-10", "2026-02-10T00:00"),
        ({"kind": "days", "count": 1}, "2026-01-10T00:00", "2026-01-12T00:00"),
        ({"kind": "months", "count": 1}, "2026-01-31", "2026-03-01T00:00"),  # the 28th is its last day
        ({"kind": "months", "count": 1}, "2024-01-31", "2024-03-01T00:00"),  # the 29th is
        ({"kind": "months", "count": 12}, "2024-02-29", "2025-03-01T00:00"),
        ({"kind": "months", "count": 48}, "2024-02-29", "2028-03-01T00:00"),
        ({"kind": "end_of", "period": "month"}, "2026-01-10", "2026-02-01T00:00"),
        ({"kind": "end_of", "period": "month"}, "2026-01-31T23:59", "2026-02-01T00:00"),
        ({"kind": "end_of", "period": "quarter"}, "2026-02-10", "2026-04-01T00:00"),
        ({"kind": "end_of", "period": "year", "after": 1}, "2026-02-10", "2028-01-01T00:00"),
        ({"kind": "dates", "dates": ["06-30", "12-31"]}, "2026-06-30", "2026-07-01T00:00"),
        ({"kind": "dates", "dates": ["06-30", "12-31"]}, "2026-07-01", "2027-01-01T00:00"),
        ({"kind": "dates", "dates": ["02-29"]}, "2025-03-01", "2026-03-01T00:00"),
    ],
)
def test_expiry_policies(program, expiry, earned, ends):
    b.change_unit(program, expiry=expiry)

    b.record(program, b.order("A", earned, 10_000))

    (lot,) = b.lots(program)
    assert lot.expires_at == (ends and b.moment(ends))  # 9, 10


@pytest.mark.parametrize(
    ("zone", "earned", "ends"),
    [
        ("Asia/Tehran", "2026-01-10T12:00", "2026-01-11T20:30"),
        ("Asia/Tehran", "2026-01-10T20:30", "2026-01-12T20:30"),  # already the 11th there
        ("America/New_York", "2026-03-07T12:00", "2026-03-09T04:00"),  # summer time begins on the 8th
        ("America/New_York", "2026-10-31T12:00", "2026-11-02T05:00"),  # and ends on 1 November
        ("Africa/Cairo", "2026-04-22T12:00", "2026-04-23T22:00"),  # midnight is left out on the 24th
        ("Pacific/Apia", "2026-01-10T12:00", "2026-01-12T11:00"),
    ],
)
def test_a_lot_ends_with_its_last_local_day(zone, earned, ends):
    program = b.open_program(units={"points": {"expiry": {"kind": "days", "count": 1}}}, time_zone=zone)

    b.record(program, b.order("A", earned, 10_000))

    (lot,) = b.lots(program)
    assert lot.expires_at == b.moment(ends)  # 10


def test_a_lot_can_be_spent_until_the_end_of_its_last_day(program):
    b.change_unit(program, expiry={"kind": "days", "count": 1})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.spend(program, 60, "2026-01-11T23:59:59.999999")
    with pytest.raises(ledger.InsufficientPoints):
        b.spend(program, 1, "2026-01-12T00:00")

    ledger.settle_due(program=program, now=b.moment("2026-01-12T00:00"))
    assert [row[0] for row in b.movements(program)] == ["earn", "spend", "expire"]


def test_a_lot_born_past_its_date_posts_earn_and_expire(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})

    (outcome,) = b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-03-01")

    assert b.movements(program) == [("earn", 0, 100, 0), ("expire", 0, -100, 0)]  # 10
    assert b.entries(program)[1].at == b.moment("2026-01-21T00:00")
    assert outcome.awarded == {"points": 100}
    assert outcome.balance == {"points": 0}


def test_a_lot_born_past_its_date_leaves_the_others_their_dates(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-02-25", 10_000))

    b.record(program, b.order("B", "2026-01-10", 5000), now="2026-03-01")
    moved = ledger.settle_due(program=program, now=b.moment("2026-03-20"))

    assert moved == 1  # 10: A's lot is still due
    assert b.balance(program) == Balance()


def test_what_is_due_goes_before_what_comes(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000))

    b.record(program, b.order("B", "2026-02-10", 2000))

    assert [row[0] for row in b.movements(program)] == ["earn", "expire", "earn"]  # 10
    assert points(program) == 20


def test_settling_is_over_when_nothing_is_due(program):
    b.change_unit(program, expiry={"kind": "days", "count": 10})
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.spend(program, 100, "2026-01-11")

    moved = ledger.settle_due(program=program, now=b.moment("2026-03-01"))

    assert moved == 0
    assert b.wallet(program).next_due_at is None  # or it would be read again at every round


# --- spending and adjusting -------------------------------------------------------------------------------------------


def test_spending_takes_soonest_expiry_then_oldest(program):
    b.change_unit(program, expiry={"kind": "days", "count": 100})
    b.record(program, b.order("late", "2026-02-01", 1000))
    b.record(program, b.order("early", "2026-01-01", 1000), now="2026-02-01")
    b.change_unit(program, expiry={})
    b.record(program, b.order("never", "2025-01-01", 1000), now="2026-02-02")

    b.spend(program, 25, "2026-02-03")

    assert [lot.remaining for lot in b.lots(program)] == [0, 0, 5]  # 5: never-expiring last
    assert sorted(b.allocations(b.entries(program)[-1]).values()) == [5, 10, 10]


def test_more_than_there_is_cannot_be_spent(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))

    with pytest.raises(ledger.InsufficientPoints) as refusal:
        b.spend(program, 101, "2026-01-11")

    assert refusal.value.params == {"missing": 1}
    assert points(program) == 100


def test_a_spend_told_twice_has_effect_once(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    first = b.spend(program, 60, "2026-01-11", key="k")

    again = b.spend(program, 60, "2026-01-12", key="k")

    assert again == dataclasses.replace(first, repeated=True)  # 15
    assert points(program) == 40


def test_a_key_used_for_something_else_is_refused(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    b.spend(program, 60, "2026-01-11", key="k")

    with pytest.raises(ledger.KeyReused):
        b.spend(program, 61, "2026-01-11", key="k")


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_who_is_not_active_cannot_spend(program, state):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    with scope(program=program):
        Member.objects.update(state=state)

    with pytest.raises(ledger.MemberNotActive):  # 12
        b.spend(program, 1, "2026-01-11")


def test_nobody_spends_in_another_program(program):
    b.record(program, b.order("A", "2026-01-10", 10_000))
    anna, other = b.find(program, "anna"), b.open_program()

    with pytest.raises(ledger.NotFound):
        ledger.spend(program=other, member=anna, unit="points", amount=1, key="k", now=b.moment("2026-01-11"))

    assert points(program) == 100


def test_an_adjustment_moves_either_way_and_is_audited(program):
    from members.models import AuditEntry

    b.join(program, "anna")

    up = b.adjust(program, 30, "2026-01-10")
    down = b.adjust(program, -20, "2026-01-11")

    assert (up.active, down.active) == (30, 10)
    with scope(program=program):
        audited = list(AuditEntry.objects.order_by("at").values_list("action", "after__amount", "reason"))
    assert audited == [("points.adjust", 30, "a kindness"), ("points.adjust", -20, "a kindness")]


def test_no_more_is_taken_by_hand_than_there_is(program):
    b.join(program, "anna")
    b.adjust(program, 30, "2026-01-10")

    with pytest.raises(ledger.InsufficientPoints):
        b.adjust(program, -31, "2026-01-11")


# --- what is counted for tiers (31) -----------------------------------------------------------------------------------


def test_orders_of_one_day_in_one_store_are_one_visit():
    program = b.open_program(
        stores=["north", "south"], tiers={"basic": (0, {}), "gold": (5, {})}, scheme={"counted": "visits"}
    )

    b.record_each(
        program,
        b.order("A", "2026-01-10T09:00", 1000, store="north"),
        b.order("B", "2026-01-10T10:00", 1000, store="north"),
        b.order("C", "2026-01-10T11:00", 1000, store="south"),
        b.order("D", "2026-01-11T09:00", 1000, store="north"),
    )

    assert b.metric(program)[2] == 3


def test_a_visit_is_gone_with_its_last_order():
    program = b.open_program(
        stores=["north"], tiers={"basic": (0, {}), "gold": (5, {})}, scheme={"counted": "visits"}
    )
    b.record_each(
        program,
        b.order("A", "2026-01-10T09:00", 1000, store="north"),
        b.order("B", "2026-01-10T10:00", 1000, store="north"),
    )

    b.record(program, b.cancel("A", "2026-01-12"))
    one = b.metric(program)[2]
    b.record(program, b.cancel("B", "2026-01-12"))

    assert (one, b.metric(program)[2]) == (1, 0)


@pytest.mark.parametrize("counted", ["spend", "orders", "points"])
def test_metrics_of_tiers(counted):
    program = b.open_program(tiers={"basic": (0, {}), "gold": (10**9, {})}, scheme={"counted": counted})

    b.record_each(
        program,
        b.order("A", "2026-01-10", 1000),
        b.order("B", "2026-01-11", 2000, b.line(0, "free")),
        b.order("C", "2026-01-11", b.line(0, "free")),  # 17: counts for no order metric
    )

    spend, orders, _visits, earned = b.metric(program)
    assert (spend, orders) == (3000, 2)
    assert earned == (30 if counted == "points" else 0)


# --- bad input --------------------------------------------------------------------------------------------------------

TOO_BIG = 2**63


@pytest.mark.parametrize(
    "bad",
    [
        {"lines": (b.line(100, "x" * 129),)},
        {"lines": (b.line(100, "a\x00b"),)},
        {"lines": (b.line(100, "\ud800"),)},
        {"lines": (b.line(100, name="n" * 301),)},
        {"lines": (b.line(100, category="c" * 129),)},
        {"lines": (b.line(100, quantity=2**31),)},
        {"lines": (b.line(TOO_BIG),)},
        {"lines": (b.line(2**62), b.line(2**62))},
        {"lines": (b.line(100, tax_minor=-1),)},
        {"lines": (b.line(100, discount_minor=-1),)},
        {"lines": (b.line(100, quantity=1.5),)},
        {"external_id": "x" * 129},
        {"external_id": "\ud800"},
        {"external_id": "a\x00"},
        {"source": "s" * 33},
        {"channel": "c" * 33},
        {"revision": -1},
        {"revision": 2**31},
        {"credit_minor": -5},
        {"occurred_at": datetime(2026, 1, 10)},  # noqa: DTZ001
        {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"member": Who("email", "\ud800@example.com", True)},
        {"member": Who("email", "new@example.com", True, "a\x00b")},
        {"member": Who("email", "new@example.com", True, "\udfff")},
        {"member": Who("email", "new@example.com", True, language="x" * 9)},
        {"member": Who("pigeon", "grey", True)},
        {"member": Who("shop", "x" * 255, True)},
        {"member": Who("number", "\ud800")},
    ],
    ids="-".join,
)
def test_what_cannot_be_stored_is_refused_alone(program, bad):
    told = dataclasses.replace(b.order("bad", "2026-01-10", 10_000), **bad)

    good, refused, also = b.intake.record(
        program=program,
        items=[b.order("A", "2026-01-10", 1000), told, b.order("C", "2026-01-10", 3000)],
        now=b.moment("2026-01-10"),
    )

    assert (good.status, refused.status, also.status) == ("recorded", "refused", "recorded")
    assert refused.code
    assert refused.message
    assert points(program) == 40


def test_a_time_within_a_day_ahead_is_a_wrong_clock_and_taken(program):
    (outcome,) = b.record(program, b.order("A", "2026-01-11", 1000), now="2026-01-10T13:00")

    assert outcome.status == "recorded"
    assert b.stored_order(program, "A").occurred_at == b.moment("2026-01-11")
