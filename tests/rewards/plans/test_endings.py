"""Terms are announced and end by themselves; a repeat changes nothing."""

from __future__ import annotations

import pytest

from rewards.plans import editing, endings, leaving
from tests.rewards import builders as b
from tests.rewards import plans_shop as p

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program()
    b.join(found, "anna")
    p.put_up(found, notice_days=14)
    return found


def end(program, at):
    return endings.end_due(program=program, now=b.moment(at))


def announce(program, at):
    return endings.announce(program=program, now=b.moment(at))


def test_a_term_ends_at_its_end_and_once(program):
    term = p.pay(program, "2026-03-05")

    assert end(program, "2027-03-05T23:59") == 0
    assert end(program, "2027-03-06T00:00") == 1
    assert end(program, "2027-03-07") == 0

    assert p.term(program, term.pk).state == "ended"
    assert p.events(program) == ["plan.started", "plan.ended"]


def test_who_has_renewed_is_not_told_of_an_end(program):
    first = p.pay(program, "2026-03-05")
    p.pay(program, "2027-03-01")

    assert end(program, "2027-03-10") == 1

    assert p.term(program, first.pk).state == "ended"
    assert p.events(program) == ["plan.started", "plan.renewed"]


def test_two_terms_that_ended_long_ago_are_one_end(program):
    p.pay(program, "2026-03-05")
    p.pay(program, "2027-03-01")

    assert end(program, "2029-01-01") == 2

    assert p.events(program, "plan.ended") == ["plan.ended"]


def test_an_end_is_announced_once_in_its_days(program):
    p.pay(program, "2026-03-05")

    assert announce(program, "2027-02-19T23:59") == 0
    assert announce(program, "2027-02-20T00:00") == 1
    assert announce(program, "2027-02-21") == 0

    assert p.events(program) == ["plan.started", "plan.ending"]


def test_who_leaves_or_has_renewed_is_not_reminded(program):
    b.join(program, "bea")
    p.pay(program, "2026-03-05")
    p.pay(program, "2026-03-05", member="bea")
    leaving.leave(program=program, member=b.find(program, "anna"), plan="club", now=b.moment("2026-04-01"))
    p.pay(program, "2027-02-10", member="bea")

    announce(program, "2027-02-25")

    assert p.events(program, "plan.ending") == []


def test_who_stays_after_all_within_the_days_of_notice_is_reminded_then(program):
    p.pay(program, "2026-03-05")
    anna = b.find(program, "anna")
    leaving.leave(program=program, member=anna, plan="club", now=b.moment("2026-04-01"))
    assert announce(program, "2027-02-25") == 0

    leaving.stay(program=program, member=anna, plan="club", now=b.moment("2027-02-26"))

    assert (announce(program, "2027-02-27"), announce(program, "2027-02-28")) == (1, 0)
    assert p.events(program, "plan.ending") == ["plan.ending"]


def test_nobody_is_reminded_of_what_cannot_be_renewed(program):
    p.pay(program, "2026-03-05")
    editing.end(program=program, key="club", by=None, now=b.moment("2027-01-01"))

    assert announce(program, "2027-02-25") == 0

    assert p.events(program, "plan.ending") == []


def test_other_programs_are_left_alone(program):
    other = b.open_program()
    p.pay(program, "2026-03-05")

    assert end(other, "2028-01-01") == announce(other, "2027-02-25") == 0
