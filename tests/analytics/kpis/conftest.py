"""The shop of quarter.py, made once a module."""

import pytest
import time_machine
from django_scopes import scope

from members.models import Program
from tests.analytics.kpis.quarter import NOW, TIERS, fill
from tests.fixtures.databases import clone, pointed_at
from tests.members.teams import as_staff
from tests.rewards.builders import open_program


@pytest.fixture(scope="module")
def world(test_cluster, template, django_db_setup, django_db_blocker):
    with clone(test_cluster, template) as made, django_db_blocker.unblock(), pointed_at(made):
        fill(open_program(stores=["north", "south"], tiers=TIERS, languages=["en", "he"]))
        yield made


@pytest.fixture
def program(world, django_db_blocker):
    with django_db_blocker.unblock(), pointed_at(world):
        program = Program.objects.get()
        with scope(program=program):
            yield program


@pytest.fixture
def client(program):
    with time_machine.travel(NOW, tick=False):
        yield as_staff(program, "analyst")
