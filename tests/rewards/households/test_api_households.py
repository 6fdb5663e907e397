"""Households in the API: read, founded, filled, limited, left, dissolved, and redeemed from."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import AuditEntry
from rewards.models import Redemption
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.households.homes import home_of, is_right, move, open_home, shared

pytestmark = pytest.mark.django_db
WHY = {"reason": "asked for it"}
STAFF = {"kind": "override", "reason": "Phone broken"}


@pytest.fixture
def program():
    """Ben has 40, and 150 are shared, all of them anna's; cora is in no household."""
    program = open_home(units={"points": {"is_shared": True}})
    move(program, "in", 150)
    return program


@pytest.fixture
def shop(program):
    return Shop(program)


def number(program, name):
    return b.find(program, name).pk


def test_a_household_is_read_by_itself_in_the_list_and_by_its_member(shop, program):
    home = home_of(program)

    one = shop.get(f"households/{home.pk}").json()

    assert (one["head"], one["shared"], one["ended_at"]) == (number(program, "anna"), {"points": 150}, None)
    assert [(each["member"], each["is_head"], each["limits"]) for each in one["members"]] == [
        (number(program, "anna"), True, {}),
        (number(program, "ben"), False, {}),
    ]
    assert shop.get("households").json() == {"items": [one], "next": None}
    assert shop.get(f"members/{number(program, 'ben')}/household").json() == one
    assert shop.get(f"members/{number(program, 'cora')}/household").status_code == 404
    assert shop.get("households/99999").status_code == 404


def test_staff_found_one_fill_it_limit_it_and_take_somebody_out(shop, program):
    b.join(program, "dora")
    cora, dora = number(program, "cora"), number(program, "dora")

    made = shop.post("households", {"head": cora, "pools": False, **WHY})
    path = f"households/{made.json()['id']}"
    shop.post(f"{path}/add", {"member": dora, **WHY})
    again = shop.post(f"{path}/add", {"member": dora, **WHY})
    limited = shop.post(f"{path}/limits", {"member": dora, "unit": "points", "amount": 30, **WHY})
    freed = shop.post(f"{path}/limits", {"member": dora, "unit": "points", "amount": None, **WHY})
    without = shop.post(f"{path}/remove", {"member": dora, **WHY})

    assert (made.status_code, made.json()["pools"]) == (201, False)
    assert [each["member"] for each in again.json()["members"]] == [cora, dora]
    assert [each["limits"] for each in limited.json()["members"]] == [{}, {"points": 30}]
    assert [each["limits"] for each in freed.json()["members"]] == [{}, {}]
    assert [each["member"] for each in without.json()["members"]] == [cora]
    with scope(program=program):
        found = AuditEntry.objects.filter(subject="household").order_by("pk")
        assert [entry.action.removeprefix("household.") for entry in found] == [
            "found", "add", "limit", "limit", "remove",
        ]  # fmt: skip


def test_it_is_dissolved_once(shop, program):
    path = f"households/{home_of(program).pk}/dissolve"

    first, again = shop.post(path, WHY), shop.post(path, WHY)

    assert first.json()["ended_at"] == again.json()["ended_at"] is not None
    assert (first.json()["members"], b.balance(program).active, shared(program)) == ([], 150, [0])


@pytest.mark.parametrize(
    ("deed", "fields", "code"),
    [
        ("add", {"member": "anna"}, ""),
        ("add", {"member": "cora", "reason": " "}, "reason_missing"),
        ("remove", {"member": "cora"}, "not_found"),
        ("limits", {"member": "ben", "unit": "beans", "amount": 1}, "household_limit_refused"),
        ("limits", {"member": "cora", "unit": "points", "amount": 1}, "not_found"),
    ],
)
def test_what_cannot_be_done_is_said(shop, program, deed, fields, code):
    body = {**WHY, **fields, "member": number(program, fields["member"])}

    told = shop.post(f"households/{home_of(program).pk}/{deed}", body)

    assert told.json().get("code", "") == code


def test_nobody_is_added_to_two(shop, program):
    made = shop.post("households", {"head": number(program, "cora"), **WHY}).json()

    told = shop.post(f"households/{made['id']}/add", {"member": number(program, "ben"), **WHY})

    assert (told.status_code, told.json()["code"]) == (409, "in_household")


def test_a_key_that_only_changes_members_gives_nobody_what_others_earn(program):
    weak = Shop(program, ["members:read", "members:write"])

    told = weak.post("households", {"head": number(program, "cora"), **WHY})

    assert (told.status_code, told.json()["code"]) == (403, "scope_missing")


def test_a_reward_is_taken_out_of_what_is_shared_where_it_is_asked_for(shop, program):
    put_up(program)
    ben = number(program, "ben")
    body = {"reward": "mug", "authorization": STAFF}

    refused = shop.post(f"members/{ben}/redemptions", body)
    alone = shop.get(f"members/{ben}/rewards").json()["items"][0]
    both = shop.get(f"members/{ben}/rewards", from_household="true").json()["items"][0]
    held = shop.post(f"members/{ben}/redemptions", body | {"from_household": True}).json()
    done = shop.post(f"redemptions/{held['id']}/confirm", {}).json()

    assert refused.json()["code"] == "insufficient_points"
    assert (alone["can_have"], both["can_have"]) == (False, True)
    assert held["household"] == done["household"] == home_of(program).pk
    assert (b.balance(program, "ben").active, shared(program)) == (0, [90])
    shop.post(f"redemptions/{held['id']}/cancel", {"reason": "no"})
    assert (b.balance(program, "ben").active, shared(program)) == (40, [150])
    with scope(program=program):
        assert Redemption.objects.get().is_given_back
    assert is_right(program)
