"""Segments through the API: which are in force, how large, and which a member is in; never another program's."""

import pytest

from campaigns.audiences import segments
from campaigns.models import Segment
from tests.members.api_shop import Shop, order
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-02-01")
TREE = {"field": "orders.count", "op": ">=", "value": 1}


@pytest.fixture
def shop():
    return Shop(b.open_program())


def put_in_force(shop, name):
    made = segments.create(program=shop.program, name=name, tree=TREE, by=None, now=NOW)
    segments.publish(program=shop.program, key=made.key, by=None, now=NOW)
    assert segments.gather(program=shop.program, key=made.key, now=NOW)


def test_it_works(shop):
    number = shop.post("orders", order("1", 1000)).json()["member"]
    put_in_force(shop, "Buyers")
    segments.create(program=shop.program, name="Not yet", tree=TREE, by=None, now=NOW)

    (told,) = shop.get("segments").json()["items"]
    (mine,) = shop.get(f"members/{number}/segments").json()["items"]

    assert (told["key"], told["kind"], told["size"]) == ("buyers", Segment.Kind.CONDITION, 1)
    assert shop.get("segments/buyers").json() == told
    assert (mine["key"], mine["name"]) == ("buyers", "Buyers")
    assert shop.get("segments/not-yet").status_code == 404


def test_another_programs_are_not_there(shop):
    other = Shop(b.open_program())
    number = other.post("orders", order("1", 1000)).json()["member"]
    put_in_force(other, "Buyers")

    assert shop.get("segments").json()["items"] == []
    assert shop.get("segments/buyers").status_code == 404
    assert shop.get(f"members/{number}/segments").status_code == 404
