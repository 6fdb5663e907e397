"""Redemptions on the dashboard: what is to be done, and each deed with its audit."""

from __future__ import annotations

import pytest
from django_scopes import scope

from loyaltysite.kit import clock
from members.models import AuditEntry, Role
from rewards import redemptions
from rewards.models import Redemption
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    program = b.open_program()
    b.record(program, b.order("A", "2026-01-10", 500_00))
    put_up(program, "mug", handover="post", stock=5)
    put_up(program, "cup")
    return program


def take(program, reward="mug", key="k"):
    anna = b.find(program, "anna")
    return redemptions.reserve(program=program, member=anna, reward=reward, key=key, now=clock.now())


def page(program, one=None):
    return f"/dashboard/{program.slug}/redemptions/{f'{one.pk}/' if one else ''}"


def fresh(program, one):
    with scope(program=program):
        return Redemption.objects.get(pk=one.pk)


def test_what_waits_for_the_team_stands_first_until_it_is_done(program):
    client = as_staff(program, Role.MANAGER)
    one, shown = take(program), take(program, "cup", "c")

    before = client.get(page(program)).context["rows"]
    client.post(page(program, one), {"do": "packed"})
    client.post(page(program, one), {"do": "sent", "tracking": "RM 123"})
    sent = fresh(program, one)
    client.post(page(program, one), {"do": "fulfil"})
    after = client.get(page(program))
    every = client.get(page(program) + "?show=all").context["rows"]

    assert [row["one"].pk for row in before] == [one.pk]
    assert (sent.state, sent.stage, sent.tracking) == ("issued", "sent", "RM 123")
    assert after.context["rows"] == []
    assert {row["one"].pk for row in every} == {one.pk, shown.pk}
    with scope(program=program):
        actions = AuditEntry.objects.filter(action__startswith="redemption").order_by("pk")
        assert [entry.action for entry in actions] == [
            "redemption.send",
            "redemption.send",
            "redemption.fulfil",
        ]


@pytest.mark.parametrize(("deed", "state"), [("cancel", "cancelled"), ("fail", "failed")])
def test_cancelling_and_failing_need_a_reason_and_give_back(program, deed, state):
    client = as_staff(program, Role.MANAGER)
    one = take(program)

    silent = client.post(page(program, one), {"do": deed})
    told = client.post(page(program, one), {"do": deed, "reason": "sold out"})

    assert silent.status_code == 422
    assert silent.context["form"].errors["reason"]
    assert told.status_code == 302
    assert fresh(program, one).state == state
    assert b.balance(program).active == 500


def test_an_analyst_looks_and_changes_nothing(program):
    client = as_staff(program, Role.ANALYST)
    one = take(program)

    assert client.get(page(program, one)).status_code == 200
    assert client.post(page(program, one), {"do": "fulfil"}).status_code == 403
    assert fresh(program, one).state == "issued"


def test_what_cannot_be_done_any_more_is_said(program):
    client = as_staff(program, Role.MANAGER)
    one = take(program)
    redemptions.fulfil(program=program, redemption_id=one.pk, now=clock.now())

    answer = client.post(page(program, one), {"do": "cancel", "reason": "late"})

    assert answer.status_code == 422
    assert "cannot be done any more" in answer.content.decode()
    assert fresh(program, one).state == "fulfilled"
