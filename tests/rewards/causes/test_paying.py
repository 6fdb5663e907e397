"""What the shop has paid on to a charity, and what is still open."""

from datetime import date

import pytest
from django_scopes import scope

from members.models import AuditEntry
from rewards import ledger
from rewards.causes import paying
from tests.rewards import builders as b
from tests.rewards.causes.house import give, is_right, open_house, pay, total

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    """One gift of 100, one of 50; together worth 1.50."""
    program = open_house()
    give(program, 100)
    give(program, 50)
    return program


def test_a_part_settles_points_in_proportion_and_the_rest_all(program):
    first, rest = pay(program, 40), pay(program, 110)

    assert [part[1:] for part in first.parts] == [[40, 40]]
    assert [part[1:] for part in rest.parts] == [[110, 110]]
    assert total(program) == (2, 150, 0)
    assert is_right(program)


def test_what_is_worth_less_than_a_cent_a_point_is_settled_to_the_last_point(program):
    b.change_unit(program, worth_denominator=3)
    b.record(program, b.order("C", "2026-02-01", 10_000))
    give(program, 100)  # worth 33

    pay(program, 160)
    assert is_right(program)
    pay(program, 23)

    assert total(program) == (3, 183, 0)
    assert is_right(program)


def test_never_more_than_was_given(program):
    with pytest.raises(paying.PaysTooMuch):
        pay(program, 151)
    pay(program, 150)
    with pytest.raises(paying.PaysTooMuch):
        pay(program, 1)


def test_a_repeat_pays_once(program):
    first, again = pay(program, 40, key="k"), pay(program, 40, key="k")

    assert first.pk == again.pk
    assert total(program) == (2, 150, 110)
    with pytest.raises(ledger.KeyReused):
        pay(program, 41, key="k")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"reference": "  "}, "reference"),
        ({"reference": "x" * 81}, "reference"),
        ({"paid_on": date(2026, 3, 2)}, "paid_on"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(program, given, field):
    with pytest.raises(paying.PayoutRefused) as refusal:
        pay(program, **({"amount_minor": 10} | given))

    assert refusal.value.field == field


def test_a_payout_is_audited(program):
    pay(program, 40)

    with scope(program=program):
        entry = AuditEntry.objects.get(action="cause.payout")
    assert (entry.subject, entry.subject_id) == ("cause", "lighthouse")
    assert entry.after == {"amount_minor": 40, "paid_on": "2026-03-01", "reference": "SEPA 1"}
