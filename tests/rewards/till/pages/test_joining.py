"""Joining at the till: a name and one contact."""

import uuid

import pytest
from django_scopes import scope

from members.models import Member
from tests.rewards.till.pages.books import audited
from tests.rewards.till.shop import sell, take_in

pytestmark = pytest.mark.django_db


def test_a_newcomer_joins_by_a_name_and_one_contact(client, program, cashier):
    response = take_in(client, program, cashier, "Noor", "07700 900456")

    who = response.json()["who"]
    with scope(program=program):
        joined = Member.objects.get(number=who["number"])
        contact = joined.identities.get(program=program)
    assert (joined.name, joined.source, contact.kind, contact.value) == (
        "Noor",
        "till",
        "phone",
        "+447700900456",
    )
    assert audited(program, "member.join")[0].actor_id == cashier.pk


def test_a_contact_that_is_known_leads_to_its_member(client, program, cashier, member):
    response = take_in(client, program, cashier, "Somebody", "amelia@example.com")

    assert response.json()["who"]["number"] == member.number
    assert "already" in response.json()["short"]
    assert [row.subject_id for row in audited(program, "till.find")] == [member.number]
    with scope(program=program):
        assert Member.objects.count() == 1


def test_a_sale_follows_the_joining_by_its_key(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)

    response = sell(client, program, cashier, "", 1000, joined=key)

    assert response.json()["who"]["name"] == "Noor"
    assert response.json()["who"]["balance"] == "10\u00a0Stars"


@pytest.mark.parametrize(
    ("name", "contact", "field"), [("", "a@example.com", "name"), ("Noor", "12", "phone")]
)
def test_what_is_missing_for_joining_is_named(client, program, cashier, name, contact, field):
    response = take_in(client, program, cashier, name, contact)

    assert (response.status_code, response.json()["field"]) == (422, field)
    with scope(program=program):
        assert Member.objects.count() == 0
