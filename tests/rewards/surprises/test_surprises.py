"""Surprises: chosen members or some drawn by lot, within a budget, each once; nobody surprises themselves (E9)."""

import hashlib

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django_scopes import scope

from loyaltysite.kit.errors import NotFound
from members import identities, tags
from members.models import AuditEntry, Member, Role, TeamMembership
from members.people import OwnAccount
from rewards import checking, surprises
from rewards.models import Redemption, Reward, Surprise, SurpriseGift
from rewards.prizes import PrizeInvalid
from rewards.surprises import preparing
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01")
NAMES = ("anna", "ben", "cleo", "dan", "eve", "fay")
POINTS = {"unit": "points", "amount": 50}


@pytest.fixture
def program():
    program = b.open_program(units={"points": {"worth_numerator": 1, "worth_denominator": 1}})
    for name in NAMES:
        b.join(program, name)
    return program


@pytest.fixture
def manager(program):
    return TeamMembership.objects.get(program=program, user=hire(program, Role.MANAGER))


def numbers(program, *names):
    return [b.find(program, name).number for name in names]


def prepare(program, manager, **values):
    given = {"prize": POINTS, "reason": "Thanks", "texts": {"en": "For you"}} | values
    if "numbers" not in given and "narrowed" not in given:
        given["narrowed"] = {}
    return surprises.prepare(program=program, by=manager, now=NOW, **given)


def start(program, manager, one):
    return surprises.start(program=program, surprise_id=one.pk, by=manager, now=NOW)


def give(program, one):
    while surprises.carry_on(program=program, surprise_id=one.pk, now=NOW):
        pass
    with scope(program=program):
        return Surprise.objects.get(pk=one.pk)


def run(program, manager, **values):
    one = prepare(program, manager, **values)
    start(program, manager, one)
    return give(program, one)


def gifts(program, one):
    with scope(program=program):
        rows = SurpriseGift.objects.filter(surprise=one, state="given")
        return set(rows.values_list("member__number", flat=True))


def points(program):
    return [b.balance(program, name).active for name in NAMES]


def test_chosen_members_are_surprised_once(program, manager):
    one = run(program, manager, numbers=numbers(program, "anna", "ben"))

    again = surprises.carry_on(program=program, surprise_id=one.pk, now=NOW)

    assert (one.state, one.given, one.spent_minor, again) == ("done", 2, 100, False)
    assert points(program) == [50, 50, 0, 0, 0, 0]
    assert checking.run(program=program, verify=True).faults == []


def test_a_row_that_forgot_what_was_given_gives_nothing_twice(program, manager):
    one = run(program, manager, numbers=numbers(program, "anna"))
    with scope(program=program):
        SurpriseGift.objects.update(state="waiting", given_at=None)
        Surprise.objects.update(state="running", given=0, spent_minor=0)

    give(program, one)

    assert points(program)[0] == 50


def test_all_that_filters_find(program, manager):
    with scope(program=program):
        ids = [b.find(program, name).pk for name in ("ben", "cleo")]
        tags.add_each(program=program, member_ids=ids, tag="vip", now=NOW)

    one = run(program, manager, narrowed={"tag": "vip"}, most=10)

    assert gifts(program, one) == set(numbers(program, "ben", "cleo"))


def test_a_draw_takes_as_many_as_it_says_and_everybody_can_work_it_out(program, manager):
    one = run(program, manager, draws=2)
    given = gifts(program, one)

    salt = preparing.salt_of(one)
    lots = {
        number: hashlib.sha256(f"{salt}:{number}".encode()).hexdigest() for number in numbers(program, *NAMES)
    }

    assert len(given) == 2
    assert given == set(sorted(lots, key=lots.__getitem__)[:2])
    assert {number for number in lots if surprises.is_drawn(one, number)} == given
    assert one.eligible == 6
    assert one.eligible_digest == hashlib.sha256(",".join(sorted(lots)).encode()).hexdigest()


def test_the_salt_was_bound_before_the_draw_and_differs_each_time(program, manager):
    first, second = prepare(program, manager, draws=2), prepare(program, manager, draws=2)
    bound = preparing.commitment(first)

    start(program, manager, first)

    with scope(program=program):
        entries = AuditEntry.objects.filter(subject="surprise", subject_id=str(first.pk)).order_by("pk")
        prepared, started = [entry.after for entry in entries]
    assert prepared["commitment"] == bound
    assert hashlib.sha256(started["salt"].encode()).hexdigest() == bound
    assert bound != preparing.commitment(second)
    assert "salt" not in prepared


def test_nobody_draws_until_they_like_it(program, manager):
    """Nothing is drawn before it is started, and what was started is not taken back."""
    one = prepare(program, manager, draws=2)
    with scope(program=program):
        assert not SurpriseGift.objects.exists()
    start(program, manager, one)

    for deed in (
        lambda: start(program, manager, one),
        lambda: surprises.cancel(program=program, surprise_id=one.pk, by=manager.user, now=NOW),
    ):
        with pytest.raises(preparing.SurpriseOver):
            deed()


def test_who_is_blocked_or_closed_is_not_drawn(program, manager):
    with scope(program=program):
        Member.objects.filter(number__in=numbers(program, *NAMES[1:])).update(state="blocked")

    one = run(program, manager, draws=3)

    assert gifts(program, one) == set(numbers(program, "anna"))
    assert one.eligible == 1


def test_who_was_blocked_meanwhile_is_said_and_costs_nothing(program, manager):
    one = prepare(program, manager, numbers=numbers(program, "anna", "ben"))
    start(program, manager, one)
    with scope(program=program):
        Member.objects.filter(number__in=numbers(program, "ben")).update(state="blocked")

    one = give(program, one)

    with scope(program=program):
        why = SurpriseGift.objects.get(state="refused").why
    assert (one.given, one.refused, one.spent_minor, why) == (1, 1, 50, "member_not_active")


@pytest.mark.parametrize("drawn", [True, False])
def test_nobody_surprises_themselves(program, manager, drawn):
    with scope(program=program):
        identities.add(member=b.find(program, "anna"), kind="email", value=manager.user.email)

    if not drawn:
        with pytest.raises(OwnAccount):
            prepare(program, manager, numbers=numbers(program, "anna"))
        return
    one = run(program, manager, draws=6)

    assert points(program) == [0, 50, 50, 50, 50, 50]
    assert one.eligible == 5


@pytest.mark.parametrize(
    "values",
    [
        {"narrowed": {}, "most": 5},
        {"narrowed": {}, "most": 10, "budget_minor": 299},
        {"draws": 3, "budget_minor": 149},
    ],
)
def test_a_budget_that_would_be_passed_gives_nothing(program, manager, values):
    one = prepare(program, manager, **values)

    with pytest.raises(preparing.AboveBudget):
        start(program, manager, one)

    assert points(program) == [0] * 6


def test_the_budget_itself_is_enough(program, manager):
    assert run(program, manager, most=6, budget_minor=300).given == 6


@pytest.mark.parametrize("change", [{"given": 7}, {"spent_minor": 301}])
def test_the_row_itself_refuses_to_pass_the_budget(program, manager, change):
    one = prepare(program, manager, most=6, budget_minor=300)

    with scope(program=program), pytest.raises(IntegrityError), transaction.atomic():
        Surprise.objects.filter(pk=one.pk).update(**change)


def test_a_surprise_may_be_a_reward_while_there_are_any(program, manager):
    rewards.put_up(program, "mug", price={"points": 900}, stock=1, cost_minor=400)

    one = run(program, manager, prize={"reward": "mug"}, numbers=numbers(program, "anna", "ben"))

    with scope(program=program):
        refused = SurpriseGift.objects.get(state="refused")
        held = Redemption.objects.get()
        assert Reward.objects.get().taken == 1
    assert (one.given, one.refused, one.spent_minor) == (1, 1, 400)
    assert (refused.why, held.state, held.price) == ("reward_out_of_stock", "issued", {})
    assert checking.run(program=program, verify=True).faults == []


def test_a_role_gives_no_more_than_it_may_adjust(program, manager):
    program.adjust_limits = {"manager": {"points": 49}}
    program.save()

    with pytest.raises(preparing.AboveLimit):
        prepare(program, manager, draws=1)


@pytest.mark.parametrize(
    ("reward", "is_allowed"),
    [
        ({"kind": "units", "gives": {"points": 49}}, True),
        ({"kind": "units", "gives": {"points": 50}}, False),
        ({"kind": "amount", "value_minor": 49}, True),
        ({"kind": "amount", "value_minor": 50}, False),
        ({"cost_minor": 50}, False),
    ],
)
def test_a_reward_is_within_the_limits_too(program, manager, reward, is_allowed):
    """A point is worth a cent."""
    rewards.put_up(program, "treat", price={}, per_member=1, **reward)
    program.adjust_limits = {"manager": {"points": 49}}
    program.save()

    if is_allowed:
        assert prepare(program, manager, prize={"reward": "treat"}, draws=1).state == "ready"
    else:
        with pytest.raises(preparing.AboveLimit):
            prepare(program, manager, prize={"reward": "treat"}, draws=1)


def test_the_author_is_left_out_by_each_address(program, manager):
    EmailAddress.objects.create(user=manager.user, email="Anna@example.com")

    one = run(program, manager, draws=6)

    assert points(program) == [0, 50, 50, 50, 50, 50]
    assert one.eligible == 5


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"prize": {}}, PrizeInvalid),
        ({"prize": {"unit": "gold", "amount": 1}}, PrizeInvalid),
        ({"prize": {"reward": "none"}}, PrizeInvalid),
        ({"reason": " "}, Exception),
        ({"numbers": []}, Exception),
        ({"numbers": ["000000000000"]}, Exception),
        ({"narrowed": {}}, preparing.AboveBudget),
        # A mistyped tier must not let everybody through.
        ({"narrowed": {"tier": "golden"}, "most": 9}, NotFound),
        ({"draws": 5, "most": 4}, preparing.AboveBudget),
    ],
)
def test_what_cannot_be_is_refused(program, manager, values, error):
    with pytest.raises(error):
        prepare(program, manager, **values)

    with scope(program=program):
        assert not Surprise.objects.exists()


def test_another_programs_member_is_nobody(program, manager):
    other = b.open_program()
    b.join(other, "zoe")

    with pytest.raises(Exception, match="no member"):
        prepare(program, manager, numbers=[b.find(other, "zoe").number])


def test_it_is_seen_once_by_whose_it_is(program, manager):
    one = run(program, manager, numbers=numbers(program, "anna"))
    with scope(program=program):
        gift = SurpriseGift.objects.get(surprise=one)
        surprises.see(member=b.find(program, "ben"), gift_id=gift.pk, now=NOW)
        unseen = SurpriseGift.objects.get().seen_at
        surprises.see(member=b.find(program, "anna"), gift_id=gift.pk, now=NOW)
        seen = SurpriseGift.objects.get().seen_at

    assert (unseen, seen) == (None, NOW)
