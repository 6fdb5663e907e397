"""What is done once a day goes through all programs, and none of them stands in another's way."""

import logging

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django_scopes import scope

from analytics import rounds
from analytics.models import Round
from tests.rewards.builders import moment, open_program

pytestmark = pytest.mark.django_db
NOW = moment("2026-11-23T12:00")


def failing(first, error, seen):
    def work(program, day):
        seen.append(program)
        if program == first:
            raise error
        return 1

    return work


def test_a_program_that_fails_keeps_no_other_from_its_turn_and_is_tried_again(caplog):
    first, second, seen = open_program(), open_program(), []

    with caplog.at_level(logging.ERROR):
        done = rounds.go(name="look", now=NOW, work=failing(first, RuntimeError("broken"), seen))

    assert (done, seen) == (1, [first, second])
    assert [record.program for record in caplog.records if record.name == rounds.__name__] == [first.slug]
    assert rounds.go(name="look", now=NOW, work=failing(None, None, seen)) == 1
    assert seen == [first, second, first]


def test_a_round_whose_time_is_over_ends():
    first, second, seen = open_program(), open_program(), []

    with pytest.raises(SoftTimeLimitExceeded):
        rounds.go(name="look", now=NOW, work=failing(first, SoftTimeLimitExceeded(), seen))

    assert seen == [first]
    for program in (first, second):
        with scope(program=program):
            assert not Round.objects.exists()
