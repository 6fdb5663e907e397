"""What identifies a member: one form however it was typed, one member for each, and never whose it is."""

import pytest
from django_scopes import scope

from members import identities, numbers
from members.models import Identity
from tests.rewards import builders as b


@pytest.mark.parametrize(
    ("kind", "typed", "normal"),
    [
        ("email", " Anna@Example.COM ", "anna@example.com"),
        ("email", "\u200banna@example.com", "anna@example.com"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("phone", "+44 (0)20-7946-0958", "+442079460958"),
        ("card", "1234-5678 90ab", "1234567890AB"),
        ("shop", "  Customer 7 ", "Customer 7"),
        ("social", "google:\u202e123", "google:123"),
        ("shop", "ﬁne", "fine"),
    ],
)
def test_one_form_however_it_was_typed(kind, typed, normal):
    assert identities.normalize(kind, typed) == normal
    assert identities.normalize(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("email", ""),
        ("email", "anna"),
        ("email", "a@b@example.com"),
        ("phone", "12"),
        ("phone", "020 7946 0958"),
        ("shop", "   "),
        ("shop", "x" * 255),
        ("shop", "\ud800"),
        ("card", "\u200b"),
    ],
)
def test_what_identifies_nobody_is_refused_with_its_field(kind, typed):
    with pytest.raises(identities.IdentityInvalid) as refusal:
        identities.normalize(kind, typed)

    assert refusal.value.field == kind


def test_a_phone_number_without_a_country_takes_the_region():
    assert identities.normalize("phone", "020 7946 0958", region="GB") == "+442079460958"


@pytest.mark.django_db
def test_the_same_identity_again_changes_nothing():
    program = b.open_program()
    anna = b.join(program, "anna")

    with scope(program=program):
        again = identities.add(member=anna, kind="email", value="ANNA@example.com")

        assert again == Identity.objects.get()


@pytest.mark.django_db
def test_an_identity_of_somebody_else_is_refused_by_kind_and_not_by_name():
    program = b.open_program()
    b.join(program, "anna", name="Anna Secret")
    ben = b.join(program, "ben")

    with scope(program=program), pytest.raises(identities.IdentityTaken) as refusal:
        identities.add(member=ben, kind="email", value="anna@example.com")

    assert (refusal.value.field, refusal.value.code) == ("email", "identity_taken")
    assert "Secret" not in str(refusal.value)
    assert "E-mail" in str(refusal.value)


@pytest.mark.django_db
def test_each_program_has_its_own_members():
    first, second = b.open_program(), b.open_program()

    assert b.join(first, "anna").pk != b.join(second, "anna").pk


def test_numbers_catch_wrong_digits_and_swapped_neighbours():
    for _ in range(50):
        number = numbers.draw()

        assert numbers.is_valid(number)
        for place in range(len(number)):
            wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
            assert not numbers.is_valid(wrong)


@pytest.mark.parametrize("typed", ["", "12", "abcdefghijkl", "123456789012345", "½23456789012"])
def test_what_is_no_number_at_all(typed):
    assert not numbers.is_valid(typed)
