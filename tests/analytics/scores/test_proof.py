"""Whether acting pays: those chosen against those of them left out by lot, as plain arithmetic on the same orders has it."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django_scopes import scope

from analytics.models import Backtest, BacktestMember, Chosen
from analytics.scores import proof
from members import erasure, scores
from members.models import Holder, Member, MemberScore, Order
from members.scores import Scored
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

SINCE = b.moment("2026-01-01")
NOW = SINCE + timedelta(days=100)


def people(program, count):
    with scope(program=program):
        ids = sorted(
            one.pk for one in Holder.objects.bulk_create([Holder(program=program) for _ in range(count)])
        )
        Member.objects.bulk_create(
            [Member(holder_id=pk, program=program, number=f"{pk:012d}", joined_at=SINCE) for pk in ids]
        )
    return ids


def choose(program, ids, *, held_out, since=SINCE):
    with scope(program=program):
        Chosen.objects.bulk_create(
            Chosen(member_id=pk, program=program, action="keep", is_held_out=pk in held_out, since=since)
            for pk in ids
        )


def buy(program, amounts, *, days=10):
    """Orders of so many cents so many days after the choice; the ids are those of the members."""
    with scope(program=program):
        Order.objects.bulk_create(
            Order(
                program=program, source="x", external_id=f"{pk}-{days}", member_id=pk, state="paid", currency="EUR",
                total_minor=cents, occurred_at=SINCE + timedelta(days=days),
            )
            for pk, cents in amounts.items()
            if cents
        )  # fmt: skip


def test_the_effect_is_the_difference_of_the_means():
    program = b.open_program(rules={}, units={})
    ids = people(program, 100)
    held_out = set(ids[::3])
    choose(program, ids, held_out=held_out)
    chance = np.random.default_rng(4)
    amounts = {pk: int(chance.integers(0, 3_000)) + (0 if pk in held_out else 4_000) for pk in ids}
    buy(program, amounts)
    buy(program, dict.fromkeys(ids[:5], 9_000_000), days=91)  # after the days that are compared
    buy(program, dict.fromkeys(ids[:5], 9_000_000), days=-1)  # before the choice

    found = proof.effect(program=program, now=NOW)

    treated = np.array([amounts[pk] for pk in ids if pk not in held_out], dtype=float)
    others = np.array([amounts[pk] for pk in held_out], dtype=float)
    assert (found.treated, found.held_out) == (66, 34)
    assert found.revenue.value == pytest.approx(treated.mean() - others.mean())
    error = np.sqrt(treated.var(ddof=1) / len(treated) + others.var(ddof=1) / len(others))
    assert found.revenue.high - found.revenue.value == pytest.approx(1.99 * error, rel=0.02)
    assert proof.told(found)["revenue"][2] == pytest.approx(found.revenue.value)


def test_nothing_is_said_before_enough_have_had_their_days():
    program = b.open_program(rules={}, units={})
    ids = people(program, 100)
    choose(program, ids[:70], held_out=set(ids[:35]))
    choose(program, ids[70:], held_out=set(), since=NOW)

    early = proof.effect(program=program, now=SINCE + timedelta(days=89))
    ripe = proof.effect(program=program, now=NOW)

    assert early is None
    assert (ripe.treated, ripe.held_out) == (35, 35)
    assert proof.told(early) == {}


def test_a_member_is_written_down_once_with_the_first_choice():
    program = b.open_program(rules={}, units={})
    anna, ben = b.join(program, "anna"), b.join(program, "ben")
    rows = [Scored(anna.pk, action="keep", is_held_out=True), Scored(ben.pk)]
    scores.write(program=program, rows=rows, now=SINCE)

    first = proof.note(program=program, now=SINCE)
    scores.write(program=program, rows=[Scored(anna.pk, action="win_back")], now=NOW)
    again = proof.note(program=program, now=NOW)

    assert (first, again) == (1, 0)
    with scope(program=program):
        assert list(Chosen.objects.values_list("member_id", "action", "is_held_out", "since")) == [
            (anna.pk, "keep", True, SINCE)
        ]


@pytest.mark.parametrize(
    ("index", "order", "kind"),
    [
        ("score_by_value", ("-value_minor", "member_id"), ""),
        ("score_by_priority", ("-priority_minor", "member_id"), ""),
        ("score_by_priority", ("-priority_minor", "member_id"), "keep"),
    ],
)
def test_the_lists_of_the_pages_are_read_by_an_index_in_order(index, order, kind):
    program = b.open_program(rules={}, units={})
    with scope(program=program), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        rows = MemberScore.objects.filter(program=program)
        if index == "score_by_priority":
            rows = rows.exclude(action="none")
        if kind:
            rows = rows.filter(action=kind)

        plan = rows.order_by(*order)[:50].explain()

    assert index in plan
    assert "Sort" not in plan


def test_who_leaves_is_in_no_comparison_any_more():
    program = b.open_program(rules={}, units={})
    anna, ben = b.join(program, "anna"), b.join(program, "ben")
    choose(program, [anna.pk, ben.pk], held_out=set())
    with scope(program=program):
        backtest = Backtest.objects.create(
            program=program, name="x", first=SINCE.date(), last=NOW.date(), created_at=SINCE
        )
        BacktestMember.objects.bulk_create(
            BacktestMember(backtest=backtest, program=program, member_id=pk, orders=1, before=1, after=2)
            for pk in (anna.pk, ben.pk)
        )

    erasure.erase(member=anna, now=NOW)

    with scope(program=program):
        assert list(Chosen.objects.values_list("member_id", flat=True)) == [ben.pk]
        assert list(BacktestMember.objects.values_list("member_id", flat=True)) == [ben.pk]
