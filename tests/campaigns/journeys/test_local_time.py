"""The next local hour, on both days on which clocks change."""

import hashlib

import pytest
from django.db import connection

from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
BERLIN = "Europe/Berlin"


def lot(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 10000


LOT_7, LOT_8, LOT_OTHER = lot("salt:7"), lot("salt:8"), lot("other:7")


def next_local(since, zone, hour, minute=0, weekdays=()):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wafa_next_local(%s, %s, %s, %s, %s::int[])",
            [b.moment(since), zone, hour, minute, list(weekdays)],
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("since", "hour", "minute", "weekdays", "expected"),
    [
        # An ordinary day, before and after the hour, and at the very moment.
        ("2026-06-10T06:00", 9, 0, (), "2026-06-10T07:00"),
        ("2026-06-10T07:00", 9, 0, (), "2026-06-11T07:00"),
        ("2026-06-10T08:00", 9, 0, (), "2026-06-11T07:00"),
        # A Wednesday: the next Monday, and today.
        ("2026-06-10T06:00", 9, 0, (0,), "2026-06-15T07:00"),
        ("2026-06-10T06:00", 9, 30, (2, 4), "2026-06-10T07:30"),
        ("2026-06-10T08:00", 9, 0, (2,), "2026-06-17T07:00"),
        # On 29 March 2026 there is no 02:30: the clocks jump at 01:00 UTC.
        ("2026-03-28T22:00", 2, 30, (), "2026-03-29T01:00"),
        ("2026-03-28T22:00", 3, 0, (), "2026-03-29T01:00"),
        ("2026-03-29T02:00", 2, 30, (), "2026-03-30T00:30"),
        # On 25 October 2026 there are two 02:30: the first, and not again an hour later.
        ("2026-10-24T22:00", 2, 30, (), "2026-10-25T00:30"),
        ("2026-10-25T00:30", 2, 30, (), "2026-10-26T01:30"),
        ("2026-10-25T01:15", 2, 30, (), "2026-10-26T01:30"),
        ("2026-10-24T22:00", 3, 0, (), "2026-10-25T02:00"),
    ],
)
def test_the_next_local_hour(since, hour, minute, weekdays, expected):
    assert next_local(since, BERLIN, hour, minute, weekdays) == b.moment(expected)


def test_a_lot_is_the_same_for_ever_and_even():
    with connection.cursor() as cursor:
        cursor.execute("SELECT wafa_lot('salt', 7), wafa_lot('salt', 8), wafa_lot('other', 7)")
        assert cursor.fetchone() == (LOT_7, LOT_8, LOT_OTHER)
        cursor.execute("SELECT count(*) FROM generate_series(1, 20000) n WHERE wafa_lot('salt', n) < 1000")
        assert 1850 <= cursor.fetchone()[0] <= 2150
