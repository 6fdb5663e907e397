"""Birthdays, anniversaries and joinings: each once, in the program's own days, made up for when nobody worked."""

from datetime import date, timedelta

import pytest
from django_scopes import scope

from members import erasure, people
from members.models import Fact, Member, Program
from rewards import occasions, rulebook, tasks
from rewards.models import RuleVersion
from tests.rewards import builders as b


def on(day: str, points: str = "50", **others: object) -> dict[str, object]:
    return {
        "trigger": {"on": "schedule", "kind": day},
        "amount": {"kind": "fixed", "points": points},
        **others,
    }


GIFTS = {name: on(name) for name in occasions.OCCASIONS}


def run(program: Program, at: str) -> int:
    return occasions.record_due(program=program, now=b.moment(at))


def points(program: Program, name: str = "anna") -> int:
    return b.balance(program, name).active


@pytest.fixture
def program(db) -> Program:
    return b.open_program(rules={"birthday": on("birthday")})


# --- birthdays --------------------------------------------------------------------------------------------------------


def test_a_birthday_gives_once_a_year_however_often_it_is_looked_for(program):
    b.join(program, "anna", birthday=date(1990, 5, 4))

    counts = [
        run(program, at)
        for at in ("2026-05-03", "2026-05-04", "2026-05-04T18:00", "2026-05-06", "2027-05-04")
    ]

    assert counts == [0, 1, 0, 0, 1]
    assert points(program) == 100


def test_who_changes_the_birthday_gets_no_second_gift_that_year(program):
    anna = b.join(program, "anna", birthday=date(1990, 5, 4))
    run(program, "2026-05-04")
    with scope(program=program):
        Member.objects.filter(pk=anna.pk).update(birthday=date(1990, 6, 10))

    assert run(program, "2026-06-10") == 0
    assert points(program) == 50


@pytest.mark.parametrize(("year", "day"), [(2026, "02-28"), (2028, "02-29")])
def test_a_birthday_on_the_29th_of_february_falls_on_the_28th_where_there_is_none(program, year, day):
    b.join(program, "anna", birthday=date(1992, 2, 29))

    early = run(program, f"{year}-02-27")
    there = run(program, f"{year}-{day}")

    assert (early, there) == (0, 1)


def test_the_28th_of_february_does_not_wait_in_a_leap_year(program):
    b.join(program, "anna", birthday=date(1992, 2, 28))

    assert run(program, "2028-02-28") == 1


def test_a_day_is_one_of_the_program_s_time_zone(db):
    program = b.open_program(rules=GIFTS, time_zone="Asia/Tokyo")
    b.join(program, "anna", birthday=date(1990, 5, 4))

    assert run(program, "2026-05-03T14:59") == 0
    assert run(program, "2026-05-03T15:01") == 1


def test_missed_days_are_made_up_for_within_a_week(program):
    b.join(program, "anna", birthday=date(1990, 5, 4))
    b.join(program, "ben", birthday=date(1990, 5, 1))

    assert run(program, "2026-05-11") == 1
    assert (points(program), points(program, "ben")) == (50, 0)


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_only_active_members_have_occasions(program, state):
    b.join(program, "anna", birthday=date(1990, 5, 4), state=state)

    assert run(program, "2026-05-04") == 0


def test_a_gift_holds_to_its_rule_conditions_and_the_rules_of_the_day(db):
    gold = {"field": "member.language", "op": "=", "value": "ar"}
    program = b.open_program(rules={"birthday": on("birthday", conditions=gold)})
    b.join(program, "anna", birthday=date(1990, 5, 4), language="ar")
    b.join(program, "ben", birthday=date(1990, 5, 4), language="en")

    run(program, "2026-05-04")

    assert (points(program), points(program, "ben")) == (50, 0)


def test_without_a_rule_nobody_is_looked_for(db, django_assert_num_queries):
    program = b.open_program()
    run(program, "2026-05-04")

    # The catalogue's number alone: reading every member's birthday every ten minutes would be dear.
    with django_assert_num_queries(1):
        run(program, "2026-05-04")


def test_a_rule_that_ended_within_the_days_is_still_waited_for(program):
    b.join(program, "anna", birthday=date(1990, 5, 4))
    with scope(program=program):
        RuleVersion.objects.update(until=b.moment("2026-05-05"))
    rulebook.touch(program)

    assert run(program, "2026-05-06") == 1


def test_without_a_rule_nothing_is_written(db):
    program = b.open_program()
    b.join(program, "anna", birthday=date(1990, 5, 4))

    assert run(program, "2026-05-04") == 0
    with scope(program=program):
        assert not Fact.objects.exists()


# --- anniversaries ----------------------------------------------------------------------------------------------------


def test_each_year_as_a_member_counts_and_the_first_day_does_not(db):
    third = {"field": "data.number.years", "op": ">=", "value": 3}
    program = b.open_program(
        rules={"year": on("anniversary", "10"), "third": on("anniversary", "90", conditions=third)}
    )
    b.join(program, "anna", at="2023-05-04")

    gained = []
    for at in ("2023-05-04", "2024-05-04", "2025-05-04", "2026-05-04"):
        run(program, at)
        gained.append(points(program))

    assert gained == [0, 10, 20, 120]


# --- joining ----------------------------------------------------------------------------------------------------------


def test_joining_gives_once_and_only_from_the_rule_s_beginning(db):
    program = b.open_program()
    b.join(program, "ben", at="2026-05-03T10:00")
    b.publish(program, "welcome", on("joining"), since="2026-05-04T00:00")
    b.join(program, "anna", at="2026-05-04T10:00")

    counts = [run(program, at) for at in ("2026-05-04T09:00", "2026-05-04T10:05", "2026-05-05")]

    assert counts == [0, 1, 0]
    assert (points(program), points(program, "ben")) == (50, 0)


def test_who_was_forgotten_and_comes_back_is_not_welcomed_again(db):
    program = b.open_program(rules={"welcome": on("joining")})
    email, now = "anna@example.com", b.moment("2026-05-04T10:00")
    anna = people.join(program=program, name="Anna", contacts=[("email", email)], source="portal", now=now)
    run(program, "2026-05-04T11:00")
    erasure.erase(member=anna, now=now + timedelta(hours=2))

    people.join(
        program=program, name="A", contacts=[("email", email)], source="portal", now=now + timedelta(hours=3)
    )

    assert run(program, "2026-05-04T14:00") == 0
    assert points(program) == 0


# --- the task ---------------------------------------------------------------------------------------------------------


def test_the_task_goes_through_all_programs(program, time_machine):
    other = b.open_program(rules={"birthday": on("birthday")})
    for each in (program, other):
        b.join(each, "anna", birthday=date(1990, 5, 4))
    time_machine.move_to(b.moment("2026-05-04"))

    assert tasks.record_occasions() == 2
    assert tasks.record_occasions() == 0


def test_many_birthdays_take_few_statements(program, django_assert_max_num_queries):
    for number in range(30):
        b.join(program, f"m{number}", birthday=date(1990, 5, 4))

    with django_assert_max_num_queries(60):
        assert run(program, "2026-05-04") == 30
