"""What refuses a redemption, each with its code and what is missing (40)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from rewards import catalogue, ledger, redemptions
from rewards.models import Redemption
from rewards.redemptions import refusals
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up
from tests.rewards.redemptions.shelf import START, code_of, reserve, taken

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"price": {"points": 151}}, "insufficient_points"),
        ({"stock": 0}, "reward_out_of_stock"),
        ({"starts_at": START + timedelta(hours=1)}, "reward_not_yet"),
        ({"ends_at": START}, "reward_window_over"),
        ({"eligibility": {"field": "member.tags", "op": "has any", "value": ["vip"]}}, "reward_not_eligible"),
        ({"stores": ["YORK"]}, "reward_wrong_store"),
    ],
)
def test_every_refusal_has_its_code_and_changes_nothing(program, values, code):
    put_up(program, **values)

    with pytest.raises(DomainError) as refused:
        reserve(program, store="WHITBY")

    assert refused.value.code == code
    assert b.balance(program) == b.Balance(active=150)
    assert taken(program) == 0
    with scope(program=program):
        assert not Redemption.objects.exists()


def test_refusals_say_what_is_missing(program):
    put_up(program, price={"points": 151})
    put_up(program, "cup", eligibility={"field": "member.tags", "op": "has any", "value": ["vip"]})

    with pytest.raises(refusals.TooFew) as few:
        reserve(program)
    with pytest.raises(refusals.NotEligible) as other:
        reserve(program, "cup")

    assert few.value.params["missing"] == {"points": 1}
    assert "vip" in str(other.value)


def test_a_draft_and_what_has_ended_are_not_offered(program):
    draft(program)
    with pytest.raises(refusals.NotOffered):
        reserve(program)
    put_up(program, "cup")
    catalogue.end(program=program, key="cup", by=None, now=START)

    with pytest.raises(refusals.NotOffered):
        reserve(program, "cup")


def test_the_limit_of_a_member_counts_what_is_not_given_back_in_the_period(program):
    put_up(program, price={"points": 10}, per_member=1, per_period="month")
    first = reserve(program, key="1")
    redemptions.release(program=program, redemption_id=first.pk, now=START)
    reserve(program, key="2")

    with pytest.raises(refusals.LimitReached) as refused:
        reserve(program, key="3", now=START + timedelta(days=1))
    later = reserve(program, key="4", now=b.moment("2026-04-01"))

    assert refused.value.params["limit"] == 1
    assert refused.value.params["free_at"] == b.moment("2026-04-01T00:00")
    assert later.state == "reserved"


def test_a_tier_may_have_what_others_may_not():
    tree = {"field": "standing.tier", "op": "=", "value": "gold"}
    program = b.open_program(tiers={"basic": (0, {}), "gold": (500_00, {})})
    b.record(program, b.order("A", "2026-01-10", 120_00))
    put_up(program, eligibility=tree)

    with pytest.raises(refusals.NotEligible):
        reserve(program)
    b.record(program, b.order("B", "2026-02-10", 400_00))

    assert reserve(program, key="now").state == "reserved"


def test_who_is_blocked_neither_reserves_nor_uses(program):
    put_up(program, handover="code")
    one = reserve(program)
    with scope(program=program):
        type(one.member).objects.filter(pk=one.member_id).update(state="blocked")

    with pytest.raises(ledger.MemberNotActive):
        reserve(program, key="more")
    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=code_of(one), now=START)
