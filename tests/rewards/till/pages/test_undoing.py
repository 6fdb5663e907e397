"""Undoing at the till: once, within minutes, by who did it or a manager."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from members.models import Identity, Member, Role
from tests.members.teams import hire, signed_in
from tests.rewards import builders
from tests.rewards.till.pages.books import audited, orders_of
from tests.rewards.till.shop import amelia, open_shop, sell, take_in, undo

pytestmark = pytest.mark.django_db


def test_the_last_sale_is_undone_once_however_often_it_is_asked(client, program, cashier, member):
    key = str(uuid.uuid4())
    sell(client, program, cashier, member, key=key)

    first = undo(client, program, cashier, key)
    again = undo(client, program, cashier, key)

    assert first.status_code == again.status_code == 200
    assert "−42\u00a0Stars" in first.json()["html"]
    assert builders.balance(program, "amelia").active == 0
    assert orders_of(program)[0].state == "cancelled"
    assert len(audited(program, "till.undo")) == 1


@pytest.mark.parametrize(("tapped", "sent", "status"), [(9, 9, 200), (11, 11, 422), (9, 40, 200)])
def test_undoing_is_for_ten_minutes_of_taps(client, program, cashier, member, tapped, sent, status):
    key, start = str(uuid.uuid4()), timezone.now()
    sell(client, program, cashier, member, key=key, at=start)

    with time_machine.travel(start + timedelta(minutes=sent), tick=False):
        response = undo(client, program, cashier, key, at=start + timedelta(minutes=tapped))

    assert response.status_code == status
    assert (response.status_code == 200) == (builders.balance(program, "amelia").active == 0)


@pytest.mark.parametrize(("role", "status"), [(Role.CASHIER, 422), (Role.MANAGER, 200)])
def test_a_clock_set_back_gains_half_an_hour_and_no_more(program, member, role, status):
    staff = hire(program, role)
    client, key, start = signed_in(staff), str(uuid.uuid4()), timezone.now()
    sell(client, program, staff, member, key=key, at=start)

    with time_machine.travel(start + timedelta(minutes=41), tick=False):
        response = undo(client, program, staff, key, at=start + timedelta(minutes=1))

    assert response.status_code == status
    assert (response.status_code == 200) == (builders.balance(program, "amelia").active == 0)
    if status == 422:
        assert response.json()["code"] == "till_undo_too_late"


def test_only_the_same_cashier_or_a_manager_undoes(client, program, cashier, member):
    key = str(uuid.uuid4())
    sell(client, program, cashier, member, key=key)
    colleague, manager = hire(program, Role.CASHIER), hire(program, Role.MANAGER)

    refused = undo(signed_in(colleague), program, colleague, key)
    done = undo(signed_in(manager), program, manager, key)

    assert (refused.status_code, refused.json()["code"]) == (403, "till_not_yours")
    assert done.status_code == 200


def test_a_joining_is_undone_and_frees_the_contact(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)

    undo(client, program, cashier, key)

    with scope(program=program):
        member = Member.objects.get()
        assert (member.state, member.name) == ("closed", "")
        assert Identity.objects.count() == 0
    assert take_in(client, program, cashier, "Nora", "noor@example.com").json()["who"]["name"] == "Nora"


def test_a_joining_stays_once_something_else_has_happened(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)
    sell(client, program, cashier, "", 1000, joined=key)

    response = undo(client, program, cashier, key)

    assert (response.status_code, response.json()["code"]) == (409, "more_happened")


@pytest.mark.parametrize("of", ["existing", "undoing", "elsewhere", "nothing"])
def test_what_cannot_be_undone_is_told(client, program, cashier, member, of):
    key, other = str(uuid.uuid4()), open_shop()
    if of == "existing":
        take_in(client, program, cashier, "Amelia", "amelia@example.com", key=key)
    elif of == "undoing":
        first = str(uuid.uuid4())
        sell(client, program, cashier, member, key=first)
        undo(client, program, cashier, first, key=key)
    elif of == "elsewhere":
        cashier.teams.create(program=other, role=Role.MANAGER)
        sell(client, other, cashier, amelia(other, "anna"), key=key)

    response = undo(client, program, cashier, key)

    assert (response.status_code, response.json()["code"]) == (404, "till_nothing_to_undo")
