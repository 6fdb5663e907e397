"""A reward at the till: by its code alone, once, undone within ten minutes (SEMANTICS 38, 39, 41)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone
from django_scopes import scope

from members.models import AuditEntry, Role
from rewards import redemptions
from rewards.models import Redemption, TillAction
from rewards.redemptions import tickets
from tests.members import teams
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def shop():
    program = tills.open_shop()
    tills.amelia(program, "anna")
    b.record(program, b.order("A", timezone.now() - timedelta(days=1), 150_00))
    put_up(program, "mug", names={"en": "Lighthouse mug"}, stock=3, money_minor=250)
    return program


@pytest.fixture
def cashier(shop):
    return teams.hire(shop, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return teams.signed_in(cashier)


def reserve(shop, key="k"):
    anna = b.find(shop, "anna")
    return redemptions.reserve(program=shop, member=anna, reward="mug", key=key, now=timezone.now())


def code_of(one):
    return tickets.shown(tickets.unseal(program_id=one.program_id, sealed=bytes(one.code_sealed)))


def hand_over(client, shop, cashier, code, **tap):
    go = tills.find(client, shop, code).json()["go"]
    return client.post(go, tills.tap(cashier, **tap))


def state_of(shop, one):
    with scope(program=shop):
        return Redemption.objects.get(pk=one.pk).state


def test_a_scanned_code_shows_what_to_hand_over_and_the_tap_does_it(client, shop, cashier):
    one = reserve(shop)

    found = tills.find(client, shop, code_of(one))
    page = client.get(found.json()["go"])
    done = client.post(found.json()["go"], tills.tap(cashier))

    assert code_of(one).replace("-", "") not in found.json()["go"]
    for words in ("Lighthouse mug", "£2.50", "Amelia Hart"):
        assert words in page.content.decode()
    assert "Lighthouse mug for Amelia Hart" in done.content.decode()
    assert state_of(shop, one) == "fulfilled"
    assert b.balance(shop) == b.Balance(active=50)
    with scope(program=shop):
        assert AuditEntry.objects.get(action="redemption.fulfil").actor == cashier


def test_the_member_number_finds_the_member_and_spends_nothing(client, shop):
    one = reserve(shop)

    found = tills.find(client, shop, one.member.number)

    assert "go" not in found.json()
    assert state_of(shop, one) == "reserved"


def test_a_tap_that_is_sent_twice_hands_over_once(client, shop, cashier):
    one = reserve(shop)
    go = tills.find(client, shop, code_of(one)).json()["go"]
    tap = tills.tap(cashier)

    answers = [client.post(go, tap).status_code for _time in range(2)]

    assert answers == [200, 200]
    with scope(program=shop):
        assert TillAction.objects.filter(kind="redeem").count() == 1


def test_wrong_used_and_over_answer_alike(client, shop, cashier):
    used, late = reserve(shop, "1"), reserve_cheap(shop)
    hand_over(client, shop, cashier, code_of(used))
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        over = tills.find(client, shop, code_of(late))
    wrong = tills.find(client, shop, tickets.draw())
    again = tills.find(client, shop, code_of(used))

    assert {answer.status_code for answer in (over, wrong, again)} == {422}
    assert over.content == wrong.content == again.content


def reserve_cheap(shop):
    put_up(shop, "cup", price={"points": 1})
    anna = b.find(shop, "anna")
    return redemptions.reserve(program=shop, member=anna, reward="cup", key="c", now=timezone.now())


def test_another_cashiers_link_opens_nothing(client, shop):
    one = reserve(shop)
    go = tills.find(client, shop, code_of(one)).json()["go"]
    other = teams.hire(shop, Role.CASHIER)

    answer = teams.signed_in(other).post(go, tills.tap(other))

    assert answer.status_code == 422
    assert state_of(shop, one) == "reserved"


def test_nobody_hands_a_reward_to_themselves(shop):
    one = reserve(shop)
    owner = teams.hire(shop, Role.CASHIER)
    type(owner).objects.filter(pk=owner.pk).update(email="anna@example.com")
    owner.refresh_from_db()

    answer = hand_over(teams.signed_in(owner), shop, owner, code_of(one))

    assert answer.status_code == 403
    assert state_of(shop, one) == "reserved"


def test_undoing_gives_points_and_stock_back(client, shop, cashier):
    one = reserve(shop)
    hand_over(client, shop, cashier, code_of(one), key="0b7fd0ab-0000-4000-8000-000000000001")

    answer = tills.undo(client, shop, cashier, "0b7fd0ab-0000-4000-8000-000000000001")

    assert answer.status_code == 200
    assert state_of(shop, one) == "failed"
    assert b.balance(shop) == b.Balance(active=150)
    assert "Take the goods back" in answer.json()["html"]


def test_after_ten_minutes_it_stays(client, shop, cashier):
    one = reserve(shop)
    hand_over(client, shop, cashier, code_of(one), key="0b7fd0ab-0000-4000-8000-000000000002")

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        answer = tills.undo(client, shop, cashier, "0b7fd0ab-0000-4000-8000-000000000002")

    assert answer.status_code == 422
    assert state_of(shop, one) == "fulfilled"
