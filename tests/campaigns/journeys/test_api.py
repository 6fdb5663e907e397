"""Another system lets members into a journey over the API."""

import pytest
from django_scopes import scope

from tests.campaigns.journeys import trips as t
from tests.members.api_shop import Shop
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
WAIT = ("pause", "wait", {"days": 2})


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def shop(program):
    return Shop(program)


def enter(shop, member, key, journey="trip"):
    return shop.post(f"members/{member}/journeys", {"journey": journey, "key": key})


def test_a_key_lets_in_once(program, shop):
    t.launch(program, t.graph(WAIT, trigger={"kind": "api"}, entry={"mode": "each"}))
    (member,) = t.people(program, 1)

    first, again, other = enter(shop, member, "a"), enter(shop, member, "a"), enter(shop, member, "b")

    assert (first.status_code, first.json()["state"]) == (201, "waiting")
    assert again.json()["enrolment"] == first.json()["enrolment"]
    assert other.json()["enrolment"] != first.json()["enrolment"]
    assert len(t.enrolments(program)) == 2


def test_who_is_kept_out_has_no_enrolment(program, shop):
    where = {"field": "member.tags", "op": "has any", "value": ["vip"]}
    t.launch(program, t.graph(WAIT, trigger={"kind": "api", "where": where}))
    (member,) = t.people(program, 1)

    told = enter(shop, member, "a")

    assert (told.status_code, told.json()["enrolment"]) == (201, None)
    assert t.enrolments(program) == []


def test_only_what_runs_and_is_asked_for_can_be_entered(program, shop):
    t.launch(program, t.graph(WAIT))
    (member,) = t.people(program, 1)
    other = b.open_program()
    with scope(program=other):
        stranger = b.join(other, "stranger").pk

    assert enter(shop, member, "a").json()["code"] == "journey_not_live"
    assert enter(shop, member, "a", journey="none").status_code == 404
    assert enter(shop, stranger, "a").status_code == 404
