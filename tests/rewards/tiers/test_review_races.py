"""Several workers review at once: each member once. SEMANTICS 16, 34."""

import contextlib

import pytest
from django.db import connection
from django_scopes import scopes_disabled

from members.models import Event, Program
from rewards.models import Standing
from rewards.tiers import standings
from tests.rewards.tiers.house import join, open_program, spend
from tests.rewards.tiers.timeline import moment

pytestmark = pytest.mark.races

WORKERS, MEMBERS = 4, 12
NOW = "2028-01-01"


def review() -> int:
    return standings.review_due(program=Program.objects.get(), now=moment(NOW))


def review_without_locks() -> int:
    """The negative control: the same work, but nobody is locked, and all have read before anyone writes."""
    standings.DUE = standings.DUE.replace("FOR NO KEY UPDATE OF h SKIP LOCKED", "")
    load = standings.load

    def load_and_meet(**given):
        courses = load(**given)
        if courses:
            _meet()
        return courses

    standings.load = load_and_meet
    return review()


def _meet() -> None:
    """Go on when all workers are here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(42)")
        here = 0
        while here < WORKERS:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42")
            (here,) = cursor.fetchone()


@pytest.fixture
def house(fresh_database):
    program = open_program()
    for _ in range(MEMBERS):
        spend(join(program), "2026-02-01", 500)
    return program


def events() -> int:
    with scopes_disabled():
        return Event.objects.filter(kind="tier.changed", data__origin="review").count()


def test_four_workers_review_each_member_once(house, processes):
    taken = processes(WORKERS, review)

    assert sum(taken) == MEMBERS
    assert events() == MEMBERS
    with scopes_disabled():
        assert not Standing.objects.filter(ended_at=None).exists()


def test_without_the_locks_members_are_reviewed_twice(house, processes):
    with contextlib.suppress(TypeError):
        sum(processes(WORKERS, review_without_locks))

    assert events() > MEMBERS
