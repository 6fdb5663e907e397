"""How many statements a call that spends takes over HTTP, transaction control included: that of who calls, reading, posting."""

import pytest

from loyaltysite.kit import clock
from rewards import passcodes
from tests.members.api_shop import Shop
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.statements import counted

pytestmark = pytest.mark.usefixtures("fresh_database")
STAFF = {"kind": "override", "reason": "Phone broken"}
CALLS = {"spends": {"unit": "points", "amount": 5}, "redemptions": {"reward": "mug"}}


@pytest.fixture
def shop():
    """anna has fifty lots, and the process has seen each call once."""
    program = b.open_program()
    b.record(program, *(b.order(f"A{n}", "2026-01-10", 150_00) for n in range(50)))
    put_up(program, "mug", stock=30)
    made = Shop(program)
    anna = b.find(program, "anna")
    for name, asked in CALLS.items():
        assert made.post(f"members/{anna.pk}/{name}", asked | {"authorization": STAFF}).status_code == 201
    return made


@pytest.fixture
def anna(shop):
    return b.find(shop.program, "anna")


def said(anna):
    return {"kind": "code", "code": passcodes.show(member=anna, now=clock.now()).code}


@pytest.mark.parametrize("name", CALLS)
def test_what_the_member_allows_takes_three_statements(shop, anna, name):
    with counted() as statements:
        told = shop.post(f"members/{anna.pk}/{name}", CALLS[name] | {"authorization": said(anna)})

    assert told.status_code == 201
    assert len(statements) == 3, statements.sent


@pytest.mark.parametrize("name", CALLS)
def test_what_staff_answer_for_takes_one_more_for_whose_account_it_is(shop, anna, name):
    with counted() as statements:
        told = shop.post(f"members/{anna.pk}/{name}", CALLS[name] | {"authorization": STAFF})

    assert told.status_code == 201
    assert len(statements) == 4, statements.sent


@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_is_kept_with_one_statement_more(shop, anna, name):
    used = said(anna)
    shop.post(f"members/{anna.pk}/{name}", CALLS[name] | {"authorization": used})

    with counted() as statements:
        told = shop.post(f"members/{anna.pk}/{name}", CALLS[name] | {"authorization": used})

    assert told.json()["code"] == "passcode_wrong"
    # Who calls, reading, the posting that the database refused, and the answer.
    assert len(statements) == 4, statements.sent


def test_a_call_of_several_statements_is_one_transaction_without_savepoints_of_its_own(shop, anna):
    with counted() as statements:
        told = shop.post(f"members/{anna.pk}/adjustments", {"unit": "points", "amount": 5, "reason": "Late"})

    assert told.status_code == 201
    assert [one for one in statements.sent if "BEGIN" in one or "COMMIT" in one] == [
        statements.sent[1],
        statements.sent[-1],
    ]
    assert len(statements) <= 14, statements.sent
