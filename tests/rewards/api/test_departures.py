"""The end of a membership over the API: closing, merging, undoing a merge."""

from __future__ import annotations

import pytest

from members.models import Program, TeamMembership
from tests.members.api_shop import Shop, order
from tests.rewards import builders
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db


def test_a_member_is_closed_and_forfeits_once(shop, sent):
    path = f"members/{sent['member']}/close"

    first = shop.post(path, {"reason": "Asked for it", "forfeits": True}, key="one")
    again = shop.post(path, {"reason": "Asked for it", "forfeits": True}, key="one")

    assert first.json() == {"member": sent["member"], "state": "closed"}
    assert again.content == first.content
    assert builders.balance(shop.program).active == 0
    assert shop.post("orders", order("1002")).json()["points"][0]["awarded"] == 0


def test_two_members_become_one(shop, sent):
    other = shop.post(
        "orders", order("1002", 1000, member={"kind": "card", "value": "77", "joins": True})
    ).json()

    told = shop.post(f"members/{sent['member']}/merge", {"gone": other["member"], "reason": "Same person"})

    assert told.status_code == 200
    assert told.json()["kept"] == sent["member"]
    assert shop.get(f"members/{other['member']}").json()["merged_into"] == sent["member"]
    assert shop.get("members", card="77").json()["items"][0]["id"] == sent["member"]
    assert builders.balance(shop.program).active == 34


def test_what_undoing_a_merge_would_do_is_seen_and_nothing_is_written(shop, merged):
    seen = shop.get(f"merges/{merged['id']}/undo").json()

    assert (seen["orders"], seen["identities"]) == (1, 1)
    assert set(seen["ways"]) == {"user", "shared", "owner", "shop"}
    (part,) = seen["ways"]["shop"]
    assert (part["used"], part["given"]) == (6, 6)
    assert part["gone"] == {"active": 10, "pending": 0, "arrears": 0}
    assert builders.balance(shop.program).active == 4


def test_a_merge_is_undone_once_and_borne_as_chosen(shop, merged):
    wish = {"bearing": "shop", "reason": "Father and son"}

    first = shop.post(f"merges/{merged['id']}/undo", wish, key="one")
    again = shop.post(f"merges/{merged['id']}/undo", wish, key="one")
    other = shop.post(f"merges/{merged['id']}/undo", wish)

    assert first.status_code == 200
    assert first.json() | {"fact": 0} == merged | {"fact": 0}
    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (409, "undone_already")
    (mine,) = shop.get(f"members/{merged['kept']}/wallets").json()["items"]
    (theirs,) = shop.get(f"members/{merged['gone']}/wallets").json()["items"]
    assert (mine["active"], theirs["active"]) == (0, 10)
    (listed,) = shop.get(f"members/{merged['gone']}/merges").json()["items"]
    assert listed["id"] == merged["id"]
    assert listed["undone_at"]
    assert shop.get(f"merges/{merged['id']}/undo").json()["code"] == "undone_already"


def test_a_member_cannot_be_merged_with_a_stranger(shop, sent):
    stranger = Shop(open_program()).post("orders", order("7")).json()

    told = shop.post(f"members/{sent['member']}/merge", {"gone": stranger["member"], "reason": "x"})

    assert (told.status_code, told.json()["code"]) == (404, "not_found")


def test_above_the_authors_limit_a_second_person_decides(shop, sent):
    Program.objects.filter(pk=shop.program.pk).update(adjust_limits={"owner": {"points": 40}})

    told = shop.post(
        f"members/{sent['member']}/adjustments", {"unit": "points", "amount": 50, "reason": "Late"}
    )

    assert (told.status_code, told.json()["status"]) == (202, "waiting")
    assert builders.balance(shop.program).active == 24


@pytest.mark.parametrize("change", ["gone", "manager"])
def test_a_key_whose_author_is_owner_no_longer_does_nothing(shop, sent, change):
    """However that came about: teams.remove() ends keys or hands them over, the operators' pages do not."""
    places = TeamMembership.objects.filter(user=shop.key.created_by)
    places.delete() if change == "gone" else places.update(role=change)

    for told in (
        shop.post(f"members/{sent['member']}/adjustments", {"unit": "points", "amount": 5, "reason": "Late"}),
        shop.post("orders", order("1002")),
        shop.get("members"),
    ):
        assert (told.status_code, told.json()["code"]) == (403, "author_gone")
    assert builders.balance(shop.program).active == 24
