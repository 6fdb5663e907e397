"""The best use of what ends next: a reward of the catalogue that can be had with it, named with a link (N7)."""

from __future__ import annotations

import pytest
import time_machine
from django.core.cache import cache

from tests.members import portal_shop
from tests.members.portal_pages.visits import text_of
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up
from tests.rewards.test_portal_rewards import enter, url

pytestmark = pytest.mark.django_db
NOW = portal_shop.NOW


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    """Anna has 30 that end in five days, and 70 that end later."""
    shop = portal_shop.open_shop()
    portal_shop.join(shop, "anna", name="Amelia Hart")
    b.record(shop, b.order("1", "2025-11-26", 30_00, member="anna"))
    b.record(shop, b.order("2", "2026-07-01", 70_00, member="anna"))
    return shop


def told(shop, page="lots"):
    return text_of(enter(shop).get(url(shop, page)))


@pytest.mark.parametrize("page", ["lots", "home"])
def test_the_reward_that_leaves_nothing_to_end_is_named(shop, page):
    put_up(shop, "tea", price={"points": 20})
    put_up(shop, "mug", price={"points": 35})
    put_up(shop, "lamp", price={"points": 90})
    put_up(shop, "sofa", price={"points": 900})

    answer = enter(shop).get(url(shop, page))

    assert "Best use: Mug for 35 Stars." in text_of(answer)
    assert "would still end" not in text_of(answer)
    assert f'href="{url(shop, "reward", "mug")}"' in answer.content.decode()


def test_what_no_reward_can_use_up_is_said(shop):
    put_up(shop, "tea", price={"points": 20})

    assert "Best use: Tea for 20 Stars. 10 Stars of them would still end." in told(shop)


def test_where_nothing_can_be_had_the_nearest_is_named(shop):
    put_up(shop, "lamp", price={"points": 150})
    put_up(shop, "sofa", price={"points": 900})

    assert "50 Stars to go: Lamp" in told(shop)


@pytest.mark.parametrize(
    "values",
    [{"stock": 0}, {"eligibility": {"field": "standing.tier", "op": "=", "value": "gold"}}, {"starts_at": b.moment("2027-01-01")}],
    ids=["none left", "not for her", "not yet"],
)  # fmt: skip
def test_what_cannot_be_had_for_another_reason_is_no_advice(shop, values):
    put_up(shop, "mug", price={"points": 35}, **values)
    draft(shop, "cup", price={"points": 30})

    assert "Mug" not in told(shop)
    assert "Cup" not in told(shop)


def test_home_advises_only_when_it_is_time(shop):
    put_up(shop, "mug", price={"points": 35})
    portal_shop.join(shop, "ben", name="Ben Hill")
    b.record(shop, b.order("3", "2026-07-01", 70_00, member="ben"))

    page = text_of(enter(shop, "ben@example.com").get(url(shop, "home")))

    assert "end on" in page
    assert "Best use" not in page


def test_a_name_with_marks_is_only_a_name(shop):
    put_up(shop, "mug", price={"points": 35}, names={"en": "<b>100 %(x)s</b>"})

    assert "&lt;b&gt;100 %(x)s&lt;/b&gt;" in enter(shop).get(url(shop, "lots")).content.decode()
