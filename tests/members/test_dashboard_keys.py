"""The page of API keys: owners make and end them; the secret is seen once."""

from __future__ import annotations

import re

import pytest
from django_scopes import scope

from members.models import ApiKey, AuditEntry, Role
from tests.members.api_shop import Shop
from tests.members.teams import as_staff, home_of
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

WISH = {
    "name": "Web shop",
    "scopes": ["orders:write", "orders:read"],
    "reads_per_minute": "600",
    "writes_per_minute": "300",
}


@pytest.fixture
def program():
    return open_program(time_zone="Europe/London")


@pytest.fixture
def owner(program):
    return as_staff(program)


@pytest.fixture
def place(program):
    return f"{home_of(program)}keys/"


def test_no_keys_say_what_to_do(owner, place):
    response = owner.get(place)

    assert response.status_code == 200
    assert "No keys yet" in response.content.decode()


def test_a_new_key_works_and_its_secret_is_shown_once(owner, place, program):
    made = owner.post(f"{place}new/", WISH).content.decode()

    secret = re.search(r'value="(wafa_[^"]+)"', made)[1]
    with scope(program=program):
        key = ApiKey.objects.get()
        entry = AuditEntry.objects.get(action="key.create")
    shop = Shop(program)
    shop.secret = secret
    assert shop.get("orders", external_id="1").status_code == 200
    assert shop.get("members").status_code == 403
    assert key.scopes == ["orders:read", "orders:write"]
    assert secret not in owner.get(place).content.decode()
    assert secret not in owner.get(f"{place}{key.pk}/").content.decode()
    assert secret.rpartition("_")[2] not in f"{entry.after}{entry.subject_id}"
    assert entry.subject_id == key.prefix


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": " "}, "required"),
        ({"scopes": []}, "required"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"last_day": "2020-01-01"}, "lies in the past"),
        ({"writes_per_minute": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(owner, place, program, change, word):
    response = owner.post(f"{place}new/", WISH | change)

    assert response.status_code == 422
    assert word in response.content.decode()
    with scope(program=program):
        assert not ApiKey.objects.exists()


def test_the_last_day_counts_as_a_whole_in_the_programs_zone(owner, place, program):
    owner.post(f"{place}new/", WISH | {"last_day": "2099-06-30"})

    with scope(program=program):
        key = ApiKey.objects.get()
    assert key.expires_at.isoformat() == "2099-06-30T23:00:00+00:00"


def test_a_key_is_revoked_with_a_reason(owner, place, program):
    shop = Shop(program)
    page = f"{place}{shop.key.pk}/"

    without = owner.post(page, {"reason": ""})
    done = owner.post(page, {"reason": "Laptop lost"})
    again = owner.post(page, {"reason": "Once more"})

    shop.key.refresh_from_db()
    assert without.status_code == 422
    assert done.status_code == 302
    assert again.status_code == 422
    assert shop.key.revoke_reason == "Laptop lost"
    assert shop.get("members").status_code == 401
    assert "Revoked" in owner.get(place).content.decode()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST, Role.CASHIER])
def test_only_owners_see_keys(program, place, role):
    shop = Shop(program)
    client = as_staff(program, role)

    codes = [client.get(place).status_code, client.get(f"{place}{shop.key.pk}/").status_code]
    codes += [client.post(f"{place}new/", WISH).status_code]
    codes += [client.post(f"{place}{shop.key.pk}/", {"reason": "x"}).status_code]

    assert codes == [403] * 4
    with scope(program=program):
        assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_another_programs_key_does_not_exist(owner, place):
    foreign = Shop(open_program())

    assert owner.get(f"{place}{foreign.key.pk}/").status_code == 404
    assert owner.post(f"{place}{foreign.key.pk}/", {"reason": "x"}).status_code == 404


def test_the_list_takes_as_many_statements_for_one_key_as_for_many(owner, place, program):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count():
        with CaptureQueriesContext(connection) as asked:
            owner.get(place)
        return len(asked)

    Shop(program)
    count()
    few = count()
    for _ in range(4):
        Shop(program)

    assert count() == few
