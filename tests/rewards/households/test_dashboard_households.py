"""Households on the dashboard: the list, one with its moves, and what staff do with a reason."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import AuditEntry, Role
from rewards import redemptions
from rewards.models import Household
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.households.homes import NOW, home_of, join, leave, limit, move, open_home, shared
from tests.rewards.test_portal_rewards import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    program = open_home(units={"points": {"is_shared": True, "names": {"en": "Stars"}}})
    move(program, "in", 150)
    move(program, "out", 20, member="ben")
    return program


def page(program, one=None):
    return f"/dashboard/{program.slug}/households/{f'{one.pk}/' if one else ''}"


def plain(*texts):
    return " ".join(texts).replace("\xa0", " ")


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def test_the_list_tells_head_members_and_what_is_shared(program, manager):
    rows = manager.get(page(program)).context["rows"]

    assert [(row["household"].pk, row["count"], plain(*row["shared"])) for row in rows] == [
        (home_of(program).pk, 2, "130 Stars")
    ]


@pytest.mark.parametrize(("sought", "count"), [("anna", 1), ("number", 1), ("cora", 0)])
def test_it_is_found_by_somebody_in_it(program, manager, sought, count):
    with scope(program=program):
        type(b.find(program, "anna")).objects.filter(pk=b.find(program, "anna").pk).update(name="Anna Lee")
    text = b.find(program, "ben").number if sought == "number" else sought

    assert len(manager.get(page(program), {"q": text}).context["rows"]) == count


def test_one_tells_who_moved_what(program, manager):
    put_up(program)
    ben = b.find(program, "ben")
    redemptions.reserve(
        program=program, member=ben, reward="mug", key="k", now=b.moment("2026-02-02"), shares=True
    )

    shown = manager.get(page(program, home_of(program)))

    told = [
        (move["text"], move["member"], plain(move["change"]), plain(move["after"]))
        for move in shown.context["moves"]
    ]
    assert [(text, member == ben, change, after) for text, member, change, after in told] == [
        ("Reserved for a reward", True, "−40 Stars", "90 Stars"),
        ("Taken out", True, "−20 Stars", "130 Stars"),
        ("Put in", False, "+150 Stars", "150 Stars"),
    ]


def test_earlier_moves_are_on_a_page_of_their_own(program, manager, monkeypatch):
    from rewards.views.households import pages

    monkeypatch.setattr(pages, "MOVES", 1)
    first = manager.get(page(program, home_of(program)))

    second = manager.get(first.context["earlier"])

    assert [move["text"] for move in (*first.context["moves"], *second.context["moves"])] == [
        "Taken out",
        "Put in",
    ]
    assert (second.context["earlier"], second.context["is_later"]) == ("", True)


def test_a_manager_takes_somebody_out_and_dissolves_it_with_a_reason(program, manager):
    one, number = home_of(program), b.find(program, "ben").number

    nameless = manager.post(page(program, one), {"do": "remove", "number": number})
    manager.post(page(program, one), {"do": "remove", "number": number, "reason": "quarrel"})
    done = manager.post(page(program, one), {"do": "dissolve", "reason": "asked for it"}, follow=True)

    assert nameless.status_code == 422
    assert "The household is dissolved." in done.content.decode()
    assert (b.balance(program).active, shared(program)) == (130, [0])
    with scope(program=program):
        assert Household.objects.get().ended_at is not None
        found = AuditEntry.objects.filter(subject="household").order_by("pk")
        assert [(entry.action, entry.reason) for entry in found] == [
            ("household.remove", "quarrel"),
            ("household.dissolve", "asked for it"),
        ]


def test_the_last_one_is_not_taken_out(program, manager):
    leave(program, "ben")
    asked = {"do": "remove", "number": b.find(program, "anna").number, "reason": "why"}

    told = manager.post(page(program, home_of(program)), asked)

    assert told.status_code == 422
    assert "Dissolve the household instead." in told.content.decode()


def test_an_analyst_reads_and_does_nothing(program):
    analyst = as_staff(program, Role.ANALYST)

    shown = analyst.get(page(program, home_of(program)))
    refused = analyst.post(page(program, home_of(program)), {"do": "dissolve", "reason": "why"})

    assert 'name="do"' not in shown.content.decode()
    assert refused.status_code == 403


def test_a_household_of_another_program_is_not_found(program, manager):
    other = open_home()

    assert manager.get(page(program, home_of(other))).status_code == 404


def test_the_page_of_a_member_tells_of_the_household(program, manager):
    limit(program, 100)
    number, own = b.find(program, "ben").number, f"/dashboard/{program.slug}/members"

    told = manager.get(f"{own}/{number}/").context["household"]

    assert (told["is_head"], told["head"], plain(*told["shared"])) == (
        False,
        b.find(program, "anna"),
        "130 Stars",
    )
    assert [plain(*limit) for limit in told["limits"]] == ["100 Stars 0 Stars"]  # the moves were in February
    assert manager.get(f"{own}/{b.find(program, 'cora').number}/").context["household"] is None


def test_who_was_in_it_before_is_told(program, manager):
    join(program, "cora", at="2026-02-01T10:00")
    leave(program, "cora", at=NOW)

    shown = manager.get(page(program, home_of(program)))

    assert [place.member for place in shown.context["gone"]] == [b.find(program, "cora")]


@pytest.mark.parametrize(("is_shared", "text"), [(True, "Members found one"), (False, "Choose a unit")])
def test_an_empty_list_says_what_to_do(is_shared, text):
    program = b.open_program(units={"points": {"is_shared": is_shared}})
    client = as_staff(program, Role.MANAGER)

    assert text in client.get(page(program)).content.decode()


@pytest.mark.parametrize("is_last", [False, True])
def test_a_merge_tells_before_that_a_household_is_left(program, manager, is_last):
    if is_last:
        leave(program, "anna")
    cora, ben = b.find(program, "cora").number, b.find(program, "ben").number
    own = f"/dashboard/{program.slug}/members"

    goes = text_of(manager.get(f"{own}/{cora}/merge/", {"other": ben}))
    stays = text_of(manager.get(f"{own}/{ben}/merge/", {"other": cora}))

    assert "leaves the household" in goes
    assert ("What is shared stays there." in goes, "It ends then" in goes) == (not is_last, is_last)
    assert "leaves the household" not in stays
