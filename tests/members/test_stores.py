"""Stores: added, renamed, closed; codes are unique and every change is audited."""

import pytest
from django.utils import timezone
from django_scopes import scope

from members import stores
from members.models import AuditEntry, Program, Role, Store
from tests.members.teams import as_staff
from tests.rewards.builders import open_program, order, record, stored_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return open_program(stores=["quay"])


def address(program, rest=""):
    return f"/dashboard/{program.slug}/stores/{rest}"


def the_store(program, code="quay"):
    with scope(program=program):
        return Store.objects.get(code=code)


def audited(program):
    with scope(program=program):
        return [
            (row.action, row.subject_id, row.before, row.after) for row in AuditEntry.objects.order_by("pk")
        ]


def test_a_manager_adds_a_store_that_orders_can_name(program):
    response = as_staff(program, Role.MANAGER).post(
        address(program, "new/"), {"name": "Market stall", "code": "market"}
    )

    assert response["Location"] == address(program)
    record(program, order("1", "2026-01-01", 1000, store="market"))
    assert stored_order(program, "1").store_id == the_store(program, "market").pk
    assert ("store.add", "market", {}, {"name": "Market stall"}) in audited(program)


def test_a_taken_code_is_refused_at_its_field(program):
    response = as_staff(program).post(address(program, "new/"), {"name": "Again", "code": "quay"})

    assert response.status_code == 422
    assert "There is a store with this code" in response.text
    assert 'name="code"' in response.text
    assert audited(program) == []


@pytest.mark.parametrize("code", ["", "two words", "/", "-x"])
def test_a_code_is_plain(program, code):
    response = as_staff(program).post(address(program, "new/"), {"name": "Market", "code": code})

    assert response.status_code == 422


def test_a_store_is_renamed_and_closed(program):
    store = the_store(program)
    before = Program.objects.get(pk=program.pk).catalogue

    as_staff(program, Role.MANAGER).post(address(program, f"{store.pk}/"), {"name": "Old quay"})

    store.refresh_from_db()
    assert (store.name, store.is_active, store.code) == ("Old quay", False, "quay")
    assert audited(program) == [
        (
            "store.change",
            "quay",
            {"name": "quay", "is_active": True},
            {"name": "Old quay", "is_active": False},
        )
    ]
    assert Program.objects.get(pk=program.pk).catalogue == before + 1


def test_a_repeat_changes_nothing(program):
    stores.change(program=program, code="quay", name="quay", is_active=True, by=None, now=timezone.now())

    assert audited(program) == []


def test_a_closed_store_still_takes_late_orders(program):
    stores.change(program=program, code="quay", name="quay", is_active=False, by=None, now=timezone.now())

    record(program, order("1", "2026-01-01", 1000, store="quay"))

    assert stored_order(program, "1").store_id == the_store(program).pk


def test_an_analyst_reads_and_cannot_change(program):
    analyst = as_staff(program, Role.ANALYST)
    store = the_store(program)

    page = analyst.get(address(program))

    assert page.status_code == 200
    assert "quay" in page.text
    assert f"/stores/{store.pk}/" not in page.text
    assert analyst.get(address(program, "new/")).status_code == 403
    assert analyst.post(address(program, f"{store.pk}/"), {"name": "Mine"}).status_code == 403


def test_another_program_sees_and_changes_nothing(program):
    other = open_program(stores=["far"])
    client = as_staff(other)
    store = the_store(program)

    assert client.get(address(other, f"{store.pk}/")).status_code == 404
    assert client.post(address(other, f"{store.pk}/"), {"name": "Mine"}).status_code == 404
    assert client.get(address(program)).status_code == 404


def test_without_a_store_the_page_says_what_to_do():
    empty = open_program()

    response = as_staff(empty).get(address(empty))

    assert "No stores yet" in response.text
    assert address(empty, "new/") in response.text
