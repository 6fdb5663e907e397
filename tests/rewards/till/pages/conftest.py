"""A shop with its cashier, signed in, and a member, for the tests of the till's pages."""

import pytest
from django.core.cache import cache
from django.utils import translation

from members.models import Role
from tests.members.teams import hire, signed_in
from tests.rewards.till.shop import amelia, open_shop


@pytest.fixture(autouse=True)
def fresh(request):
    cache.clear()
    yield
    translation.activate("en")


@pytest.fixture
def program():
    return open_shop()


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return signed_in(cashier)


@pytest.fixture
def member(program):
    return amelia(program)
