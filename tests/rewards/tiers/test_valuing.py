"""Tiers by customer value: worth is weighed as the merchant says, and a review after a scoring moves who is due."""

from datetime import timedelta

import pytest
from django_scopes import scope

from members import scores
from members.models import Event
from members.scores import Scored
from rewards.models import Standing, TierScheme
from rewards.tiers import editing, forecast, regrading, standings, valuing, worths
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01")
TIERS = {"base": (0, {}), "silver": (10_000, {}), "gold": (50_000, {})}
WEIGHTS = {"historic": 50, "predicted": 100, "retention": 20, "upgrade": 10}


def open_shop(**scheme):
    return b.open_program(tiers=TIERS, scheme={"counted": "value", "weights": WEIGHTS, **scheme})


def score(program, name, *, now=NOW, **facts):
    member = b.find(program, name) if b_has(program, name) else b.join(program, name)
    scores.write(program=program, rows=[Scored(member.pk, **facts)], now=now)
    return member


def b_has(program, name):
    with scope(program=program):
        return program.member_set.filter(identities__value=f"{name}@example.com").exists()


def tier_of(program, member, now=NOW):
    with scope(program=program):
        course = standings.load(program=program, member_ids=[member.pk])[member.pk]
        level = course.level_at(now + timedelta(seconds=1))
        return level.key if level else None


def reviewed(program, now=NOW):
    with scope(program=program):
        return valuing.review(program=program, now=now)


def test_worth_adds_up_what_the_merchant_weighs():
    program = open_shop()
    anna = score(program, "anna", historic_minor=20_000, value_minor=40_000, churn=0.25, upgrade=0.1)

    found = worths.worths_of(program=program, member_ids=[anna.pk], weights=WEIGHTS)[anna.pk]

    # 50 % of 200.00, all of 400.00, 20 % of 300.00 likely to be kept, 10 % of 40.00 likely to grow.
    assert found.parts == (20_000, 40_000, 30_000, 4_000)
    assert found.total == 10_000 + 40_000 + 6_000 + 400


def test_a_review_gives_the_tier_and_its_reason():
    program = open_shop()
    anna = score(program, "anna", historic_minor=20_000, value_minor=40_000, churn=0.25, upgrade=0.1)
    ben = score(program, "ben", historic_minor=20_000)
    cleo = b.join(program, "cleo")

    moved = reviewed(program)
    again = reviewed(program, NOW + timedelta(hours=1))

    assert (moved, again) == (2, 0)
    assert [tier_of(program, one) for one in (anna, ben, cleo)] == ["gold", "silver", "base"]
    with scope(program=program):
        standing = Standing.objects.get(member=anna)
        assert standing.origin == "review"
        assert standing.valid_until is None
        assert standing.reason.startswith("Value €564.00 = 50% × €200.00 up to now + 100% × €400.00")
        assert Event.objects.filter(holder_id=anna.pk, kind__startswith="tier").exists()


@pytest.mark.parametrize(
    ("review", "expected"), [("to_earned", "base"), ("one_down", "silver"), ("keep", "gold")]
)
def test_a_fall_follows_the_rule_of_the_scheme(review, expected):
    program = open_shop(review=review)
    anna = score(program, "anna", value_minor=90_000)
    reviewed(program)

    later = NOW + timedelta(days=30)
    score(program, "anna", value_minor=100, now=later)
    reviewed(program, later)

    assert tier_of(program, anna, later) == expected


def test_a_fall_waits_for_the_days_of_grace_and_a_rise_does_not():
    program = open_shop(grace_days=30)
    anna = score(program, "anna", value_minor=20_000)
    reviewed(program)
    week = NOW + timedelta(days=7)

    score(program, "anna", value_minor=90_000, now=week)
    reviewed(program, week)
    score(program, "anna", value_minor=0, now=week)
    early = reviewed(program, week + timedelta(days=29))
    late = reviewed(program, week + timedelta(days=31))

    assert (early, late) == (0, 1)
    assert tier_of(program, anna, week + timedelta(days=31)) == "base"


def test_orders_and_who_was_set_by_staff_stay_as_they_are():
    program = open_shop()
    owner = hire(program)
    anna, ben = score(program, "anna", value_minor=20_000), b.join(program, "ben")
    reviewed(program)
    with scope(program=program):
        gold = standings.scheme_of(program).levels[2]
        standings.set_manual(
            program=program,
            member=ben,
            tier=program.tiers.get(pk=gold.id),
            reason="a friend",
            by=owner,
            now=NOW,
        )
    scores.write(program=program, rows=[Scored(ben.pk, value_minor=20_000)], now=NOW)

    b.record(program, b.order("1", "2026-03-02", 900_000), at_own_time=True)
    moved = reviewed(program, NOW + timedelta(days=2))

    later = NOW + timedelta(days=3)
    assert tier_of(program, anna, later) == "silver"
    assert tier_of(program, ben, later) == "gold"
    assert moved == 1  # Ben earns silver beneath what staff gave


def test_the_forecast_says_what_the_review_will_do():
    program = b.open_program(tiers=TIERS)
    for name, value in (("anna", 90_000), ("ben", 20_000), ("cleo", 5)):
        score(program, name, value_minor=value)
    before = editing.read(program)
    draft = editing.Draft(**{**vars_of(before), "counted": "value", "weights": WEIGHTS})

    found = forecast.measure(program=program, draft=draft, now=NOW)
    editing.save(
        program=program, draft=draft, seen=before.digest, reason="by value", by=hire(program), now=NOW
    )
    moved = reviewed(program)

    assert (found.up, found.down) == (2, 0)
    assert found.moves == {("base", "silver"): 1, ("base", "gold"): 1}
    assert moved == 2
    with scope(program=program):
        assert TierScheme.objects.get().weights == WEIGHTS


def test_who_is_no_customer_any_more_falls():
    program = open_shop()
    anna, ben = score(program, "anna", value_minor=90_000), score(program, "ben", value_minor=90_000)
    reviewed(program)

    later = NOW + timedelta(days=30)
    score(program, "ben", value_minor=90_000, now=later)
    scores.forget(program=program, before=later)
    moved, again = reviewed(program, later), reviewed(program, later + timedelta(hours=1))

    assert (moved, again) == (1, 0)
    assert [tier_of(program, one, later) for one in (anna, ben)] == ["base", "gold"]


def test_the_forecast_lets_who_was_never_scored_stay_as_a_regrade_does():
    program = b.open_program(tiers=TIERS)
    anna, ben = b.join(program, "anna"), b.join(program, "ben")
    for number, who in enumerate(("anna", "ben")):
        b.record(program, b.order(str(number), "2026-02-01", 60_000, member=who), at_own_time=True)
    score(program, "ben", value_minor=20_000)
    before = editing.read(program)
    draft = editing.Draft(**{**vars_of(before), "counted": "value", "weights": WEIGHTS})
    held = [tier_of(program, one) for one in (anna, ben)]

    found = forecast.measure(program=program, draft=draft, now=NOW)
    owner = hire(program)
    editing.save(program=program, draft=draft, seen=before.digest, reason="by value", by=owner, now=NOW)
    regrading.regrade(program=program, reason="by value", by=owner, now=NOW)

    assert held == ["gold", "gold"]
    assert [tier_of(program, one) for one in (anna, ben)] == ["gold", "silver"]
    assert found.moves == {("gold", "silver"): 1}


def vars_of(draft):
    return {name: getattr(draft, name) for name in (*editing.SCHEME, "tiers")}


def test_a_value_of_nothing_is_refused():
    program = b.open_program(tiers=TIERS)
    before = editing.read(program)
    draft = editing.Draft(
        **{**vars_of(before), "counted": "value", "weights": dict.fromkeys(worths.WEIGHTS, 0)}
    )

    with pytest.raises(editing.TiersRefused) as error:
        editing.check(program=program, draft=draft)

    assert error.value.field == "weight_historic"


def test_other_schemes_are_left_alone():
    program = b.open_program(tiers=TIERS)
    score(program, "anna", value_minor=90_000)

    assert reviewed(program) == 0
    assert reviewed(b.open_program()) == 0
