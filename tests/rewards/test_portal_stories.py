"""The history in the member's words: a sale at a till is known by its receipt, and what was undone is no return."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache

from members.models import Role
from tests.members.portal_pages.visits import text_of
from tests.members.teams import hire, signed_in
from tests.rewards import builders as b
from tests.rewards.test_portal_rewards import enter, url
from tests.rewards.till import shop as tills

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    cache.clear()
    return tills.open_shop()


@pytest.fixture
def cashier(shop):
    return hire(shop, Role.CASHIER)


def history_after(shop, cashier, *, is_undone, **sale):
    member = tills.amelia(shop, "anna")
    client, key = signed_in(cashier), str(uuid.uuid4())
    tills.sell(client, shop, cashier, member, 1000, key=key, **sale)
    if is_undone:
        tills.undo(client, shop, cashier, key)
    return text_of(enter(shop).get(url(shop, "history")))


def test_a_sale_without_a_receipt_has_no_made_up_number(shop, cashier):
    text = history_after(shop, cashier, is_undone=True)

    assert "A purchase in the shop" in text
    assert "A purchase was cancelled" in text
    assert "T-" not in text


def test_a_receipt_is_told_without_its_store(shop, cashier):
    text = history_after(shop, cashier, is_undone=True, receipt="A-17")

    assert "Order A-17" in text
    assert "Order A-17 was cancelled" in text
    assert "quay" not in text


def test_goods_that_came_back_are_a_return(shop):
    tills.amelia(shop, "anna")
    b.record(shop, b.order("1001", "2026-11-01", b.line(1000, "mug", 2), member="anna"))
    b.record(shop, b.bring_back("r", "2026-11-02", "mug", order="1001"))

    assert "Return to order 1001" in text_of(enter(shop).get(url(shop, "history")))
