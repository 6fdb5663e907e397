"""A tier may let points last otherwise than the unit says; a rule's own policy stands above it (9)."""

from dataclasses import replace

import pytest

from rewards.tiers import editing
from rewards.tiers.editing import TiersRefused
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.test_portal_rewards import text_of

pytestmark = pytest.mark.django_db

UNIT = {"expiry": {"kind": "days", "count": 10}}
GOLD = {"points": {"kind": "months", "count": 24}}


@pytest.fixture
def program():
    """Points end after ten days, those earned in gold (from 100.00 a year) after 24 months."""
    program = b.open_program(units={"points": UNIT}, tiers={"basic": (0, {}), "gold": (100_00, {})})
    change(program, gold=GOLD)
    return program


def change(program, **expiry):
    draft = editing.read(program)
    tiers = tuple(
        replace(tier, expiry=expiry.get(tier.key, tier.expiry)) if tier.key in expiry else tier
        for tier in draft.tiers
    )
    wanted = replace(draft, tiers=tiers)
    return editing.save(
        program=program, draft=wanted, seen=draft.digest, reason="why", by=b.staff(), now=b.moment("2026-01-01")
    )  # fmt: skip


def ends(program):
    return [lot.expires_at and lot.expires_at.date().isoformat() for lot in b.lots(program)]


def test_points_end_by_the_tier_in_which_they_were_earned(program):
    b.record(program, b.order("A", "2026-01-10", 100_00))  # reaches gold, and was earned before it
    b.record(program, b.order("B", "2026-01-12", 20_00))

    assert ends(program) == ["2026-01-21", "2028-01-13"]


def test_a_late_order_ends_by_the_tier_of_its_own_moment(program):
    b.record(program, b.order("A", "2026-01-10", 100_00))
    b.record(program, b.order("B", "2026-01-09", 20_00), now="2026-01-12")  # 21

    assert ends(program) == ["2026-01-21", "2026-01-20"]


def test_a_tier_may_let_points_last_for_ever(program):
    change(program, gold={"points": {"kind": "none"}})
    b.record(program, b.order("A", "2026-01-10", 100_00))
    b.record(program, b.order("B", "2026-01-12", 20_00))

    assert ends(program) == ["2026-01-21", None]


def test_the_rules_own_policy_stands_above_the_tiers(program):
    b.publish(program, "base", {**b.BASE["base"], "expiry": {"kind": "days", "count": 3}}, since="2026-01-11")
    b.record(program, b.order("A", "2026-01-10", 100_00))
    b.record(program, b.order("B", "2026-01-12", 20_00))

    assert ends(program) == ["2026-01-21", "2026-01-16"]


def test_what_a_change_adds_and_what_waited_for_payment_ends_by_the_tier_too(program):
    b.record(program, b.order("A", "2026-01-10", 100_00))
    b.record(program, b.order("B", "2026-01-12", 20_00))
    b.record(program, b.order("B", "2026-01-13", 50_00, revision=1), now="2026-01-13")
    b.record(program, b.order("C", "2026-01-14", 10_00, is_paid=False))
    b.record(program, b.paid("C", "2026-01-20"))

    assert ends(program)[1:3] == ["2028-01-13", "2028-01-13"]
    assert ends(program)[-1] == "2028-01-21"


@pytest.mark.parametrize("policy", [{"pears": {"kind": "none"}}, {"points": {"kind": "soon"}}])
def test_what_is_no_policy_is_refused(program, policy):
    with pytest.raises((TiersRefused, editing.policies.PolicyError)):
        change(program, gold=policy)


def test_the_page_of_tiers_shows_and_changes_it(program):
    client = as_staff(program)
    page = client.get(f"/dashboard/{program.slug}/tiers/")
    form = client.get(f"/dashboard/{program.slug}/tiers/change/").context["form"]

    assert "ends after 24 months" in text_of(page)
    assert [row["months_points"].value() for row in form.rows] == [None, 24]
