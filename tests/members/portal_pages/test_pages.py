"""The pages of a member: open to their owner alone, and what stands on them."""

import re
from datetime import timedelta

import pytest
import segno
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members.models import Identity
from rewards import settling
from rewards.views.portal import pages
from tests.members import portal_shop
from tests.members.portal_pages.visits import enter, text_of, url
from tests.rewards import builders

PAGES = ("home", "card", "passcode", "lots", "history")

# Program, user, identity with member (the session comes from the cache), then what the page itself reads.
STATEMENTS = {"home": 26, "card": 3, "passcode": 3, "lots": 9, "history": 11}

# Home names what was spent on, as long as a spend is among its latest five.
AFTERWARDS = STATEMENTS | {"home": 25}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works(inside, shop, page):
    answer = inside.get(url(page, shop))

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("page", PAGES)
def test_who_is_signed_out_is_led_to_sign_in(client, shop, amelia, page):
    answer = client.get(url(page, shop))

    assert answer.status_code == 302
    assert answer["Location"].startswith(url("sign_in", shop))


@pytest.mark.parametrize("page", PAGES)
def test_a_member_of_another_program_sees_nothing(client, shop, amelia, page):
    other = portal_shop.open_shop()
    portal_shop.join(other, "bob")
    enter(client, other, "bob@example.com")

    assert client.get(url(page, shop)).status_code == 302
    assert client.get(url(page, other)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_an_address_not_proven_here_opens_nothing(inside, shop, amelia, page):
    with scope(program=shop):
        Identity.objects.filter(member=amelia).update(verified_at=None)

    assert inside.get(url(page, shop)).status_code == 302


@pytest.mark.parametrize("page", PAGES)
def test_a_page_changes_nothing(inside, shop, page):
    assert inside.post(url(page, shop)).status_code == 405


def statements(client, address):
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
        return len(captured)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_however_much_there_is(inside, shop, page):
    inside.get(url(page, shop))
    before = statements(inside, url(page, shop))
    for number in range(3):
        at = portal_shop.NOW - timedelta(days=2, hours=number)
        builders.record(shop, builders.order(f"2-{number}", at, 30_00, 40_00), now=portal_shop.NOW)
    inside.get(url(page, shop))

    after = statements(inside, url(page, shop))

    assert (before, after) == (STATEMENTS[page], AFTERWARDS[page])


def test_home_shows_card_balance_tier_and_what_ends(inside, shop, amelia):
    text = text_of(inside.get(url("home", shop)))

    assert pages.grouped(amelia.number) in text
    for words in (
        "Good evening, Amelia",
        "699",
        "Stars · worth £6.99",
        "£299.61 to Platinum",
        "£600.39 of £900.00",
        "Reach Platinum by 31 December 2026.",
        "Gold is yours until 31 December 2027.",
        "To keep Gold after that, £500.00 between 1 January 2027 and 31 December 2027.",
        "40 Stars end on 26 November 2026.",
        "They are worth £0.40.",
    ):
        assert words in text


def test_every_lot_stands_there_with_its_last_day(inside, shop):
    text = text_of(inside.get(url("lots", shop)))

    for words in (
        "40 Stars until 26 November 2026 · in 5 days £0.40",
        "480 Stars until 5 May 2027 £4.80",
        "60 Stars until 24 July 2027",
        "90 Stars until 22 October 2027",
        "29 Stars until 18 November 2027",
    ):
        assert words in text


def test_what_is_over_is_not_shown_although_nobody_has_posted_it(inside, shop):
    with time_machine.travel(portal_shop.NOW + timedelta(days=6), tick=False):
        text = text_of(inside.get(url("lots", shop)))

    assert "659 Stars" in text
    assert "26 November 2026" not in text


def test_what_is_pending_stands_apart_with_its_day(client, db):
    shop = portal_shop.open_shop()
    builders.change_unit(shop, pending={"kind": "days", "count": 14})
    portal_shop.join(shop, "anna")
    builders.record(shop, builders.order("1", portal_shop.NOW, 50_00))

    text = text_of(enter(client, shop).get(url("lots", shop)))

    assert "0 Stars" in text
    assert "50 Stars usable from 5 December 2026" in text


def test_what_became_usable_counts_although_nobody_has_posted_it(client, db):
    shop = portal_shop.open_shop()
    builders.change_unit(shop, pending={"kind": "days", "count": 14})
    portal_shop.join(shop, "anna")
    builders.record(shop, builders.order("1", portal_shop.NOW, 50_00))

    with time_machine.travel(portal_shop.NOW + timedelta(days=15), tick=False):
        enter(client, shop)
        found = client.get(url("lots", shop)).context["balances"]

    assert [balance.usable for balance in found] == [50]


def test_the_history_tells_how_it_was_worked_out(inside, shop):
    text = text_of(inside.get(url("history", shop)))

    for words in (
        "£19.99 at 1 Star for £1 = 19.99 · your tier × 1.5 = 29.985 · rounded to 29",
        "One Star for every pound",
        "“Candles count double” gives only so much a month: 30 Stars instead of 60 Stars.",
        "With what you kept, the order earns 90 Stars instead of 128 Stars.",
        "Taken from those that would have ended first.",
        "Return to order 1004",
    ):
        assert words in text


def test_the_history_says_what_is_missing_after_a_return(client, shop):
    portal_shop.join(shop, "anna")
    day = portal_shop.NOW - timedelta(days=9)
    builders.record(shop, builders.order("1", day, 100_00))
    builders.spend(shop, 100, (day + timedelta(days=1)).isoformat())
    builders.record(shop, builders.bring_back("r", day + timedelta(days=2), order="1"))

    enter(client, shop)

    words = "100 Stars were used already and are missing; the next ones make up for it."
    assert words in text_of(client.get(url("history", shop)))
    assert "100 Stars are missing after a return." in text_of(client.get(url("home", shop)))


def test_the_history_says_until_when_they_could_be_used(client, shop):
    portal_shop.join(shop, "anna")
    builders.record(shop, builders.order("1", portal_shop.NOW - timedelta(days=400), 10_00))
    settling.settle_due(program=shop, now=portal_shop.NOW)

    text = text_of(enter(client, shop).get(url("history", shop)))

    assert "Their last day was 17 October 2026, and they were not used by then." in text
    assert "0 Stars" in text_of(client.get(url("lots", shop)))


def test_the_words_of_the_shop_keep_their_direction(inside, shop):
    inside.cookies["django_language"] = "ar"

    body = inside.get(url("history", shop)).content.decode()

    assert "<bdi>One Star for every pound</bdi>" in body
    assert "«<bdi>Candles count double</bdi>»" in body
    assert "<bdi>1005</bdi>" in body


def test_the_history_has_earlier_pages_and_leaves_nothing_out(client, shop):
    portal_shop.join(shop, "anna")
    for number in range(45):
        at = portal_shop.NOW - timedelta(days=45 - number)
        builders.record(shop, builders.order(f"n{number}", at, 10_00))
    enter(client, shop)

    seen, address = [], url("history", shop)
    while address:
        answer = client.get(address)
        seen += [str(story.title) for story in answer.context["stories"]]
        address = answer.context["earlier"]

    assert seen == [f"Order <bdi>n{number}</bdi>" for number in reversed(range(45))]


def test_lines_of_one_moment_are_never_parted(client, shop):
    portal_shop.join(shop, "anna")
    orders = [builders.order(f"n{n}", portal_shop.NOW - timedelta(days=n), 10_00) for n in range(30)]
    builders.record(shop, *orders, now=portal_shop.NOW)
    enter(client, shop)

    seen, address = [], url("history", shop)
    while address:
        answer = client.get(address)
        seen += [str(story.title) for story in answer.context["stories"]]
        address = answer.context["earlier"]

    assert sorted(seen) == sorted(f"Order <bdi>n{n}</bdi>" for n in range(30))


@pytest.mark.parametrize("before", ["yesterday", "2026-01-01", "9999", "\0", "2026-01-01T00:00:00+99:00"])
def test_a_moment_that_is_none_shows_the_latest(inside, shop, before):
    assert inside.get(url("history", shop), {"before": before}).context["is_first"]


def test_no_internal_code_is_shown(inside, shop):
    text = text_of(inside.get(url("history", shop)))

    assert not re.search(r"per_amount|unit_order|whole_steps|#\d|None|points|candle\b", text)


def test_the_code_holds_the_number_and_nothing_else(monkeypatch):
    asked = []
    monkeypatch.setattr(segno, "make", lambda *given, **more: asked.append(given) or make(*given, **more))

    drawing = pages.qr("123456789012")

    assert asked == [("123456789012",)]
    assert drawing.startswith('<svg class="qr"')


make = segno.make


def test_a_new_member_is_told_what_to_do(client, shop):
    portal_shop.join(shop, "anna")
    enter(client, shop)

    assert "Nothing here yet" in text_of(client.get(url("home", shop)))
    assert "Nothing here yet" in text_of(client.get(url("lots", shop)))


def test_a_program_without_tiers_shows_none(client, db):
    shop = builders.open_program()
    portal_shop.join(shop, "anna", name="Anna")

    answer = enter(client, shop).get(url("home", shop))

    assert answer.context["climb"] is None
    assert answer.status_code == 200
