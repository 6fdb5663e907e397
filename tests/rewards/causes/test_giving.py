"""Points given to a cause: a transfer with a receipt, once, from what can be used, and for a while to be taken back (14)."""

import pytest
from django.db import DatabaseError, transaction
from django_scopes import scope

from rewards import ledger, redemptions, settling
from rewards.causes import editing, giving
from rewards.models import Donation, Redemption
from tests.rewards import builders as b
from tests.rewards import catalogue
from tests.rewards.builders import Balance
from tests.rewards.causes.house import give, is_right, open_house, pay, put_up, total

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return open_house()


def test_a_gift_leaves_the_lots_that_end_first_and_reaches_the_cause(program):
    gift = give(program, 120)

    assert (gift.number, gift.amount, gift.worth_minor) == (1, 120, 120)
    assert b.balance(program) == Balance(active=30)
    assert [(lot.remaining, lot.granted) for lot in b.lots(program)] == [(0, 100), (30, 50)]
    assert b.movements(program)[-1] == ("donate", 0, -120, 0)
    assert total(program) == (1, 120, 120)
    assert is_right(program)


def test_receipts_are_numbered_without_a_gap_in_each_program(program):
    put_up(program, "forest")
    other = open_house()

    numbers = [give(program, 10).number, give(program, 10, cause="forest").number]
    with pytest.raises(ledger.InsufficientPoints):
        give(program, 1000)
    numbers.append(give(program, 10).number)

    assert numbers == [1, 2, 3]
    assert give(other, 10).number == 1
    assert is_right(program)


def test_a_repeat_gives_once(program):
    first, again = give(program, 30, key="k"), give(program, 30, key="k")

    assert first.pk == again.pk
    assert b.balance(program) == Balance(active=120)
    with pytest.raises(ledger.KeyReused):
        give(program, 31, key="k")


def test_what_was_given_ends_never(program):
    b.change_unit(program, lapse={"days": 30, "by": ["earn"]})
    give(program, 40)

    settling.start_lapses(program=program, now=b.moment("2026-02-02"))
    settling.settle_due(program=program, now=b.moment("2028-01-01"))

    assert b.balance(program) == Balance()
    assert total(program) == (1, 40, 40)
    assert is_right(program)


def test_a_return_does_not_take_from_the_cause_what_was_given(program):
    give(program, 150)

    b.record(program, b.bring_back("R", "2026-02-05", order="A"))

    assert b.balance(program) == Balance(arrears=100)  # 25, 26: what was donated makes a shortfall
    assert total(program) == (1, 150, 150)
    assert is_right(program)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"amount": 0}, ledger.AmountInvalid),
        ({"amount": 9}, giving.TooLittle),
        ({"amount": 151}, ledger.InsufficientPoints),
        ({"cause": "nobody"}, giving.NotFound),
        ({"cause": "draft"}, giving.gifts.CauseDraft),
        ({"cause": "over"}, editing.CauseOver),
        ({"cause": "pears"}, giving.UnitNotAccepted),
        ({"unit": "pears"}, giving.NotFound),
        ({"member": "dora"}, ledger.MemberNotActive),
    ],
)
def test_what_cannot_be_given_moves_nothing(program, given, error):
    put_up(program, "draft", is_live=False)
    put_up(program, "pears", accepts={})
    put_up(program, "over")
    editing.end(program=program, key="over", by=None, now=b.moment("2026-01-20"))
    b.join(program, "dora", state="blocked")

    with pytest.raises(error):
        give(program, **({"amount": 20} | given))

    assert b.balance(program) == Balance(active=150)
    with scope(program=program):
        assert not Donation.objects.exists()


def test_within_ten_minutes_the_member_takes_it_back(program):
    gift = give(program, 120, at="2026-02-01T12:00")

    back = giving.withdraw(program=program, donation_id=gift.pk, now=b.moment("2026-02-01T12:10"))
    again = giving.withdraw(program=program, donation_id=gift.pk, now=b.moment("2026-02-01T12:20"))

    assert back.withdrawn_at == again.withdrawn_at
    assert b.balance(program) == Balance(active=150)
    assert [lot.remaining for lot in b.lots(program)] == [100, 50]  # 27: to the lots they came from
    assert total(program) == (0, 0, 0)
    assert give(program, 10).number == 2
    assert is_right(program)


def test_later_only_staff_with_a_reason_and_only_until_it_is_paid(program):
    gift, other = give(program, 60), give(program, 40)
    late = {"program": program, "donation_id": gift.pk, "now": b.moment("2026-02-02")}

    with pytest.raises(giving.TakeBackTooLate):
        giving.withdraw(**late)
    with pytest.raises(ledger.ReasonMissing):
        giving.withdraw(**late, by=b.staff())
    giving.withdraw(**late, by=b.staff(), reason="typed twice")
    pay(program, 20)
    with pytest.raises(giving.PaidOut):
        giving.withdraw(**late | {"donation_id": other.pk}, by=b.staff(), reason="too late")

    assert b.balance(program) == Balance(active=110)
    assert total(program) == (1, 40, 20)
    assert is_right(program)


def test_what_has_ended_meanwhile_comes_back_for_a_time(program):
    gift = give(program, 100)
    now = b.moment("2026-04-10")

    giving.withdraw(program=program, donation_id=gift.pk, now=now, by=b.staff(), reason="their wish")

    assert b.balance(program) == Balance(active=100)
    assert b.lots(program)[-1].expires_at == b.moment("2026-05-11T00:00")
    assert is_right(program)


def test_a_gift_of_a_fixed_size_is_a_reward(program):
    put = {
        "kind": "donation",
        "cause_key": "lighthouse",
        "value_minor": 500,
        "price": {"points": 100},
        "stock": 2,
    }
    catalogue.put_up(program, "five", **put)
    wish = {
        "program": program,
        "member": b.find(program, "anna"),
        "reward": "five",
        "now": b.moment("2026-02-01"),
    }

    one = redemptions.reserve(**wish, key="k")

    assert (one.state, one.price) == (Redemption.State.FULFILLED, {"points": 100})
    assert b.balance(program) == Balance(active=50)
    assert total(program) == (1, 500, 500)
    with scope(program=program):
        assert Donation.objects.get().redemption_id == one.pk
    assert is_right(program)

    redemptions.fail(
        program=program, redemption_id=one.pk, reason="ours", now=b.moment("2026-02-03"), by=b.staff()
    )

    with scope(program=program):
        again = Redemption.objects.select_related("reward").get()
    assert (again.state, again.reward.taken) == (Redemption.State.FAILED, 0)
    assert b.balance(program) == Balance(active=150)
    assert total(program) == (0, 0, 0)
    assert is_right(program)


def test_a_reward_ends_with_its_cause(program):
    put = {"kind": "donation", "cause_key": "lighthouse", "value_minor": 500, "price": {"points": 100}}
    catalogue.put_up(program, "five", **put)
    wish = {
        "program": program,
        "member": b.find(program, "anna"),
        "reward": "five",
        "now": b.moment("2026-02-01"),
    }

    editing.end(program=program, key="lighthouse", by=b.staff(), now=b.moment("2026-01-31"))

    with pytest.raises(redemptions.reserving.refusals.NotOffered):
        redemptions.reserve(**wish, key="k")
    assert b.balance(program) == Balance(active=150)


def test_nobody_writes_a_gift_or_a_receipt_beside_the_ledger(program):
    gift = give(program, 20)

    with scope(program=program):
        for change in ({"amount": 1}, {"number": 7}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Donation.objects.filter(pk=gift.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            Donation.objects.filter(pk=gift.pk).delete()
