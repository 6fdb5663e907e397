"""The ground the other tests stand on."""

import os
import time

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from loyaltysite.kit import clock
from tests.fixtures.browser import faults
from tests.fixtures.waiting import until

pytestmark = pytest.mark.filterwarnings("error")


def keep_session(key: str) -> int:
    Session.objects.create(session_key=key, session_data="", expire_date=clock.now())
    return os.getpid()


def fail_with(word: str) -> None:
    raise ValueError(word)


def keep_session_and_hang(key: str) -> None:
    keep_session(key)
    time.sleep(600)


@pytest.mark.django_db
def test_tests_connect_as_a_role_that_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'django_session'"
        )
        user, owner = cursor.fetchone()

    assert (user, owner) == ("wafa", "wafa_owner")


@pytest.mark.django_db
def test_the_role_may_not_change_the_history_of_migrations():
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"):
        cursor.execute("DELETE FROM django_migrations")


@pytest.mark.parametrize("round_", [1, 2])
def test_fresh_database_commits_for_real_and_starts_empty(fresh_database, round_):
    assert Session.objects.count() == 0

    keep_session("first")

    with fresh_database.connect() as other:
        assert other.execute("SELECT count(*) FROM django_session").fetchone() == (1,)


def test_processes_run_at_once_in_processes_of_their_own(fresh_database, processes):
    pids = processes.each(keep_session, [(f"key-{n}",) for n in range(5)])

    assert len(set(pids)) == 5
    assert os.getpid() not in pids
    assert Session.objects.count() == 5


def test_processes_hand_back_exceptions(fresh_database, processes):
    outcomes = processes(2, fail_with, "no")

    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]


def test_a_killed_process_is_told_from_one_that_answered(fresh_database, processes):
    process = processes.start(keep_session_and_hang, "key")
    until(Session.objects.exists, what="its session")

    process.kill()

    assert isinstance(process.result(), ProcessLookupError)


def test_owner_and_superuser_reach_the_same_database(fresh_database, owner_connection, superuser_connection):
    keep_session("seen")

    for other, name in ((owner_connection, "wafa_owner"), (superuser_connection, "postgres")):
        assert isinstance(other, psycopg.Connection)
        assert other.execute("SELECT current_user, count(*) FROM django_session").fetchone() == (name, 1)


@pytest.mark.faults
@pytest.mark.timeout(1200)  # a database of its own is migrated first
def test_a_durable_cluster_keeps_what_was_committed_when_it_is_killed(durable_cluster):
    keep_session("kept")

    durable_cluster.cluster.kill()
    connection.close()
    durable_cluster.cluster.start(attached=True)

    assert Session.objects.filter(session_key="kept").exists()


def test_redis_is_real_and_empty(redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.set("a", "1")


def test_a_request_that_was_overtaken_is_no_fault_of_a_page():
    said = [
        "htmx:afterRequest, [object HTMLInputElement]",
        "htmx:sendAbort, [object HTMLInputElement]",
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)",
    ]

    assert faults(said) == []


@pytest.mark.parametrize(
    "said",
    [
        "Failed to load resource: the server responded with a status of 500 (Internal Server Error)",
        "Response Status Error Code 403 from /dashboard/harbour/",
        "htmx:swapError",
        "htmx:targetError, [object HTMLFormElement]",
        "TypeError: nobody.click is not a function",
    ],
)
def test_what_a_console_complains_about_is(said):
    assert faults([said]) == [said]
