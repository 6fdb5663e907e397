"""Points go from one member to another (14)."""

import pytest

from loyaltysite.kit import clock
from rewards import checking, ledger, transfers
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards.builders import Balance

pytestmark = pytest.mark.django_db

NOW = "2026-02-01"
UNIT = {"expiry": {"kind": "days", "count": 60}, "transfer_limit": 500}


@pytest.fixture
def program():
    """Anna has 100 to 11 March and 50 to 1 April; ben has nothing."""
    program = b.open_program(units={"points": UNIT})
    b.record(program, b.order("A", "2026-01-10", 10_000), now="2026-01-10")
    b.record(program, b.order("B", "2026-01-31", 5000))
    b.join(program, "ben")
    return program


def send(program, amount, *, key="k", at=NOW, sender="anna", recipient="ben"):
    return transfers.transfer(
        program=program, sender=b.find(program, sender), recipient=b.find(program, recipient), unit="points",
        amount=amount, key=key, now=b.moment(at),
    )  # fmt: skip


def is_right(program):
    return checking.run(program=program, verify=True).faults == []


def test_lots_go_over_with_their_earlier_end(program):
    b.change_unit(program, expiry={"kind": "days", "count": 50})

    done = send(program, 120)

    assert done.active == 30
    assert b.balance(program) == Balance(active=30)
    assert [(lot.granted, lot.expires_at) for lot in b.lots(program, "ben")] == [
        (100, b.moment("2026-03-12T00:00")),
        (20, b.moment("2026-03-24T00:00")),  # 14: today's own end is earlier than that of the lot
    ]
    assert [row[0] for row in b.movements(program, "ben")] == ["transfer_in", "transfer_in"]
    assert is_right(program)


def test_a_repeat_sends_once(program):
    first, again = send(program, 30), send(program, 30)

    assert (again.repeated, again.active) == (True, first.active)
    assert b.balance(program, "ben") == Balance(active=30)
    with pytest.raises(ledger.KeyReused):
        send(program, 31)


def test_what_is_received_repays_arrears_first(program):
    b.record(program, b.order("C", "2026-01-15", 4000, member="ben"))
    b.spend(program, 40, "2026-01-20", member="ben")
    b.record(program, b.bring_back("R", "2026-01-25", order="C"))

    send(program, 100)

    assert b.balance(program, "ben") == Balance(active=60)  # 26
    assert is_right(program)


def test_a_return_does_not_follow_what_was_sent(program):
    send(program, 150)

    b.record(program, b.bring_back("R", "2026-02-05", order="A"))

    assert b.balance(program, "ben") == Balance(active=150)
    assert b.balance(program) == Balance(arrears=100)  # 25: what was sent makes a shortfall
    assert is_right(program)


def test_the_limit_is_that_of_the_month(program):
    b.change_unit(program, transfer_limit=100)
    send(program, 80, key="1")

    with pytest.raises(transfers.LimitReached):
        send(program, 21, key="2")
    send(program, 21, key="3", at="2026-03-01")

    assert b.balance(program, "ben") == Balance(active=101)


@pytest.mark.parametrize(
    ("change", "given", "error"),
    [
        ({"transfer_limit": 0}, {}, transfers.TransfersOff),
        ({}, {"amount": 151}, ledger.InsufficientPoints),
        ({}, {"amount": 0}, ledger.AmountInvalid),
        ({}, {"recipient": "anna"}, transfers.SameMember),
        (
            {"pending": {"kind": "days", "count": 5}},
            {"sender": "carl", "recipient": "ben"},
            ledger.InsufficientPoints,
        ),
    ],
)
def test_what_cannot_be_sent_moves_nothing(program, change, given, error):
    b.change_unit(program, **change)
    b.record(program, b.order("D", NOW, 10_000, member="carl"))

    with pytest.raises(error):
        send(program, **({"amount": 10} | given))

    assert b.balance(program) == Balance(active=150)
    assert b.balance(program, "ben") == Balance()


def test_nothing_goes_to_or_from_who_is_blocked(program):
    b.join(program, "dora", state="blocked")

    for sender, recipient in (("anna", "dora"), ("dora", "anna")):
        with pytest.raises(ledger.MemberNotActive):
            send(program, 10, sender=sender, recipient=recipient)


def test_a_shop_sends_for_its_member_once(monkeypatch):
    shop = Shop(b.open_program(units={"points": UNIT}))
    b.record(shop.program, b.order("A", "2026-01-10", 10_000))
    b.join(shop.program, "ben")
    monkeypatch.setattr(clock, "now", lambda: b.moment(NOW))
    path = f"members/{b.find(shop.program, 'anna').pk}/transfers"
    wish = {"to": b.find(shop.program, "ben").pk, "unit": "points", "amount": 30}

    first = shop.post(path, wish, key="k")
    again = shop.post(path, wish, key="k")
    stranger = shop.post(path, wish | {"to": 999_999})

    assert (first.status_code, first.json()["active"]) == (201, 70)
    assert again.content == first.content
    assert stranger.status_code == 404
    assert b.balance(shop.program, "ben") == Balance(active=30)
