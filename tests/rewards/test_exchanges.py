"""Points of another kind as a reward: given at once, taken back whole or not at all, and proved."""

from __future__ import annotations

import pytest
from django_scopes import scope

from rewards import catalogue, checking, redemptions
from rewards.catalogue import RewardRefused
from rewards.models import Reward
from rewards.redemptions.exchanges import ExchangeSpent
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up
from tests.rewards.test_portal_rewards import enter

pytestmark = pytest.mark.django_db
START = b.moment("2026-03-01")
CREDIT = {"expiry": {"kind": "days", "count": 30}}
VALUES = {"kind": "units", "price": {"points": 100}, "gives": {"stars": 5}}


@pytest.fixture
def program():
    program = b.open_program(units={"points": {}, "stars": CREDIT})
    b.record(program, b.order("A", "2026-01-10", 200_00))
    put_up(program, "swap", **VALUES)
    return program


def swap(program, key="k", now=START):
    return redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="swap", key=key, now=now
    )


def usable(program):
    return b.balance(program).active, b.balance(program, unit="stars").active


def proven(program):
    return checking.run(program=program, verify=True).faults


def test_it_works(program):
    made = swap(program)

    assert made.state == "fulfilled"
    assert made.benefit["gives"] == {"stars": 5}
    assert usable(program) == (100, 5)
    (lot,) = b.lots(program, unit="stars")
    assert lot.expires_at.date().isoformat() == "2026-04-01"
    assert not proven(program)


def test_a_repeat_gives_nothing_twice(program):
    assert swap(program).pk == swap(program).pk

    assert usable(program) == (100, 5)


def test_what_failed_is_taken_back_and_the_points_return(program):
    made = swap(program)

    redemptions.fail(program=program, redemption_id=made.pk, reason="Wrong rate", now=START)

    assert usable(program) == (200, 0)
    assert not proven(program)


def test_what_was_spent_meanwhile_is_not_taken_from_elsewhere(program):
    made = swap(program)
    b.spend(program, 2, "2026-03-01", unit="stars")

    with pytest.raises(ExchangeSpent) as refused:
        redemptions.fail(program=program, redemption_id=made.pk, reason="Wrong rate", now=START)

    assert refused.value.params["missing"] == {"stars": 2}
    assert usable(program) == (100, 3)


def test_the_promise_of_the_day_is_taken_back_whatever_became_of_the_reward(program):
    made = swap(program)
    catalogue.change(program=program, key="swap", by=None, now=START, gives={"stars": 9})

    redemptions.fail(program=program, redemption_id=made.pk, reason="Wrong rate", now=START)

    assert usable(program) == (200, 0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gives": {}}, "gives"),
        ({"gives": {"nothing": 1}}, "gives"),
        ({"gives": {"stars": 0}}, "gives_stars"),
        ({"gives": {"stars": True}}, "gives_stars"),
        ({"gives": {"points": 5}}, "gives_points"),
        ({"kind": "voucher"}, "gives"),
    ],
)
def test_what_cannot_be_given_is_refused(program, values, field):
    with pytest.raises(RewardRefused) as refused:
        draft(program, "other", **(VALUES | values))

    assert refused.value.field == field


def test_staff_make_one_in_the_dashboard(program):
    page = f"/dashboard/{program.slug}/rewards/new/"
    facts = {
        "key": "more", "kind": "units", "name_en": "Stars", "price_points": "50", "gives_stars": "2",
        "handover": "till", "per_period": "ever", "hold_minutes": "15",
    }  # fmt: skip

    answer = as_staff(program).post(page, facts)

    assert answer.status_code == 302
    with scope(program=program):
        assert Reward.objects.get(key="more").gives == {"stars": 2}


def test_a_member_takes_one_on_the_portal(program):
    client = enter(program)
    page = client.get(f"/p/{program.slug}/rewards/swap/").content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]

    answer = client.post(f"/p/{program.slug}/rewards/swap/", {"key": key})

    assert answer.url == f"/p/{program.slug}/"
    assert "a code to show at the till" not in page
    assert usable(program)[1] == 5
