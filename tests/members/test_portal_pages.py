"""The member's own pages: what stands on them, who sees them, what they cost."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import segno
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from members.models import Identity, User
from members.portal import brands, people
from rewards import passcodes, settling
from rewards.views.portal import pages, uses
from tests.members import portal_shop
from tests.rewards import builders

PAGES = ("home", "card", "passcode", "lots", "history")
# Program, user, identity with member (the session comes from the cache), then what the page itself reads.
STATEMENTS = {"home": 17, "card": 3, "passcode": 3, "lots": 6, "history": 11}
# Home names what was spent on, as long as a spend is among its latest five.
AFTERWARDS = STATEMENTS | {"home": 16}


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(portal_shop.NOW, tick=False):
        yield


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def amelia(shop):
    return portal_shop.amelia(shop)


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def enter(client, shop, email="anna@example.com"):
    """Sign in as the code flow does, without its mail."""
    user = people.prove(program=shop, email=email, now=portal_shop.NOW)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "email": email, "at": 0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def text_of(answer):
    """What a reader reads: without tags, white space as one space."""
    body = re.sub(r"(?s)<(style|script|svg)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]*>", "", body).replace("\xa0", " ").split())


@pytest.fixture
def inside(client, shop, amelia):
    return enter(client, shop)


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


def test_a_name_is_text_and_never_markup(client, shop):
    portal_shop.join(shop, "anna", name="<script>alert(1)</script> {{ x }} %(y)s %s")

    body = enter(client, shop).get(url("home", shop)).content.decode()

    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


@pytest.mark.parametrize(
    ("chosen", "own", "browser", "expected"),
    [
        ("he", "ar", "fa", "he"),
        ("", "ar", "fa", "ar"),
        ("", "", "fa", "fa"),
        ("", "", "de", "en"),
        ("", "", "", "en"),
        ("xx", "ar", "fa", "ar"),
    ],
)
def test_the_language_is_the_chosen_the_members_the_browsers_the_programs(
    shop, chosen, own, browser, expected
):
    portal_shop.join(shop, "anna", language=own)
    client = Client(headers={"accept-language": browser} if browser else {})
    enter(client, shop)
    if chosen:
        client.cookies["django_language"] = chosen

    body = client.get(url("home", shop)).content.decode()

    direction = "ltr" if expected == "en" else "rtl"
    assert f'<html lang="{expected}" dir="{direction}"' in body


def test_a_language_the_program_does_not_speak_is_not_taken_from_the_browser(db):
    shop = portal_shop.open_shop(languages=["en"])
    client = Client(headers={"accept-language": "ar"})

    assert '<html lang="en"' in client.get(url("sign_in", shop)).content.decode()


def test_digits_and_calendar_are_the_readers(inside, shop):
    inside.cookies["django_language"] = "fa"

    body = text_of(inside.get(url("lots", shop)))

    assert "۶۹۹ ستاره" in body
    assert "۵ آذر ۱۴۰۵" in body


def test_a_staff_user_with_the_address_is_let_in_only_by_a_code(client, shop, amelia):
    user = User.objects.create_user("anna@example.com", "a long password", is_staff=True)
    client.force_login(user)

    assert client.get(url("home", shop)).status_code == 302
    assert people.prove(program=shop, email=user.email, now=portal_shop.NOW) == user
    user.refresh_from_db()
    assert user.has_usable_password()


# Colours

BRANDS = ["#0b4a5c", "#7a1f3d", "#24452f", "#ffd400", "#ffffff", "#000000", "#808080", "#ff0000", "#00b3a4"]


@pytest.mark.parametrize("brand", BRANDS)
def test_every_pair_of_the_brand_can_be_read(brand):
    tokens = dict(re.findall(r"(--[\w-]+): ([^;]+);", brands.sheet(brand)))
    light, dark = re.findall(r"#[0-9a-f]{6}", tokens["--brand-text"])
    pairs = {
        "text on brand": (tokens["--brand-on"], brand),
        "second on brand": (tokens["--brand-2"], brand),
        "text on second": (tokens["--on-brand-2"], tokens["--brand-2"]),
        "brand on paper": (light, brands.PAPER),
        "brand at night": (dark, brands.NIGHT),
    }

    assert {
        name: round(brands.contrast(*pair), 2) for name, pair in pairs.items() if brands.contrast(*pair) < 4.5
    } == {}


def test_a_good_brand_stays_as_it_is():
    assert "--brand: #0b4a5c;" in brands.sheet("#0b4a5c")
    assert "--brand-2: #ffb648;" in brands.sheet("#0b4a5c")
    assert "light-dark(#0b4a5c," in brands.sheet("#0b4a5c")


def test_contrast_is_that_of_wcag():
    assert brands.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert brands.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_browser_may_keep_the_colours_for_a_year_until_they_change(client, shop):
    page = client.get(url("sign_in", shop)).content.decode()
    address = re.search(r'href="([^"]*brand\.css[^"]*)"', page)[1]

    kept, plain = client.get(address), client.get(url("brand", shop))
    type(shop).objects.filter(pk=shop.pk).update(brand="#7a1f3d")
    changed = client.get(address)

    assert "immutable" in kept["Cache-Control"]
    assert kept["Content-Type"] == "text/css; charset=utf-8"
    assert "no-cache" in plain["Cache-Control"]
    assert "no-cache" in changed["Cache-Control"]
    assert b"#7a1f3d" in changed.content


def test_the_paper_of_the_brands_is_that_of_the_style_sheet():
    sheet = (Path(__file__).parents[2] / "static/css/portal.css").read_text()

    assert f"--sunk: light-dark({brands.PAPER}, {brands.NIGHT});" in sheet


def test_the_last_day_is_the_day_before_the_end(shop):
    from rewards.views.portal.words import last_day

    assert last_day(portal_shop.NOW.replace(hour=0)) == date(2026, 11, 20)


def test_what_ends_next_comes_with_its_best_use(client, shop, amelia):
    text = text_of(enter(client, shop).get(url("lots", shop)))

    assert "Use 40 Stars by 26 November 2026: they are worth £0.40, and then nothing is lost." in text
    # Orders 360, 200, 120, 30 and 3 days ago: gaps of 160, 80, 90 and 27 days.
    assert (
        "You usually come every 85 days, so your next visit, about 11 February 2027, would be too late"
        in text
    )


@pytest.mark.parametrize(
    ("days", "usual"),
    [((0,), None), ((0, 5), None), ((0, 5, 5), None), ((0, 5, 9), 4), ((0, 1, 2), 1), ((0, 7, 14, 100), 7)],
)
def test_the_rhythm_is_the_usual_gap_between_days_of_purchase(days, usual):
    visits = [portal_shop.NOW - timedelta(days=day) for day in days]

    assert uses.rhythm(visits) == usual


def test_a_visit_in_time_is_said_so(client, shop):
    portal_shop.join(shop, "anna")
    for days in (360, 355, 350, 8, 3):
        at = portal_shop.NOW - timedelta(days=days)
        builders.record(shop, builders.order(f"o{days}", at, 10_00))

    text = text_of(enter(client, shop).get(url("lots", shop)))

    assert "You usually come every 5 days, so your next visit, about 23 November 2026, is in time." in text


def test_the_code_to_spend_is_renewed_every_minute_by_the_page_itself(inside, shop, amelia):
    first = inside.get(url("passcode", shop))
    with time_machine.travel(portal_shop.NOW + timedelta(seconds=60), tick=False):
        second = inside.get(url("passcode", shop))

    code = passcodes.show(member=amelia, now=portal_shop.NOW).code
    assert f"{code[:4]} {code[4:]}" in text_of(first)
    assert code not in text_of(second).replace(" ", "")
    assert first["Refresh"] == "60"
    with time_machine.travel(portal_shop.NOW + timedelta(seconds=45), tick=False):
        assert inside.get(url("passcode", shop))["Refresh"] == "15"


def test_what_ended_is_asked_back_on_the_page_of_dates(inside, shop, amelia):
    builders.change_unit(shop, grace_days=30)
    late = portal_shop.NOW - timedelta(days=370)
    builders.record(shop, builders.order("old", late, 50_00), now=late + timedelta(minutes=1))
    settling.settle_due(program=shop, now=portal_shop.NOW)
    page = inside.get(url("lots", shop))
    lot = page.context["offers"][0].lot_id

    answer = inside.post(url("reinstate", shop), {"lot": lot}, follow=True)
    again = inside.post(url("reinstate", shop), {"lot": lot}, follow=True)

    assert "Ended a short while ago" in text_of(page)
    assert "You have it back." in text_of(answer)
    assert "Ended a short while ago" not in text_of(answer)
    assert "it was given back already" in text_of(again)
    assert inside.post(url("reinstate", shop), {"lot": "x"}).status_code == 404
