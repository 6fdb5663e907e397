"""Taps of the till that are sent again: one key, one effect, one answer."""

import hashlib
import uuid

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from loyaltysite.kit import prints
from members.models import Role
from rewards.models import TillAction
from tests.members.teams import hire, signed_in
from tests.rewards.till.pages.books import orders_of
from tests.rewards.till.shop import ago, amelia, open_shop, sell, take_in

pytestmark = pytest.mark.django_db


def test_a_repeat_gets_the_first_answer_and_counts_once(client, program, cashier, member):
    key, at = uuid.uuid4(), ago(minutes=5)
    first = sell(client, program, cashier, member, key=key, at=at)
    sell(client, program, cashier, member, 1000)

    again = sell(client, program, cashier, member, key=key, at=at)

    assert again.json()["short"] == first.json()["short"]
    assert again.json()["until"] == first.json()["until"]
    assert len(orders_of(program)) == 2


def test_the_order_is_of_the_moment_of_the_tap(client, program, cashier, member):
    at = ago(hours=3)

    sell(client, program, cashier, member, at=at)

    assert orders_of(program)[0].occurred_at == at


def test_a_clock_that_runs_ahead_does_no_harm(client, program, cashier, member):
    response = sell(client, program, cashier, member, at=ago(hours=-5))

    assert response.status_code == 200
    assert orders_of(program)[0].occurred_at <= timezone.now()


def test_a_tap_from_before_prints_had_a_key_is_still_told(client, program, cashier, member, monkeypatch):
    key, at = uuid.uuid4(), ago(minutes=5)
    with monkeypatch.context() as before:
        before.setattr(prints, "of", lambda sent: hashlib.sha256(sent).digest())
        sell(client, program, cashier, member, 4260, key=key, at=at)

    assert sell(client, program, cashier, member, 4260, key=key, at=at).status_code == 200
    assert sell(client, program, cashier, member, 9999, key=key, at=at).status_code == 422
    assert len(orders_of(program)) == 1


def test_a_key_with_other_content_is_refused(client, program, cashier, member):
    key, at = uuid.uuid4(), ago(minutes=5)
    sell(client, program, cashier, member, 4260, key=key, at=at)

    response = sell(client, program, cashier, member, 9999, key=key, at=at)

    assert (response.status_code, response.json()["code"]) == (422, "till_key_contradicts")
    assert len(orders_of(program)) == 1


def test_a_key_lives_a_day(client, program, cashier, member):
    with time_machine.travel(timezone.now(), tick=False):
        late = sell(client, program, cashier, member, at=ago(hours=24, seconds=1))
        early = sell(client, program, cashier, member, at=ago(hours=23, minutes=59))

    assert (late.status_code, late.json()["code"]) == (410, "till_key_expired")
    assert early.status_code == 200


def test_a_tap_of_one_cashier_is_not_sent_by_another(client, program, cashier, member):
    other = hire(program, Role.CASHIER)

    response = sell(signed_in(other), program, cashier, member)

    assert (response.status_code, response.json()["code"]) == (409, "till_other_cashier")
    assert orders_of(program) == []


def test_a_key_that_another_cashier_or_program_has_used_is_refused(client, program, cashier, member):
    key = uuid.uuid4()
    sell(client, program, cashier, member, key=key)
    colleague, elsewhere = hire(program, Role.CASHIER), open_shop()
    cashier.teams.create(program=elsewhere, role=Role.CASHIER)

    here = sell(signed_in(colleague), program, colleague, member, key=key)
    there = sell(client, elsewhere, cashier, amelia(elsewhere, "anna"), key=key)

    assert [here.json()["code"], there.json()["code"]] == ["till_other_cashier"] * 2
    assert orders_of(elsewhere) == []


def test_the_key_and_its_answer_hold_no_persons_data(client, program, cashier):
    take_in(client, program, cashier, "Noor Marker", "marker@example.com")

    with scope(program=program):
        row = TillAction.objects.values().get()

    assert "marker" not in str(row).lower()
