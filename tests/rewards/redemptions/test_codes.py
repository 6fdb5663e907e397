"""The code of a redemption hands it over once, and is known by nobody else (41)."""

from __future__ import annotations

import pytest
from django.db import connection

from rewards import redemptions
from rewards.redemptions import refusals, tickets
from rewards.redemptions.moves import find
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.redemptions.shelf import START, code_of, events, proven, reserve

pytestmark = pytest.mark.django_db


def test_a_code_hands_the_reward_over_once(program):
    put_up(program)
    held = reserve(program)
    code = tickets.shown(code_of(held)).lower()

    one = redemptions.use(program=program, code=code, now=START, store="WHITBY")
    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=code, now=START)

    assert (one.state, one.store.code) == ("fulfilled", "WHITBY")
    assert b.balance(program) == b.Balance(active=50)
    assert events(program) == ["reserved", "fulfilled"]
    assert proven(program) == []


def test_the_member_number_authorizes_nothing(program):
    put_up(program)
    held = reserve(program)

    with pytest.raises(refusals.CodeInvalid):
        redemptions.use(program=program, code=held.member.number, now=START)


def test_a_code_of_another_program_is_none(program):
    put_up(program)
    held = reserve(program)

    assert find(program=b.open_program(), code=code_of(held)) is None


def test_a_code_is_kept_only_sealed_and_digested(program):
    put_up(program)
    held = reserve(program)
    code = code_of(held)

    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM rewards_redemption r WHERE id = %s", [held.pk])
        row = cursor.fetchone()[0]
    assert len(code) == 16
    assert code not in row
    assert code.encode().hex() not in row
    assert tickets.unseal(program_id=held.program_id + 1, sealed=bytes(held.code_sealed)) == ""


def test_a_wrong_store_is_told_and_the_code_stays_good(program):
    put_up(program, stores=["YORK"])
    held = reserve(program)

    with pytest.raises(refusals.WrongStore):
        redemptions.use(program=program, code=code_of(held), now=START, store="WHITBY")

    assert redemptions.use(program=program, code=code_of(held), now=START, store="YORK").state == "fulfilled"
