"""Members over HTTP: found by whatever they are known by, joined once, blocked with a reason."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.api import people
from members.models import AuditEntry, Member, Scope
from tests.members.api_shop import Shop, order
from tests.rewards.builders import join, open_program

pytestmark = pytest.mark.django_db

HOME = {"lines": [" 12  Harbour Lane"], "postcode": "BS1 4RN", "city": "Bristol", "country": "GB"}
ANNA = {"name": "Anna", "language": "en", "contacts": [{"kind": "email", "value": "Anna@Example.com"}]}


@pytest.fixture
def shop():
    return Shop(open_program())


def test_somebody_joins(shop):
    response = shop.post("members", ANNA)

    told = response.json()
    assert response.status_code == 201
    assert told["name"] == "Anna"
    assert told["state"] == "active"
    assert told["identities"] == [{"kind": "email", "value": "anna@example.com", "is_verified": False}]
    assert shop.get(f"members/{told['id']}").json() == told


def test_an_identity_joins_once_and_its_owner_is_not_told(shop):
    shop.post("members", ANNA)

    response = shop.post("members", ANNA | {"name": "Bea"})

    assert response.status_code == 409
    assert response.json()["code"] == "identity_taken"
    assert "Anna" not in response.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contacts": []}, "contacts"),
        ({"contacts": [{"kind": "email", "value": "x"}]}, "email"),
        ({"contacts": [{"kind": "fax", "value": "1"}]}, "contacts.0.kind"),
        ({"birthday": "1990-01-01"}, "birthday"),
    ],
)
def test_what_is_wrong_is_named(shop, change, field):
    response = shop.post("members", ANNA | change)

    assert response.status_code == 422
    assert response.json()["field"] == field


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        ("email", "anna@example.com", " ANNA@example.com"),
        ("phone", "+44 7700 900123", "+447700900123"),
        ("card", "12 34-56", "123456"),
        ("shop", "C-9", "C-9"),
    ],
)
def test_a_member_is_found_by_any_identity(shop, kind, value, typed):
    shop.post("members", {"contacts": [{"kind": "email", "value": "other@example.com"}]})
    member = shop.post("members", {"contacts": [{"kind": kind, "value": value}]}).json()

    found = shop.get("members", **{kind: typed}).json()

    assert [each["id"] for each in found["items"]] == [member["id"]]
    assert shop.get("members", number=member["number"]).json()["items"] == found["items"]


def test_an_address_is_kept_changed_as_a_whole_and_taken_away(shop):
    member = shop.post("members", ANNA).json()
    path = f"members/{member['id']}"

    kept = shop.send("PATCH", path, {"address": HOME}).json()
    shop.send("PATCH", path, {"name": "Anna Holm"})
    listed = shop.get("members", number=member["number"]).json()["items"]
    gone = shop.send("PATCH", path, {"address": None}).json()

    assert member["address"] is None
    assert kept["address"] == HOME | {"lines": ["12 Harbour Lane"]}
    assert listed[0]["address"] == kept["address"]
    assert (gone["name"], gone["address"]) == ("Anna Holm", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"country": "QQ"}, "address.country"),
        ({"city": " "}, "address.city"),
        ({"lines": []}, "address.lines"),
    ],
)
def test_an_address_that_is_none_is_refused_whole(shop, change, field):
    member = shop.post("members", ANNA).json()

    answer = shop.send("PATCH", f"members/{member['id']}", {"name": "Bea", "address": HOME | change})

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert shop.get(f"members/{member['id']}").json() == member


def test_a_filter_that_does_not_exist_is_refused(shop):
    response = shop.get("members", mail="anna@example.com")

    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "field_unknown"


def test_the_list_goes_on_after_a_cursor_and_misses_nobody(shop):
    for number in range(7):
        join(shop.program, f"m{number}", at=f"2026-01-0{number // 3 + 1}")

    seen, cursor = [], None
    while True:
        page = shop.get("members", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    with scope(program=shop.program):
        everybody = list(Member.objects.order_by("-joined_at", "-holder_id").values_list("pk", flat=True))
    assert seen == everybody


@pytest.mark.parametrize("cursor", ["x", "!!", "WzFd", "WyJhIiwiYiJd", "bnVsbA", "WzEsMV0"])
def test_a_cursor_that_was_not_made_here_is_refused(shop, cursor):
    response = shop.get("members", cursor=cursor)

    assert response.status_code == 422
    assert response.json()["code"] == "invalid"


def test_a_member_is_blocked_and_unblocked_with_a_reason(shop):
    member = shop.post("members", ANNA).json()

    blocked = shop.post(f"members/{member['id']}/block", {"reason": "stolen"})
    again = shop.post(f"members/{member['id']}/block", {"reason": "stolen"})
    earned = shop.post("orders", order()).json()
    freed = shop.post(f"members/{member['id']}/unblock", {"reason": "found"})

    assert blocked.json()["state"] == "blocked"
    assert (again.status_code, again.json()["code"]) == (409, "state_unchanged")
    assert earned["points"] == []
    assert freed.json()["state"] == "active"


def test_the_audit_names_the_author_and_the_key(shop):
    member = shop.post("members", ANNA).json()
    shop.post(f"members/{member['id']}/block", {"reason": "stolen"})

    with scope(program=shop.program):
        entry = AuditEntry.objects.get(action="member.block")
    assert entry.actor == shop.key.created_by
    assert entry.after == {"state": "blocked", "api_key": shop.key.prefix}
    assert entry.address == "127.0.0.1"


def test_reading_does_not_write(shop):
    reader = Shop(shop.program, scopes=[Scope.MEMBERS_READ])

    assert reader.get("members").status_code == 200
    assert reader.post("members", ANNA).json()["code"] == "scope_missing"


def test_only_what_is_sent_is_changed(shop):
    member = shop.post("members", ANNA).json()

    shop.send("PATCH", f"members/{member['id']}", {"birthday": "1990-05-17"})
    told = shop.send("PATCH", f"members/{member['id']}", {"name": "Anna M."}).json()

    assert (told["name"], told["birthday"], told["language"]) == ("Anna M.", "1990-05-17", "en")


def test_a_birthday_in_the_future_is_refused(shop):
    member = shop.post("members", ANNA).json()

    told = shop.send("PATCH", f"members/{member['id']}", {"birthday": "2999-05-17"}).json()

    assert (told["code"], told["field"]) == ("birthday_invalid", "birthday")


def test_a_member_gets_one_more_identity(shop):
    member = shop.post("members", ANNA).json()

    shop.post(f"members/{member['id']}/identities", {"kind": "card", "value": "77 00"})
    again = shop.post(f"members/{member['id']}/identities", {"kind": "card", "value": "7700"})

    assert again.status_code == 200
    assert [each["value"] for each in again.json()["identities"]] == ["7700", "anna@example.com"]
    assert shop.get("members", card="7700").json()["items"][0]["id"] == member["id"]


def test_what_is_not_sent_is_kept_as_somebody_else_has_changed_it_meanwhile(shop, monkeypatch):
    member = shop.post("members", ANNA).json()
    find = people.find

    def find_late(member_id):
        """Read, and then changed by somebody else before it is locked."""
        found = find(member_id)
        Member.objects.filter(pk=member_id).update(birthday="1990-05-17")
        return found

    monkeypatch.setattr(people, "find", find_late)

    told = shop.send("PATCH", f"members/{member['id']}", {"name": "Anna Marlowe"}).json()

    assert (told["name"], told["birthday"]) == ("Anna Marlowe", "1990-05-17")


def test_a_name_is_one_line(shop):
    told = shop.post("members", ANNA | {"name": " Anna\r\nBcc:  all@example.com "}).json()

    assert told["name"] == "Anna Bcc: all@example.com"


def test_an_identity_is_taken_away_but_not_the_last(shop):
    member = shop.post("members", ANNA).json()
    path = f"members/{member['id']}/identities"
    shop.post(path, {"kind": "card", "value": "7700"})

    told = shop.post(f"{path}/remove", {"kind": "card", "value": "77 00"})
    gone = shop.post(f"{path}/remove", {"kind": "card", "value": "7700"})
    last = shop.post(f"{path}/remove", {"kind": "email", "value": "anna@example.com"})

    assert [each["kind"] for each in told.json()["identities"]] == ["email"]
    assert gone.status_code == 404
    assert (last.status_code, last.json()["code"]) == (409, "last_identity")


def test_tags_are_changed_as_a_whole(shop):
    member = shop.post("members", ANNA).json()
    path = f"members/{member['id']}"

    shop.send("PATCH", path, {"tags": ["vegan", "press"], "name": "Anna Holm"})
    told = shop.send("PATCH", path, {"tags": ["press", "early bird"]}).json()
    kept = shop.send("PATCH", path, {"name": "Anna M."}).json()

    assert (told["name"], told["tags"]) == ("Anna Holm", ["press", "early bird"])
    assert kept["tags"] == told["tags"]


def test_a_tag_that_is_none_is_refused_whole(shop):
    member = shop.post("members", ANNA).json()

    answer = shop.send("PATCH", f"members/{member['id']}", {"name": "Bea", "tags": ["a, b"]})

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "tag_invalid", "tags")
    assert shop.get(f"members/{member['id']}").json() == member
