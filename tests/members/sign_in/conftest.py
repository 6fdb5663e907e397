"""A shop and Anna, its member, for the tests of signing in."""

import pytest
from django.core.cache import cache

from tests.members import portal_shop


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def anna(shop):
    return portal_shop.join(shop, "anna", name="Anna Hall")
