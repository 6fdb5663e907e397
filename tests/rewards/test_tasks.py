"""Periodic work goes through all programs, and none of them stands in another's way."""

import logging

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from time_machine import travel

from rewards import sendings, tasks
from tests.rewards import builders as b
from tests.rewards.referrals import friends as f

pytestmark = pytest.mark.django_db


def failing(first, error, seen):
    def end_due(*, program, now):
        seen.append(program)
        if program == first:
            raise error
        return 1

    return end_due


def test_a_program_that_fails_keeps_no_other_from_its_turn(monkeypatch, caplog):
    first, second, seen = b.open_program(), b.open_program(), []
    monkeypatch.setattr(sendings, "end_due", failing(first, RuntimeError("broken"), seen))

    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="broken"):
        tasks.end_sendings()

    assert seen == [first, second]
    assert [record.program for record in caplog.records if record.name == tasks.__name__] == [first.slug]


def test_a_run_whose_time_is_over_ends(monkeypatch):
    first, _second, seen = b.open_program(), b.open_program(), []
    monkeypatch.setattr(sendings, "end_due", failing(first, SoftTimeLimitExceeded(), seen))

    with pytest.raises(SoftTimeLimitExceeded):
        tasks.end_sendings()

    assert seen == [first]


def test_open_referrals_are_gone_through_once_an_hour_only():
    program = f.open_program()
    referral = f.bring(program)
    f.buy(program)

    with travel(b.moment("2026-03-05"), tick=False):
        tasks.advance_referrals()
        minute = f.again(referral).state
        tasks.find_purchases()
        hour = f.again(referral).state
    with travel(b.moment(f.PAID), tick=False):
        tasks.advance_referrals()

    assert (minute, hour) == ("joined", "waiting")
    assert f.again(referral).state == "paid"
