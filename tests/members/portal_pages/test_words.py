"""The pages of a member: languages, dates and their best use."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from members.models import User
from members.portal import people
from rewards import passcodes, settling
from rewards.views.portal import uses
from tests.members import portal_shop
from tests.members.portal_pages.visits import enter, text_of, url
from tests.rewards import builders


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
