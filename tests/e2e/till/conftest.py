"""A shop, its cashiers, and a till that is kept for a bad network; a module with a shop of its own has `program` and `member`."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from members.models import Role
from tests.e2e import entering
from tests.e2e.till.moves import PHONE, kept, patient
from tests.rewards import builders
from tests.rewards.till.shop import amelia, open_shop, till_of


@pytest.fixture
def program(site):
    cache.clear()
    return open_shop()


@pytest.fixture
def member(program):
    found = amelia(program)
    candles = builders.line(1460, "candle-2", category="Candles", name="Candle pair")
    builders.record(program, builders.order("web-1", "2026-11-01", candles, member="amelia"))
    return found


@pytest.fixture
def new_cashier(program):
    def make(role=Role.CASHIER):
        return entering.hired(program, role)

    return make


@pytest.fixture
def sign_in(program):
    def enter(page, user):
        patient(page)
        return entering.sign_in(page, user, at=till_of(program))

    return enter


@pytest.fixture
def till(new_page, sign_in, new_cashier):
    """A till on a phone where a cashier is signed in and that has been kept for a bad network."""
    page = sign_in(new_page(viewport=PHONE), new_cashier())
    kept(page)
    return page
