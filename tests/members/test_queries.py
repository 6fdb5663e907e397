"""Finding people by anything they may be known by, from any text."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from loyaltysite.embedded.postgres import SUPERUSER
from members import identities, numbers, queries
from members.queries import Sought
from tests import naughty
from tests.members.teams import enrol
from tests.rewards.builders import open_program


@pytest.fixture
def program(db):
    return open_program()


def find(program, typed):
    """The names that a search finds."""
    with scope(program=program):
        ways = queries.ways_to(program=program, sought=Sought.parse(typed))
        return sorted({member.name for way in ways for member in way})


@pytest.mark.parametrize(
    "typed",
    ["amelia", "AMELIA", "hart", "hart amelia", "ame har", "  amelia   hart ", "Amelia Hart-Br", "brown"],
)
def test_a_name_is_found_by_the_beginning_of_its_words(program, typed):
    enrol(program, "one", name="Amelia Hart-Brown")
    enrol(program, "two", name="Joan Entwistle")

    assert find(program, typed) == ["Amelia Hart-Brown"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("ماهر عطية", "عطي"),
        ("רוני ברק", "רונ"),
        ("فرید رستمی", "رستمی"),
        ("Zoë Ångström", "zoë"),
        ("ÉLODIE", "élo"),
        ("O'Brien", "o'bri"),
        ("Σωκράτης", "σωκ"),
        ("王小明", "王小"),
    ],
)
def test_names_of_every_script_are_found(program, name, typed):
    enrol(program, "one", name=name)
    enrol(program, "two", name="Joan Entwistle")

    assert find(program, typed) == [name]


def test_the_middle_of_a_word_is_not_found(program):
    enrol(program, "one", name="Amelia Hart")

    assert find(program, "melia") == []


@pytest.mark.parametrize("typed", ["amelia@example.com", "AMELIA@EX", "amelia@"])
def test_an_email_is_found_by_its_beginning(program, typed):
    enrol(program, "amelia", name="Amelia Hart")
    enrol(program, "joan", name="Joan Entwistle")

    assert find(program, typed) == ["Amelia Hart"]


@pytest.mark.parametrize("typed", ["+44 7700 900118", "447700900118", "+44-7700", "٤٤ ٧٧٠٠ ٩٠٠"])
def test_a_phone_is_found_as_it_is_written(program, typed):
    amelia = enrol(program, "amelia", name="Amelia Hart")
    enrol(program, "joan", name="Joan Entwistle")
    with scope(program=program):
        identities.add(member=amelia, kind="phone", value="+447700900118")

    assert find(program, typed) == ["Amelia Hart"]


@pytest.mark.parametrize("typed", ["hl-204 816", "HL204", "hl2048"])
def test_a_card_is_found_by_its_normal_form(program, typed):
    amelia = enrol(program, "amelia", name="Amelia Hart")
    with scope(program=program):
        identities.add(member=amelia, kind="card", value="HL-204 816")

    assert find(program, typed) == ["Amelia Hart"]


@pytest.mark.parametrize("length", [12, 8, 3])
def test_a_member_number_is_found_by_its_beginning(program, length):
    member = enrol(program, "amelia", name="Amelia Hart")

    assert "Amelia Hart" in find(program, member.number[:length])


def test_nobody_of_another_program_is_found(program):
    member = enrol(open_program(), "amelia", name="Amelia Hart")

    for typed in ("amelia", "amelia@example.com", member.number):
        assert find(program, typed) == []


def test_one_wrong_digit_is_noticed_and_the_right_number_offered(program):
    member = enrol(program, "amelia", name="Amelia Hart")
    wrong = member.number[:5] + str((int(member.number[5]) + 1) % 10) + member.number[6:]
    sought = Sought.parse(wrong)

    with scope(program=program):
        meant = queries.meant(program=program, sought=sought)

    assert sought.number_is_wrong
    assert meant == [member]


def test_two_digits_that_changed_places_are_noticed(program):
    number = next(
        one
        for one in iter(numbers.draw, None)
        if one[3] != one[4] and not numbers.is_valid(one[:3] + one[4] + one[3] + one[5:])
    )
    member = enrol(program, "amelia", name="Amelia Hart")
    with scope(program=program):
        type(member).objects.filter(pk=member.pk).update(number=number)
        meant = queries.meant(
            program=program, sought=Sought.parse(number[:3] + number[4] + number[3] + number[5:])
        )

    assert meant == [member]


def test_a_right_number_of_nobody_is_not_called_wrong(program):
    sought = Sought.parse(numbers.draw())

    with scope(program=program):
        assert not sought.number_is_wrong
        assert queries.meant(program=program, sought=sought) == []


@naughty.needed
def test_every_naughty_string_is_a_search(program):
    enrol(program, "amelia", name="Amelia Hart")

    for text in naughty.strings():
        find(program, text)


def test_an_operator_of_the_text_search_is_only_a_letter():
    sought = Sought.parse(r"a' & b:* | !c \ <->")

    assert sought.words == r"'a''':* & 'b:*':* & '!c':*"


def test_an_empty_search_is_everybody_and_a_hopeless_one_nobody(program):
    enrol(program, "amelia", name="Amelia Hart")

    assert find(program, "   ") == ["Amelia Hart"]
    assert find(program, "!?") == []


CROWD = """
    WITH holder AS (
        INSERT INTO members_holder (program_id, kind, seq)
        SELECT %(program)s, 'member', 0 FROM generate_series(1, 3000) RETURNING id
    ), member AS (
        INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)
        SELECT id, %(program)s, lpad(id::text, 12, '0'), 'Name ' || id, '', 'active', '{}', 'test', now() FROM holder
        RETURNING holder_id
    )
    INSERT INTO members_identity (program_id, member_id, kind, value)
    SELECT %(program)s, holder_id, 'email', 'm' || holder_id || '@example.com' FROM member
"""


def test_each_way_is_answered_by_an_index(fresh_database):
    program = open_program()
    with fresh_database.connect(SUPERUSER) as superuser:
        superuser.execute(CROWD, {"program": program.pk})
        superuser.execute("ANALYZE")

    with scope(program=program):
        plans = {
            typed: " ".join(
                way.explain() for way in queries.ways_to(program=program, sought=Sought.parse(typed))
            )
            for typed in ("amelia", "204816", "m204816@e")
        }
        guesses = {
            typed: queries.guess(queries.clues_of(program=program, sought=Sought.parse(typed)))
            for typed in ("amelia", "nam")
        }

    assert "member_name_words" in plans["amelia"]
    assert "member_number_unique" in plans["204816"]
    assert "identity_by_beginning" in plans["m204816@e"]
    assert not any("Seq Scan" in plan for plan in plans.values())
    assert guesses["nam"] == pytest.approx(3_000, rel=0.2)
    assert guesses["amelia"] < 100


def test_finding_takes_one_statement_a_way(program):
    for number in range(5):
        enrol(program, f"m{number}", name=f"Amelia {number}")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        find(program, "amelia")

    assert len(asked) == 3
