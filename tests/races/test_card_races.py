"""Many clients on one gift card, and an order with a tender against a spend. Each again without its guard."""

from dataclasses import replace

import pytest
from django_scopes import scope

from members.models import Program
from rewards import intake
from rewards.giftcards import moves
from rewards.intake.items import TenderIn
from rewards.models import Entry
from tests.races import actors
from tests.races.actors import NOW, PROCESSES, holds
from tests.rewards import builders as b
from tests.rewards.giftcards import house

pytestmark = [pytest.mark.races, pytest.mark.slow]
both = pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
CLIENTS = 64


def pay_each(program: int, code: str, keys: list[str]) -> list[str]:
    """Try to pay 10.00 with the card, once for each key."""
    found = Program.objects.get(pk=program)
    told = []
    for key in keys:
        try:
            moves.spend(program=found, code=code, key=key, now=NOW, money_minor=1000)
        except Exception as error:
            told.append(type(error).__name__)
        else:
            told.append("paid")
    return told


@both
def test_one_gift_card_from_64_clients_pays_what_is_on_it(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = house.open_house()
        card = house.issue(program, 5000)
        code = house.code(card)
        each = CLIENTS // PROCESSES
        tries = [(program.pk, code, [f"{process}-{n}" for n in range(each)]) for process in range(PROCESSES)]
        outcomes = processes.each(pay_each, tries)
        told = [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]
        with scope(program=program):
            spent = -sum(
                Entry.objects.filter(wallet__holder_id=card.pk, kind="spend").values_list(
                    "active_change", flat=True
                )
            )
        refused = told.count("GiftCardEmpty")
        return (told.count("paid"), refused, spent, house.left(card)) == (5, CLIENTS - 5, 5000, 0)

    assert holds(once, guarded=guarded) is guarded


def buy_or_spend(program: int, name: str) -> list[str]:
    """Pay for an order with 10 points, or spend them: whoever comes first."""
    found = Program.objects.get(pk=program)
    if name.startswith("s"):
        return actors.spend(program, [name], 10)
    item = replace(b.order(name, NOW, 1000), tenders=(TenderIn("points", amount=10),))
    try:
        outcome = intake.record(program=found, items=[item], now=NOW, authorize=lambda owner, costs: None)[0]
    except Exception as error:
        return [type(error).__name__]
    return ["spent" if outcome.status == "recorded" else outcome.code]


@both
def test_orders_with_tenders_and_spends_take_no_more_than_there_is(
    fresh_database, owner_connection, processes, guarded
):
    if not guarded:
        actors.unguard(owner_connection)

    def once(number: int) -> bool:
        program = house.open_house()
        b.adjust(program, 50, "2026-01-10")
        outcomes = processes.each(buy_or_spend, [(program.pk, f"{'so'[n % 2]}{n}") for n in range(PROCESSES)])
        told = [one for outcome in outcomes for one in (outcome if isinstance(outcome, list) else [outcome])]
        with scope(program=program):
            spent = -sum(Entry.objects.filter(kind="spend").values_list("active_change", flat=True))
        return (
            told.count("spent") == 5
            and spent == 50
            and b.balance(program).active == 0
            and not b.wrong_wallets(program)
        )

    assert holds(once, guarded=guarded) is guarded
