"""Finding a member at the till: by exactly what identifies them, and by nothing else."""

import pytest
from django_scopes import scope

from members import identities
from members.models import Member, Role
from tests.members.teams import hire, signed_in
from tests.rewards.till.pages.books import audited, orders_of
from tests.rewards.till.shop import amelia, find, open_shop, sell, tap, till_of

pytestmark = pytest.mark.django_db


def test_the_page_opens_with_the_only_store_chosen(client, program):
    response = client.get(till_of(program))

    assert response.status_code == 200
    assert "Quay" in response.text
    assert "Who is it?" in response.text
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "typed",
    ["07700 900123", "+44 7700 900123", "٠٧٧٠٠ ٩٠٠١٢٣", "amelia@EXAMPLE.com", "card 12-34", "CARD1234"],
)
def test_somebody_is_found_by_exactly_what_identifies_them(client, program, member, typed):
    with scope(program=program):
        identities.add(member=member, kind="phone", value="+447700900123")
        identities.add(member=member, kind="card", value="CARD1234")

    found = find(client, program, typed).json()["who"]

    assert (found["number"], found["name"], found["balance"]) == (
        member.number,
        "Amelia Hart",
        "0\u00a0Stars",
    )
    assert set(found) == {"number", "name", "tier", "bars", "balance", "note", "said"}


def test_the_number_is_found_typed_in_groups_or_inside_a_scanned_address(client, program, member):
    number = member.number

    for typed in (number, f"{number[:4]} {number[4:8]} {number[8:]}", f"https://example.com/m/{number}?x=1"):
        assert find(client, program, typed).json()["who"]["number"] == number


@pytest.mark.parametrize(
    "typed", ["ameli", "Amelia Hart", "amelia@example", "+4477009001", "nobody@example.com"]
)
def test_nobody_is_found_by_a_name_or_a_beginning(client, program, member, typed):
    with scope(program=program):
        identities.add(member=member, kind="phone", value="+447700900123")

    response = find(client, program, typed)

    assert (response.status_code, response.json()["code"]) == (404, "member_unknown")


def test_a_mistyped_number_is_told_as_such(client, program, member):
    wrong = member.number[:-1] + str((int(member.number[-1]) + 1) % 10)

    assert find(client, program, wrong).json()["code"] == "number_wrong"


def test_members_of_another_program_and_closed_ones_are_not_there(client, program, cashier, member):
    stranger = amelia(open_shop(), "stranger")
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="closed")

    for one in (stranger, member):
        assert find(client, program, one.number).status_code == 404
        assert sell(client, program, cashier, one).json()["code"] == "member_unknown"
    assert orders_of(program) == []


def test_every_look_up_is_audited_without_what_was_typed(client, program, member, cashier):
    find(client, program, "amelia@example.com")
    find(client, program, "nobody@example.com")

    rows = audited(program, "till.find")

    assert [(row.subject_id, row.actor_id) for row in rows] == [(member.number, cashier.pk), ("", cashier.pk)]
    assert all("example.com" not in str(row.__dict__) for row in rows)


def test_a_cashier_who_reads_through_the_members_is_slowed_down(client, program, member):
    codes = [find(client, program, f"{number}@example.com").status_code for number in range(61)]

    assert codes[:60] == [404] * 60
    assert codes[60] == 429
    assert find(signed_in(hire(program, Role.CASHIER)), program, member.number).status_code == 200


def test_a_sale_that_is_refused_shows_nobody_beyond_the_limit(client, program, cashier, member):
    fields = {"number": member.number, "amount": "none", "store": "quay"}

    shown = [
        "Amelia Hart" in client.post(till_of(program, "actions/sale/"), tap(cashier) | fields).text
        for _ in range(61)
    ]

    assert shown == [True] * 60 + [False]
    assert [row.subject_id for row in audited(program, "till.find")] == [member.number] * 60
