"""What members take along holds all that they did with their points, and nobody else."""

import json

import pytest
from django_scopes import scope

from members import erasure
from members.models import Identity
from rewards import sendings, takeouts
from rewards.giftcards import moves
from rewards.households import places
from rewards.models import HouseholdInvitation
from tests.rewards import builders as b
from tests.rewards import coupons as c
from tests.rewards.causes import house as causes
from tests.rewards.giftcards import house as cards

pytestmark = pytest.mark.django_db

NOW = b.moment(causes.NOW)


def tables(program, name="anna"):
    with scope(program=program):
        found = takeouts.tables_of(program, b.find(program, name))
        return {table.name: list(table.rows) for table in found}


def test_gifts_to_causes_and_members_are_in_it():
    program = causes.open_house(units={"points": causes.UNIT | {"transfer_limit": 500}})
    b.join(program, "ben")
    with scope(program=program):
        Identity.objects.update(verified_at=b.moment("2026-01-01"))
    causes.give(program, 20)
    one = sendings.send(
        program=program, sender=b.find(program, "anna"), to=sendings.read_contact("ben@example.com"),
        unit="points", amount=30, key="k", now=NOW,
    )  # fmt: skip
    sendings.take(program=program, member=b.find(program, "ben"), sending_id=one.pk, now=NOW)

    mine, theirs = tables(program), tables(program, "ben")

    assert [(row["number"], row["cause__key"], row["amount"]) for row in mine["donations"]] == [
        (1, "lighthouse", 20)
    ]
    assert [(row["amount"], row["hint"], row["state"]) for row in mine["sent"]] == [(30, one.hint, "taken")]
    assert [(row["amount"], row["state"]) for row in theirs["received"]] == [(30, "taken")]
    assert (mine["received"], theirs["sent"], theirs["donations"]) == ([], [], [])
    assert "hint" not in theirs["received"][0]


def test_households_are_in_it_and_who_was_invited_is_forgotten_with_the_head():
    program = b.open_program(units={"points": {"is_shared": True}})
    anna = b.join(program, "anna")
    b.join(program, "ben")
    with scope(program=program):
        Identity.objects.update(verified_at=b.moment("2026-01-01"))
    places.found(program=program, member=anna, now=NOW)
    made = places.invite(program=program, head=anna, to=sendings.read_contact("ben@example.com"), now=NOW)

    before = tables(program)
    erasure.erase(member=anna, now=NOW)

    assert [(row["joined_at"], row["left_at"], row["limits"]) for row in before["households"]] == [
        (NOW, None, {})
    ]
    assert [row["hint"] for row in before["household_invitations"]] == [made.hint]
    assert made.hint != ""
    with scope(program=program):
        assert HouseholdInvitation.objects.get().hint == ""


def test_gift_cards_and_coupons_are_in_it_without_their_codes():
    program = cards.open_house()
    anna, card = b.find(program, "anna"), cards.issue(program)
    moves.claim(program=program, code=cards.code(card), member=anna, key="k", now=NOW)
    c.put_up(program)
    b.record(program, b.order("A", causes.NOW, 1000, codes=("SUMMER",)))
    b.record(program, b.order("B", causes.NOW, 1000, member="ben", codes=("SUMMER",)))

    found = tables(program)

    assert [(row["ending"], row["value_minor"]) for row in found["gift_cards"]] == [(card.ending, 5000)]
    assert [(row["coupon__key"], row["discount_minor"]) for row in found["coupons"]] == [("summer", 100)]
    assert cards.code(card) not in json.dumps(found, default=str)
