"""Points on their way to a contact (14): held until taken, back when nobody does, and nobody learns who exists."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import Identity
from rewards import checking, closing, ledger, sendings, transfers
from rewards.merging.joining import merge, preview
from rewards.models import Sending
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

NOW = "2026-02-01"
UNIT = {"expiry": {"kind": "days", "count": 60}, "transfer_limit": 500}


@pytest.fixture
def program():
    """Anna has 100 to 11 March and 50 to 1 April; ben has proven his address."""
    program = b.open_program(units={"points": UNIT})
    b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-01-10")
    b.record(program, b.order("B", "2026-01-31", 5000))
    b.join(program, "ben")
    prove(program, "ben")
    return program


def prove(program, name):
    with scope(program=program):
        Identity.objects.filter(value=f"{name}@example.com").update(verified_at=b.moment("2026-01-01"))


def send(program, amount, *, to="ben@example.com", key="k", at=NOW, sender="anna"):
    return sendings.send(
        program=program, sender=b.find(program, sender), to=sendings.read_contact(to), unit="points",
        amount=amount, key=key, now=b.moment(at),
    )  # fmt: skip


def take(program, one, *, member="ben", at=NOW):
    given = {"program": program, "member": b.find(program, member), "sending_id": one.pk}
    return sendings.take(**given, now=b.moment(at))


def waiting(program, name, at=NOW):
    with scope(program=program):
        return [one.pk for one in sendings.waiting_for(b.find(program, name), now=b.moment(at))]


def is_right(program):
    return checking.run(program=program, verify=True).faults == []


def test_points_wait_with_the_sender_and_go_over_with_their_earlier_end(program):
    one = send(program, 120)

    assert b.balance(program) == Balance(active=30, reserved=120)
    assert b.balance(program, "ben") == Balance()
    assert waiting(program, "ben") == [one.pk]
    assert is_right(program)

    take(program, one, at="2026-02-03")
    take(program, one, at="2026-02-04")

    assert b.balance(program) == Balance(active=30)
    assert b.balance(program, "ben") == Balance(active=120)
    assert [(lot.granted, lot.expires_at) for lot in b.lots(program, "ben")] == [
        (100, b.moment("2026-03-12T00:00")),
        (20, b.moment("2026-04-02T00:00")),
    ]
    assert waiting(program, "ben") == []
    assert is_right(program)


def test_nothing_tells_the_sender_whether_somebody_exists(program):
    known, unknown = send(program, 20), send(program, 20, to="nobody@example.com", key="k2")
    same = ("state", "amount", "hint", "recipient", "due_at", "closed_at")

    told = [{name: getattr(one, name) for name in same} for one in (known, unknown)]

    assert told[0] | {"hint": ""} == told[1] | {"hint": ""}
    assert b.balance(program) == Balance(active=110, reserved=40)


def test_only_a_proven_contact_opens_it(program):
    b.join(program, "cora")
    one = send(program, 20, to="cora@example.com")

    assert waiting(program, "cora") == []
    with pytest.raises(sendings.NotFound):
        take(program, one, member="cora")
    with pytest.raises(sendings.NotFound):
        take(program, one)

    prove(program, "cora")
    assert waiting(program, "cora") == [one.pk]


def test_a_member_number_reaches_its_member(program):
    one = send(program, 20, to=b.find(program, "ben").number)

    take(program, one)

    assert b.balance(program, "ben") == Balance(active=20)


@pytest.mark.parametrize("way", ["withdraw", "decline", "end"])
def test_what_is_not_taken_comes_back_and_counts_no_more(program, way):
    b.change_unit(program, transfer_limit=100)
    one = send(program, 80)
    given = {"program": program, "sending_id": one.pk}

    if way == "withdraw":
        sendings.withdraw(**given, sender=b.find(program, "anna"), now=b.moment(NOW))
    elif way == "decline":
        sendings.decline(**given, member=b.find(program, "ben"), now=b.moment(NOW))
    else:
        assert sendings.end_due(program=program, now=b.moment("2026-02-08T11:59")) == 0
        assert sendings.end_due(program=program, now=b.moment("2026-02-08")) == 1
        assert sendings.end_due(program=program, now=b.moment("2026-02-08")) == 0

    assert b.balance(program) == Balance(active=150)
    assert [lot.remaining for lot in b.lots(program)] == [100, 50]
    with pytest.raises((sendings.SendingOver, sendings.NotFound)):
        take(program, one)
    send(program, 100, key="again", at="2026-02-08")  # the month's limit is free again
    assert is_right(program)


def test_what_is_past_its_time_is_not_taken(program):
    one = send(program, 20)

    with pytest.raises(sendings.SendingOver):
        take(program, one, at="2026-02-08")


def test_a_repeat_sends_once(program):
    first, again = send(program, 30), send(program, 30)

    assert first.pk == again.pk
    assert b.balance(program) == Balance(active=120, reserved=30)
    with pytest.raises(ledger.KeyReused):
        send(program, 31)


@pytest.mark.parametrize(
    ("change", "given", "error"),
    [
        ({"transfer_limit": 0}, {}, transfers.TransfersOff),
        ({"transfer_limit": 5}, {}, transfers.LimitReached),
        ({}, {"amount": 151}, ledger.InsufficientPoints),
        ({}, {"amount": 0}, ledger.AmountInvalid),
        ({}, {"to": "what"}, sendings.ContactUnreadable),
        ({}, {"sender": "ben", "to": "ben@example.com"}, transfers.SameMember),
    ],
)
def test_what_cannot_be_sent_moves_nothing(program, change, given, error):
    b.change_unit(program, **change)

    with pytest.raises(error):
        send(program, **({"amount": 10} | given))

    assert b.balance(program) == Balance(active=150)


def test_points_that_are_on_their_way_do_not_end_and_go_back_past_their_date(program):
    one = send(program, 100, at="2026-03-11")

    sendings.end_due(program=program, now=b.moment("2026-03-18"))

    assert b.balance(program) == Balance(active=50)  # 13: past its date it ends at once
    with scope(program=program):
        assert Sending.objects.get(pk=one.pk).state == "ended"
    assert is_right(program)


def test_closing_gives_back_what_nobody_took(program):
    one = send(program, 60)

    closing.close(
        program=program, member=b.find(program, "anna"), forfeits=False, reason="moved", by=b.staff(), key="c",
        now=b.moment(NOW),
    )  # fmt: skip

    assert b.balance(program) == Balance(active=150)
    with pytest.raises(sendings.NotFound):
        take(program, one)
    assert is_right(program)


def test_a_merge_gives_back_what_nobody_took(program):
    b.join(program, "ann")
    send(program, 60)
    both = {"kept": b.find(program, "ann"), "gone": b.find(program, "anna")}

    seen = preview(program=program, **both, now=b.moment(NOW))
    merge(program=program, **both, reason="one person", by=b.staff(), key="m", now=b.moment(NOW))

    assert seen.result["points"].active == 150
    assert b.balance(program, "ann") == Balance(active=150)
    assert is_right(program)


def test_nothing_goes_to_or_from_who_is_blocked(program):
    one = send(program, 20)
    with scope(program=program):
        anna = b.find(program, "anna")
        anna.state = "blocked"
        anna.save()

    with pytest.raises(sendings.SendingOver):
        take(program, one)
    assert b.balance(program, "ben") == Balance()
