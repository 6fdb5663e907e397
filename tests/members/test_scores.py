"""Scores of members: written whole and repeatable, of one's own members only, gone with the person."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope

from members import erasure, scores
from members.models import MemberScore
from members.scores import Scored
from tests.rewards.builders import join, moment, open_program

pytestmark = pytest.mark.django_db

NOW = moment("2026-03-01")


def stored(program, *names):
    with scope(program=program):
        return list(MemberScore.objects.order_by("member_id").values_list(*names))


def test_what_is_written_is_there_and_a_repeat_changes_only_the_moment():
    program = open_program()
    anna, ben = join(program, "anna"), join(program, "ben")
    rows = [
        Scored(ben.pk, value_minor=-120),
        Scored(anna.pk, 3, p_alive=0.87654, churn=1 / 3, churn_band="medium"),
    ]

    first = scores.write(program=program, rows=rows, now=NOW)
    again = scores.write(program=program, rows=rows, now=NOW + timedelta(days=1))

    assert (first, again) == (2, 2)
    found = stored(program, "member_id", "purchases", "value_minor", "p_alive", "churn", "scored_at")
    later = NOW + timedelta(days=1)
    assert found == [
        (anna.pk, 3, 0, Decimal("0.8765"), Decimal("0.3333"), later),
        (ben.pk, 0, -120, None, None, later),
    ]


def test_strangers_are_left_out():
    program, other = open_program(), open_program()
    stranger = join(other, "zoe")

    written = scores.write(program=program, rows=[Scored(stranger.pk, value_minor=5)], now=NOW)

    assert written == 0
    assert stored(program, "pk") == stored(other, "pk") == []


def test_who_left_meanwhile_is_left_out():
    program = open_program()
    anna, ben = join(program, "anna"), join(program, "ben")
    erasure.erase(member=ben, now=NOW)

    written = scores.write(program=program, rows=[Scored(anna.pk), Scored(ben.pk)], now=NOW)

    assert written == 1
    assert stored(program, "member_id") == [(anna.pk,)]


def test_older_ones_are_forgotten_of_one_program_only():
    program, other = open_program(), open_program()
    anna, ben, zoe = join(program, "anna"), join(program, "ben"), join(other, "zoe")
    scores.write(program=program, rows=[Scored(anna.pk), Scored(ben.pk)], now=NOW)
    scores.write(program=other, rows=[Scored(zoe.pk)], now=NOW)
    later = NOW + timedelta(days=1)
    scores.write(program=program, rows=[Scored(ben.pk)], now=later)

    gone = scores.forget(program=program, before=later)

    assert gone == 1
    assert stored(program, "member_id") == [(ben.pk,)]
    assert stored(other, "member_id") == [(zoe.pk,)]


@pytest.mark.parametrize(
    "facts", [{"churn": 1.2}, {"p_alive": -0.1}, {"churn_band": "huge"}, {"action": "shout"}]
)
def test_what_cannot_be_is_refused(facts):
    program = open_program()
    anna = join(program, "anna")

    with pytest.raises(IntegrityError), transaction.atomic():
        scores.write(program=program, rows=[Scored(anna.pk, **facts)], now=NOW)


def test_scores_go_with_the_person():
    program = open_program()
    anna = join(program, "anna")
    scores.write(program=program, rows=[Scored(anna.pk, value_minor=700)], now=NOW)
    assert scores.of(anna).value_minor == 700

    erasure.erase(member=anna, now=NOW)

    assert scores.of(anna) is None


def test_bands_are_thirds():
    bands = [scores.band(risk).value for risk in (0, 0.33, 0.34, 0.66, 0.67, 1)]

    assert bands == ["low", "low", "medium", "medium", "high", "high"]
