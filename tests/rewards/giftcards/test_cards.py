"""Gift cards: issued once, paid with in part, given back to, blocked, claimed. Numbers are lines of SEMANTICS."""

from dataclasses import replace
from datetime import date

import pytest
from django_scopes import scope

from members.models import AuditEntry, Identity, Member
from members.people import OwnAccount
from rewards import intake, ledger, redemptions
from rewards.giftcards import moves, refusals
from rewards.giftcards.rewarding import CardUsed
from rewards.intake.items import TenderIn
from rewards.models import Entry, GiftCard
from rewards.redemptions import carrying, endings
from tests.rewards import builders as b
from tests.rewards import catalogue
from tests.rewards.builders import Balance
from tests.rewards.giftcards import house

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-01-02")
MUG, TEA = b.line(6000, "mug"), b.line(4000, "tea")


@pytest.fixture
def program():
    return house.open_house()


@pytest.fixture
def card(program):
    return house.issue(program)


def spend(program, card, money_minor=None, **more):
    key = more.pop("key", f"pay-{money_minor}")
    return moves.spend(
        program=program, code=house.code(card), money_minor=money_minor, key=key, now=NOW, **more
    )


def top_up(program, card, money_minor, by):
    return moves.top_up(
        program=program,
        card_id=card.pk,
        money_minor=money_minor,
        reason="Wrong card",
        key="t",
        now=NOW,
        by=by,
    )


def test_a_card_has_its_value_under_a_code_that_is_kept_sealed(program, card):
    code = house.code(card)

    assert len(code.replace("-", "")) == 16
    assert house.left(card) == 5000
    assert code.encode() not in bytes(card.code_sealed)
    assert card.ending == code[-4:]
    assert house.sound(program)


def test_the_same_key_gives_the_same_card(program):
    first = house.issue(program, key="one")

    again = house.issue(program, key="one")

    assert again.pk == first.pk
    with scope(program=program):
        assert GiftCard.objects.count() == 1
    with pytest.raises(ledger.KeyReused):
        house.issue(program, 100, key="one")


def test_without_a_unit_of_money_there_is_no_card():
    program = b.open_program()

    with pytest.raises(refusals.MoneyUnitMissing):
        house.issue(program)


@pytest.mark.parametrize("value", [0, -5, 10**9 + 1])
def test_a_card_has_a_value(program, value):
    with pytest.raises(refusals.ValueInvalid):
        house.issue(program, value)


def test_staff_give_no_more_than_their_limit(program):
    boss = house.boss(program)
    program.adjust_limits = {"owner": {"credit": 2000}}
    program.save()

    with pytest.raises(refusals.ValueTooLarge):
        house.issue(program, 2001, by=boss)

    assert house.issue(program, 2000, by=boss).value_minor == 2000
    with scope(program=program):
        assert AuditEntry.objects.get(action="giftcard.issue").after["value_minor"] == 2000


def test_a_card_is_paid_with_in_part(program, card):
    first = spend(program, card, 1990)
    rest = spend(program, card)

    assert (first.paid_minor, first.left_minor) == (1990, 3010)
    assert (rest.paid_minor, rest.left_minor) == (3010, 0)
    with pytest.raises(refusals.GiftCardEmpty):
        spend(program, card, 1)
    assert house.sound(program)


def test_a_repeat_pays_once(program, card):
    spend(program, card, 2000, key="one")

    again = spend(program, card, 2000, key="one")

    assert (again.repeated, again.left_minor) == (True, 3000)
    assert house.left(card) == 3000


def test_more_than_is_left_is_refused(program, card):
    with pytest.raises(ledger.InsufficientPoints):
        spend(program, card, 5001)

    assert house.left(card) == 5000


def test_what_has_ended_pays_nothing(program):
    card = house.issue(program, last_day=date(2026, 1, 3))

    assert house.left(card, "2026-01-03") == 5000
    assert house.left(card, "2026-01-04T00:00") == 0
    with pytest.raises(refusals.GiftCardEmpty):
        moves.spend(
            program=program,
            code=house.code(card),
            key="late",
            now=b.moment("2026-01-04T00:00"),
            money_minor=1,
        )


def test_a_wrong_a_foreign_and_a_blocked_code_answer_alike(program, card):
    other = house.open_house()
    boss = house.boss(program).user
    moves.block(program=program, card_id=card.pk, reason="Lost", now=NOW, by=boss)

    for asked, code in ((program, "AAAA-BBBB-CCCC-DDDD"), (other, house.code(card)), (program, house.code(card)), (program, "")):  # fmt: skip
        with pytest.raises(refusals.GiftCardInvalid):
            moves.look(program=asked, code=code, now=NOW)
        with pytest.raises(refusals.GiftCardInvalid):
            moves.spend(program=asked, code=code, key="k", now=NOW, money_minor=1)


def test_a_blocked_card_can_be_opened_again(program, card):
    boss = house.boss(program).user
    moves.block(program=program, card_id=card.pk, reason="Lost", now=NOW, by=boss)
    moves.block(program=program, card_id=card.pk, reason="Lost", now=NOW, by=boss)

    moves.unblock(program=program, card_id=card.pk, reason="Found", now=NOW, by=boss)

    assert spend(program, card, 10).left_minor == 4990
    with scope(program=program):
        assert AuditEntry.objects.filter(action="giftcard.block").count() == 1


def test_staff_put_back_what_was_paid_by_mistake_and_no_more(program, card):
    boss = house.boss(program)
    spend(program, card, 2000)

    with pytest.raises(refusals.ValueInvalid):
        top_up(program, card, 2001, boss)
    assert top_up(program, card, 2000, boss).left_minor == 5000
    assert house.sound(program)


def test_what_an_order_will_bring_back_is_not_put_back_by_hand(program, card):
    boss = house.boss(program)
    b.pay(program, b.order("B", "2026-01-02", MUG), TenderIn(card=house.code(card), money_minor=3000))
    spend(program, card, 2000)

    with pytest.raises(refusals.ValueInvalid):
        top_up(program, card, 2001, boss)
    assert top_up(program, card, 2000, boss).left_minor == 2000

    b.record(program, b.cancel("B", "2026-01-03"))
    assert house.left(card) == 5000
    assert house.sound(program)


def test_what_a_member_claimed_is_not_put_back(program, card):
    boss = house.boss(program)
    moves.claim(program=program, code=house.code(card), member=b.find(program, "anna"), key="c", now=NOW)

    with pytest.raises(refusals.ValueInvalid):
        top_up(program, card, 1, boss)

    assert house.left(card) == 0


def test_staff_put_back_no_more_than_their_limit(program, card):
    boss = house.boss(program)
    spend(program, card, 2000)
    program.adjust_limits = {"owner": {"credit": 1000}}
    program.save()

    with pytest.raises(refusals.ValueTooLarge):
        top_up(program, card, 1001, boss)

    assert top_up(program, card, 1000, boss).left_minor == 4000


def test_staff_give_nothing_to_themselves(program):
    boss = house.boss(program)
    member = b.find(program, "anna")
    card = house.issue(program, member=member, by=boss)
    spend(program, card, 2000)
    with scope(program=program):
        Identity.objects.create(program=program, member=member, kind="email", value=boss.user.email)

    with pytest.raises(OwnAccount):
        house.issue(program, member=member, by=boss)
    with pytest.raises(OwnAccount):
        top_up(program, card, 1, boss)

    assert house.left(card) == 3000


def test_a_refund_to_a_card_that_has_ended_is_told_as_long_as_it_pays(program):
    card = house.issue(program, last_day=date(2026, 1, 3))
    b.pay(program, b.order("B", "2026-01-02", MUG), TenderIn(card=house.code(card), money_minor=5000))

    b.record(program, b.cancel("B", "2026-01-10"))

    assert house.left(card, "2026-01-11") == 5000
    assert moves.look(program=program, code=house.code(card), now=b.moment("2026-01-11")).left_minor == 5000
    assert house.left(card, "2026-01-25T00:00") == 0
    paid = moves.spend(program=program, code=house.code(card), key="g", now=b.moment("2026-01-11"))
    assert (paid.paid_minor, house.left(card, "2026-01-11")) == (5000, 0)


# --- claiming -------------------------------------------------------------------------------------------------------


def test_a_member_claims_what_is_left_and_it_keeps_its_last_day(program):
    card = house.issue(program, last_day=date(2026, 3, 1))
    spend(program, card, 1000)

    moves.claim(program=program, code=house.code(card), member=b.find(program, "anna"), key="c", now=NOW)

    assert b.balance(program, unit="credit") == Balance(active=4000)
    assert b.lots(program, unit="credit")[0].expires_at == b.moment("2026-03-02T00:00")
    assert house.left(card) == 0
    with pytest.raises(refusals.GiftCardEmpty):
        moves.claim(program=program, code=house.code(card), member=b.find(program, "anna"), key="d", now=NOW)
    assert house.sound(program)


def test_a_blocked_member_claims_nothing(program, card):
    with scope(program=program):
        Member.objects.update(state="blocked")

    with pytest.raises(ledger.MemberNotActive):
        moves.claim(program=program, code=house.code(card), member=b.find(program, "anna"), key="c", now=NOW)

    assert house.left(card) == 5000


# --- orders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("buyer", ["anna", None])
def test_a_card_pays_for_an_order_of_whoever_has_it(program, card, buyer):
    told = b.pay(
        program,
        b.order("B", "2026-01-02", MUG, TEA, member=buyer),
        TenderIn(card=house.code(card), money_minor=2500),
    )

    assert told.payment["tenders"] == [
        {"unit": "credit", "card": card.ending, "amount": 2500, "money_minor": 2500, "balance": 2500}
    ]
    assert house.left(card) == 2500
    assert house.sound(program)


def test_a_card_needs_no_word_of_a_member_but_points_beside_it_do(program, card):
    b.adjust(program, 500, "2026-01-01")
    item = b.order("B", "2026-01-02", MUG)
    both = (TenderIn(card=house.code(card)), TenderIn("points", amount=500))

    alone = b.record(program, replace(item, tenders=both[:1]))[0]
    together = b.record(program, replace(item, external_id="C", tenders=both))[0]

    assert alone.status == "recorded"
    assert together.code in {"authorization_missing", "tender_empty"}


def test_a_return_puts_the_money_back_on_the_card(program, card):
    b.pay(program, b.order("B", "2026-01-02", MUG, TEA), TenderIn(card=house.code(card), money_minor=2500))

    told = b.record(program, b.bring_back("R", "2026-01-03", "tea", order="B"))[0]

    assert told.restored == [{"unit": "credit", "card": card.ending, "amount": 1000, "money_minor": 1000}]
    assert house.left(card) == 3500
    b.record(program, b.cancel("B", "2026-01-04"))
    assert house.left(card) == 5000
    assert house.sound(program)


def test_a_spend_beside_an_order_comes_back_with_it(program, card):
    b.record(program, b.order("B", "2026-01-02", MUG))
    spend(program, card, 3000, order=(b.SOURCE, "B"))

    b.record(program, b.cancel("B", "2026-01-03"))

    assert house.left(card) == 5000
    assert house.sound(program)


def test_a_blocked_card_pays_for_no_order(program, card):
    moves.block(program=program, card_id=card.pk, reason="Lost", now=NOW, by=house.boss(program).user)

    told = b.pay(program, b.order("B", "2026-01-02", MUG), TenderIn(card=house.code(card)))

    assert (told.status, told.code) == ("refused", "gift_card_invalid")


def test_a_card_in_two_spellings_pays_once(program, card):
    typed = house.code(card)
    tenders = (TenderIn(card=typed), TenderIn(card=typed.replace("-", " ").lower()))
    item = b.order("B", "2026-01-02", MUG, TEA)

    told = b.pay(program, item, *tenders)

    assert tenders[0].card != tenders[1].card
    assert (told.status, told.code) == ("refused", "tender_twice")
    shown = intake.preview(program=program, item=replace(item, tenders=tenders), now=item.occurred_at)
    assert shown.outcome.code == "tender_twice"
    assert house.left(card) == 5000


def test_two_cards_and_points_pay_for_one_order(program, card):
    other = house.issue(program, 1000)
    b.adjust(program, 500, "2026-01-01")

    told = b.pay(
        program,
        b.order("B", "2026-01-02", MUG, TEA),
        TenderIn(card=house.code(card)),
        TenderIn(card=house.code(other)),
        TenderIn("points"),
    )

    assert told.payment["left_minor"] == 10_000 - 5000 - 1000 - 500
    b.record(program, b.cancel("B", "2026-01-03"))
    assert (house.left(card), house.left(other), b.balance(program).active) == (5000, 1000, 500)
    assert house.sound(program)


# --- as a reward ----------------------------------------------------------------------------------------------------


@pytest.fixture
def reward(program):
    b.adjust(program, 1000, "2026-01-01")
    return catalogue.put_up(
        program, "gift", kind="gift_card", value_minor=1500, price={"points": 600}, handover="code"
    )


def redeem(program):
    return redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="gift", key="want", now=NOW
    )


def of(program, one) -> GiftCard:
    with scope(program=program):
        return GiftCard.objects.select_related("unit").get(redemption_id=one.pk)


def test_a_gift_card_reward_opens_a_card_for_the_member(program, reward):
    one = redeem(program)

    card = of(program, one)
    assert one.state == "fulfilled"
    assert (card.origin, card.value_minor, card.member_id) == ("reward", 1500, b.find(program, "anna").pk)
    assert house.left(card) == 1500
    assert b.balance(program).active == 400
    assert house.sound(program)


def test_an_unused_card_of_a_reward_is_taken_back_with_it(program, reward):
    one = redeem(program)

    redemptions.fail(program=program, redemption_id=one.pk, reason="Mistake", now=NOW)

    card = of(program, one)
    assert (card.state, house.left(card)) == ("blocked", 0)
    assert b.balance(program).active == 1000
    assert house.sound(program)


def test_what_was_taken_back_with_its_reward_is_not_put_back(program, reward):
    """The points are with the member again: with the card filled once more they would be worth it twice."""
    boss, one = house.boss(program), redeem(program)
    redemptions.fail(program=program, redemption_id=one.pk, reason="Mistake", now=NOW)
    card = of(program, one)
    moves.unblock(program=program, card_id=card.pk, reason="Mistake", now=NOW, by=boss.user)

    with pytest.raises(refusals.ValueInvalid):
        top_up(program, card, 1, boss)

    assert (house.left(card), b.balance(program).active) == (0, 1000)


def test_a_card_that_was_used_is_not_taken_back(program, reward):
    one = redeem(program)
    spend(program, of(program, one), 1)

    with pytest.raises(CardUsed):
        redemptions.fail(program=program, redemption_id=one.pk, reason="Mistake", now=NOW)

    assert b.balance(program).active == 400


def test_what_is_only_reserved_opens_its_card_when_it_is_confirmed(program, reward):
    one = redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="gift", key="w", now=NOW, at_once=False
    )
    with scope(program=program):
        assert not GiftCard.objects.exists()

    done = redemptions.confirm(program=program, redemption_id=one.pk, now=NOW)

    assert (done.state, done.due_at, done.closed_at) == ("fulfilled", None, NOW)
    assert house.left(of(program, one)) == 1500
    redemptions.fail(program=program, redemption_id=one.pk, reason="Changed mind", now=NOW)
    assert house.left(of(program, one)) == 0
    assert b.balance(program).active == 1000


def test_what_gave_a_card_before_ends_with_the_card(program, monkeypatch):
    """Those confirmed before their card made them done."""
    b.adjust(program, 1000, "2026-01-01")
    catalogue.put_up(
        program, "gift", kind="gift_card", value_minor=1500, price={"points": 600}, handover="code",
        valid_days=10, gives_back=True,
    )  # fmt: skip
    one = redemptions.reserve(
        program=program, member=b.find(program, "anna"), reward="gift", key="w", now=NOW, at_once=False
    )
    monkeypatch.setattr(carrying, "_is_done", lambda *_: False)
    assert redemptions.confirm(program=program, redemption_id=one.pk, now=NOW).state == "issued"
    late = b.moment("2026-02-01")

    assert endings.end_due(program=program, now=late) == 1

    with scope(program=program):
        one.refresh_from_db()
    assert (one.state, one.is_given_back, b.balance(program).active) == ("expired", False, 400)
    assert endings.end_due(program=program, now=late) == 0
    assert house.sound(program)


def test_the_ledger_of_a_card_tells_every_move(program, card):
    spend(program, card, 2000)

    with scope(program=program):
        kinds = list(
            Entry.objects.filter(wallet__holder_id=card.pk).order_by("seq").values_list("kind", flat=True)
        )
    assert kinds == ["bonus", "spend"]
