"""A shop and Amelia, signed in on its portal."""

import pytest
import time_machine
from django.core.cache import cache

from tests.members import portal_shop
from tests.members.portal_pages.visits import enter


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(portal_shop.NOW, tick=False):
        yield


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def amelia(shop):
    return portal_shop.amelia(shop)


@pytest.fixture
def inside(client, shop, amelia):
    return enter(client, shop)
