"""Every naughty string as a name, SKU, category or identity is stored as it is or refused in clear words."""

import pytest
from django_scopes import scope

from members import identities
from members.models import Identity, Member, OrderLine
from rewards.intake.items import EventIn, LineIn, OrderIn, ReturnIn, ReturnLineIn, Who
from tests import naughty
from tests.rewards import builders as b

pytestmark = [pytest.mark.django_db, naughty.needed]

STRINGS = naughty.strings()
BROKEN = ["\ud800", "a\udfffb", "\x00", "name\x00", "\ud83d"]
KINDS = ["email", "phone", "card", "shop", "social"]
AT = b.moment("2026-01-10")


def fits(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def test_there_are_strings():
    assert len(STRINGS) > 500


def test_texts_of_orders_are_stored_exactly_or_refused():
    program = b.open_program()
    strings = [*STRINGS, *BROKEN]
    orders = [
        OrderIn("shop", f"A{n}", AT, (LineIn(text[:128], 1, 100, text[:300], text[:128]),), b.who("anna"))
        for n, text in enumerate(strings)
    ]

    outcomes = b.record(program, *orders)

    with scope(program=program):
        rows = {row.order_id: (row.sku, row.name, row.category) for row in OrderLine.objects.all()}
    for text, outcome in zip(strings, outcomes, strict=True):
        if fits(text[:300]):
            assert outcome.status == "recorded", text
            assert rows[outcome.order_id] == (text[:128], text[:300], text[:128])
        else:
            assert (outcome.status, outcome.code) == ("refused", "text_invalid"), text
            assert outcome.message


def test_a_sku_is_found_again_by_its_return():
    program = b.open_program()
    skus = sorted({text[:128] for text in STRINGS if text and fits(text[:128])})
    b.record(program, OrderIn("shop", "A", AT, tuple(LineIn(sku, 1, 100) for sku in skus), b.who("anna")))

    back = tuple(ReturnLineIn(sku, 1) for sku in skus)
    (outcome,) = b.record(program, ReturnIn("shop", "R", AT, member=b.who("anna"), lines=back))

    assert outcome.unmatched == 0
    assert b.balance(program).active == 0


def test_names_of_members_are_stored_exactly_or_refused():
    program = b.open_program()
    strings = [*STRINGS, *BROKEN]
    orders = [
        OrderIn("shop", f"A{n}", AT, (LineIn("s", 1, 100),), Who("email", f"m{n}@example.com", True, text))
        for n, text in enumerate(strings)
    ]

    outcomes = b.record(program, *orders)

    with scope(program=program):
        names = dict(Member.objects.values_list("pk", "name"))
    for text, outcome in zip(strings, outcomes, strict=True):
        if fits(text) and len(text) <= 200:
            assert names[outcome.member_id] == text
        else:
            assert (outcome.status, outcome.code) == ("refused", "text_invalid"), text


@pytest.mark.parametrize("kind", KINDS)
def test_identities_are_found_again_or_refused(kind):
    program = b.open_program()
    strings = [*STRINGS, *BROKEN]
    orders = [
        OrderIn("shop", f"A{n}", AT, (LineIn("s", 1, 100),), Who(kind, text, True))
        for n, text in enumerate(strings)
    ]

    outcomes = b.record(program, *orders)

    with scope(program=program):
        values = dict(Identity.objects.values_list("member_id", "value"))
    for text, outcome in zip(strings, outcomes, strict=True):
        if outcome.status == "recorded":
            assert values[outcome.member_id] == identities.normalize(kind, text)
        else:
            assert (outcome.status, outcome.code) == ("refused", "identity_invalid"), text
            assert outcome.message


def test_numbers_of_orders_and_data_of_events():
    program = b.open_program()
    strings = [text for text in [*STRINGS, *BROKEN, "\\u0000", "\\\x00"] if text]

    orders = b.record(
        program, *(OrderIn("shop", text[:128], AT, (LineIn("s", 1, 100),), b.who("anna")) for text in strings)
    )
    events = b.record(
        program,
        *(
            EventIn("shop", f"E{n}", "seen", AT, b.who("anna"), {"text": text})
            for n, text in enumerate(strings)
        ),
    )

    for text, order, event in zip(strings, orders, events, strict=True):
        assert order.status in {"recorded", "repeated"} if fits(text[:128]) else order.code == "text_invalid"
        assert event.status == "recorded" if fits(text) else event.code == "data_invalid"
