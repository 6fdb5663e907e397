"""The distance to the next tier in SQL is what rewards tells the member, in every window and for whatever is counted."""

from __future__ import annotations

import pytest
from django_scopes import scope

from campaigns.audiences import fields, membership, segments, totals
from campaigns.audiences.portraits import Portrait
from loyaltysite.kit import conditions
from members.models import AudienceMember, Member, Role
from rewards.models import Tier
from rewards.tiers import standings, valuing
from tests.campaigns.audiences import bazaar
from tests.members.teams import hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
WINDOWS = ["calendar_year", "membership_year", "lifetime", "rolling", "since_reached"]
# What is true of nobody without a distance, and of everybody.
MORE = [
    {"field": "standing.way", "op": "is set"},
    {"any": [{"field": "standing.missing", "op": "is not set"}, {"field": "member.tags", "op": "has any", "value": ["vip"]}]},
    {"not": {"field": "standing.way", "op": ">", "value": 10}},
]  # fmt: skip
MOMENTS = ["2025-12-31T23:30", "2026-01-20T08:00", "2026-02-01T12:00", "2027-03-01T12:00"]


def asked(program, name, value, now):
    """Ids by SQL: asked of each, and of all at once, which are the same."""
    tree = {"field": f"standing.{name}", "op": "<=", "value": value}
    found = bazaar.in_sql(program, tree, b.moment(now))
    assert found == bazaar.in_sql(program, tree, b.moment(now), whole=True), (now, name, value)
    return found


def told(program, name, now):
    """What each member's progress says, by id."""
    with scope(program=program):
        people = list(Member.objects.all())
        seen = {each.pk: getattr(Portrait(each, program=program, now=b.moment(now)), name) for each in people}
        return {pk: value for pk, value in seen.items() if value is not None}


def assert_agreed(program, moments):
    count_figures(program)
    for now in moments:
        standings.review_due(program=program, now=b.moment(now))
        while membership.refresh(program=program, now=b.moment(now)).taken:
            pass
        for name in ("missing", "way"):
            known = told(program, name, now)
            assert known, "nobody is on the way, so nothing was compared"
            for most in sorted({each + by for each in known.values() for by in (-1, 0)}):
                expected = {pk for pk, value in known.items() if value <= most}
                assert asked(program, name, most, now) == expected, (now, name, most)
        for tree in MORE:
            each, whole = (bazaar.in_sql(program, tree, b.moment(now), whole=one) for one in (False, True))
            assert each == whole, (now, tree)


def count_figures(program):
    """What all are asked at once from; before that each is asked by itself."""
    membership.begin(program)
    for _ in range(3):
        membership.refresh(program=program, now=bazaar.NOW)
    with scope(program=program):
        assert totals.is_counted()


def give_gold(program, name):
    """Without end, whatever is counted."""
    with scope(program=program):
        member, gold = b.find(program, name), Tier.objects.get(key="gold")
        by, since = hire(program, Role.MANAGER), b.moment("2025-12-31T23:00")
        standings.set_manual(program=program, member=member, tier=gold, reason="A friend", by=by, now=since)
    return member.pk


@pytest.mark.parametrize("window", WINDOWS)
def test_sql_agrees_with_the_members_progress(window):
    tiers = {"base": (0, {}), "silver": (2_000, {}), "gold": (20_000, {})}
    program = b.open_program(tiers=tiers, scheme={"window": window, "months": 12}, stores=["quay", "mill"],
        units={"points": {}, "credit": {"precision": 2, "is_money": True}}, time_zone="Asia/Tehran")  # fmt: skip
    bazaar.fill(program)
    gold = give_gold(program, "cora")

    assert_agreed(program, MOMENTS)
    for now in MOMENTS:
        assert gold not in asked(program, "missing", 10**9, now) | asked(program, "way", 100, now), now


def test_sql_agrees_where_customer_value_counts():
    tiers = {"base": (0, {}), "silver": (5_000, {}), "gold": (20_000, {})}
    weights = {"historic": 50, "predicted": 90, "retention": 25, "upgrade": 10}
    program = bazaar.open_bazaar(tiers=tiers, scheme={"counted": "value", "weights": weights})
    bazaar.fill(program)

    assert_agreed(program, ["2026-02-01T12:00"])
    valuing.review(program=program, now=bazaar.NOW)

    assert_agreed(program, ["2026-02-02T12:00"])
    # Anna is on gold by now, the others were never scored: nothing is missing to either.
    # Ben: 90 % of 90.00 and 25 % of the half of it likely to be kept make 92.25 of 200.00.
    ben, dina = b.find(program, "ben").pk, b.find(program, "dina").pk
    assert told(program, "missing", "2026-02-02T12:00") == {ben: 10_775, dina: 5_000}
    assert told(program, "way", "2026-02-02T12:00") == {ben: 46, dina: 0}


def test_a_distance_in_customer_value_is_money():
    program = bazaar.open_bazaar(scheme={"counted": "value"})

    with scope(program=program):
        kinds = {each.name: each.kind for each in fields.REGISTRY.fields()}

    assert kinds["standing.missing"] is conditions.MONEY


@pytest.mark.parametrize("counted", ["orders", "points"])
def test_whatever_is_counted(counted):
    program = b.open_program(
        tiers={"base": (0, {}), "silver": (3, {})}, scheme={"counted": counted, "unit_key": "points"}
    )
    b.record_each(program, b.order("1", "2026-01-02", 100), b.order("2", "2026-01-03", 100))

    anna = b.find(program, "anna").pk
    assert told(program, "missing", "2026-01-04") == {anna: 1}
    assert asked(program, "missing", 1, "2026-01-04") == {anna}


def test_without_tiers_nobody_is_on_the_way():
    program = b.open_program()
    b.record(program, b.order("1", "2026-01-02", 100))

    assert asked(program, "missing", 10**9, "2026-01-04") == set()


def test_who_comes_near_is_in_the_segment_and_a_new_year_takes_them_out():
    program = b.open_program(tiers={"base": (0, {}), "silver": (1000, {})})
    b.record(program, b.order("1", "2026-01-02", 790))
    anna = b.find(program, "anna").pk
    tree = {"field": "standing.way", "op": ">=", "value": 80}
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        segments.create(
            program=program, name="Near", key="near", tree=tree, by=by, now=b.moment("2026-01-03")
        )
        segments.publish(program=program, key="near", by=by, now=b.moment("2026-01-03"))

    def inside(now):
        for _ in range(4):
            membership.refresh(program=program, now=b.moment(now))
        with scope(program=program):
            return set(AudienceMember.objects.values_list("member_id", flat=True))

    assert inside("2026-01-03T01:00") == set()
    b.record(program, b.order("2", "2026-01-04", 10))
    assert inside("2026-01-04T13:00") == {anna}
    assert inside("2026-12-31T23:00") == {anna}
    assert inside("2027-01-01T00:01") == set()
