"""The till without script."""

import pytest
from django_scopes import scope

from members.models import Store
from tests.rewards import builders
from tests.rewards.till.shop import tap, till_of

pytestmark = pytest.mark.django_db


def test_a_customer_is_served_without_script(client, program, cashier, member):
    found = client.post(till_of(program, "find/"), {"q": member.number})
    fields = tap(cashier) | {"number": member.number, "store": "quay", "amount": "42,60"}
    done = client.post(till_of(program, "actions/sale/"), fields)
    undone = client.post(till_of(program, "actions/undo/"), tap(cashier) | {"of": fields["key"]})

    assert "Amelia Hart" in found.text
    assert "+42" in done.text
    assert fields["key"] in done.text
    assert "Undone" in undone.text
    assert builders.balance(program, "amelia").active == 0


def test_a_newcomer_is_taken_in_without_script_and_served(client, program, cashier):
    assert 'id="join-title"' in client.get(till_of(program, "?step=join")).text

    response = client.post(
        till_of(program, "actions/join/"), tap(cashier) | {"name": "Noor", "contact": "noor@example.com"}
    )

    assert "Noor is a member now" in response.text


def test_what_was_refused_stays_on_the_page_with_its_reason(client, program, cashier, member):
    nobody = client.post(till_of(program, "find/"), {"q": "nobody@example.com"})
    empty = client.post(
        till_of(program, "actions/sale/"), tap(cashier) | {"number": member.number, "store": "quay"}
    )

    assert (nobody.status_code, empty.status_code) == (404, 422)
    assert "nobody@example.com" in nobody.text
    assert "Amelia Hart" in empty.text
    assert "Type the amount" in empty.text


def test_a_device_chooses_its_store_once(client, program):
    with scope(program=program):
        Store.objects.create(program=program, code="hill", name="Hill")

    before = client.get(till_of(program))
    client.post(till_of(program, "store/"), {"store": "hill"})
    after = client.get(till_of(program))

    assert "Which store is this?" in before.text
    assert "Which store is this?" not in after.text
    assert 'name="store" value="hill"' in after.text
    assert client.post(till_of(program, "store/"), {"store": "elsewhere"}).status_code == 404
