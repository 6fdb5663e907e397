"""check_ledger proves part payments and gift cards, and finds what was changed behind our back."""

import pytest

from rewards import checking
from rewards.giftcards import moves
from rewards.intake.items import TenderIn
from tests.rewards import builders as b
from tests.rewards.giftcards import house

CHANGES = {
    "what was paid": ("UPDATE rewards_tender SET amount = amount + 1 WHERE kind = 'pay'", {"tender.spent"}),
    "what came back": ("UPDATE rewards_tender SET money_minor = 9999 WHERE kind = 'refund'", {"tender.back"}),
    "whose it was": ("UPDATE rewards_tender SET wallet_id = -wallet_id", {"tender.home", "tender.spent"}),
    "what a card is": ("UPDATE members_holder SET kind = 'cause' WHERE kind = 'card'", {"giftcard.home"}),
    "what a card was worth": ("UPDATE rewards_giftcard SET value_minor = 9999", {"giftcard.value"}),
}


@pytest.fixture
def program(fresh_database):
    """An order paid with points and a card, of which a part came back; the card then paid by itself."""
    program = house.open_house()
    card = house.issue(program)
    b.adjust(program, 1000, "2026-01-01")
    item = b.order("B", "2026-01-02", 6000, 4000)
    b.pay(program, item, TenderIn("points", amount=599), TenderIn(card=house.code(card), money_minor=1001))
    b.record(program, b.bring_back("R", "2026-01-03", "sku-4000", order="B"))
    moves.spend(program=program, code=house.code(card), key="k", now=b.moment("2026-01-04"), money_minor=10)
    return program


def test_what_adds_up_holds(program):
    report = checking.run(program=program, verify=True)

    rows = {proof.key: proof.rows for proof in report.proofs}
    assert report.faults == []
    assert (rows["tender.spent"], rows["giftcard.home"]) == (2, 1)


@pytest.mark.parametrize(("statement", "found"), CHANGES.values(), ids=CHANGES)
def test_each_change_behind_our_back_is_found(program, owner_connection, statement, found):
    for table in ("rewards_tender", "rewards_giftcard"):
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")

    owner_connection.execute(statement)

    report = checking.run(program=program)
    assert {proof.key for proof in report.proofs if proof.wrong} == found
