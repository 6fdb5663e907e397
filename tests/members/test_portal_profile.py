"""What a member decides alone: details, language, consents, the data to take along, the account to delete."""

import csv
import io
import json
import re
import zipfile
from datetime import date

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from members import consent
from members.models import Address, Event, Identity, Member, Note, Preference, Store, User
from members.portal import codes, people
from rewards import checking
from tests.members import portal_shop, teams
from tests.members.portal_pages.visits import enter, text_of
from tests.rewards import builders

PERSONAL = ("profile", "address", "consents", "statement", "statement_file", "leave")


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(portal_shop.NOW, tick=False):
        yield


@pytest.fixture
def shop(db):
    shop = portal_shop.open_shop()
    with scope(program=shop):
        Store.objects.create(program=shop, code="quay", name="The Quay")
    return shop


@pytest.fixture
def amelia(shop):
    return portal_shop.amelia(shop)


@pytest.fixture
def inside(client, shop, amelia):
    return enter(client, shop)


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def fresh(member):
    with scope(program=member.program):
        return Member.objects.get(pk=member.pk)


def save(client, shop, **facts):
    given = {"name": "Amelia Hart", "language": "", "likes": ""} | facts
    return client.post(url("profile", shop), given)


@pytest.mark.parametrize("name", PERSONAL)
def test_it_works(inside, shop, name):
    assert inside.get(url(name, shop)).status_code == 200


@pytest.mark.parametrize("name", PERSONAL)
def test_strangers_are_led_to_sign_in(shop, amelia, name):
    answer = Client().get(url(name, shop))

    assert answer.status_code == 302
    assert answer["Location"].startswith(url("sign_in", shop))


@pytest.mark.parametrize("name", ["download", "leave", "leave_code", "consents", "profile"])
def test_strangers_change_and_take_nothing(shop, amelia, name):
    answer = Client().post(url(name, shop), {"code": "BCDFGH"})

    assert answer.status_code == 302
    assert fresh(amelia).name == "Amelia Hart"


def test_the_member_of_another_program_is_nobody_here(inside, shop):
    other = portal_shop.open_shop()

    assert inside.get(url("profile", other))["Location"].startswith(url("sign_in", other))
    assert inside.post(url("download", other)).status_code == 302


def test_details_are_kept(inside, shop, amelia):
    with scope(program=shop):
        store = Store.objects.get()

    answer = save(
        inside,
        shop,
        name="Amelia Stone",
        birthday="1990-02-03",
        language="fa",
        store=store.pk,
        likes="tea, tea، شمع",
    )

    member = fresh(amelia)
    assert answer.status_code == 302
    assert (member.name, member.birthday, member.language) == ("Amelia Stone", date(1990, 2, 3), "fa")
    with scope(program=shop):
        kept = Preference.objects.get(member=amelia)
        event = Event.objects.get(kind="member.changed")
    assert (kept.store, kept.likes) == (store, ["tea", "شمع"])
    assert event.data == {"fields": ["birthday", "language", "likes", "name", "store"]}


def test_what_stays_as_it_was_is_not_told(inside, shop):
    save(inside, shop)

    with scope(program=shop):
        assert not Event.objects.filter(kind="member.changed").exists()


def test_an_address_is_kept_shown_and_taken_back(inside, shop, amelia):
    typed = {"lines": "12 Harbour Lane\r\nFlat 2", "postcode": "BS1 4RN", "city": "Bristol", "country": "GB"}

    empty = inside.get(url("address", shop)).text
    answer = inside.post(url("address", shop), typed)
    shown = inside.get(url("profile", shop)).text
    inside.post(url("address", shop), {"lines": "", "postcode": "", "city": "", "country": "GB"})

    assert "You have not agreed to post" in empty
    assert answer.status_code == 302
    assert all(text in shown for text in ("12 Harbour Lane", "Flat 2", "BS1 4RN Bristol"))
    with scope(program=shop):
        assert not Address.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"city": ""}, "city"),
        ({"lines": ""}, "lines"),
        ({"lines": "a\nb\nc\nd\ne"}, "lines"),
        ({"country": ""}, "country"),
    ],
)
def test_half_an_address_is_refused_where_it_is_missing(inside, shop, change, field):
    typed = {"lines": "12 Harbour Lane", "postcode": "", "city": "Bristol", "country": "GB"}

    answer = inside.post(url("address", shop), typed | change)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    with scope(program=shop):
        assert not Address.objects.exists()


def test_who_agreed_to_post_is_not_asked_again(inside, shop, amelia):
    consent.grant(member=amelia, channel="post", topic="offers", source="portal", now=portal_shop.NOW)

    assert "You have not agreed to post" not in inside.get(url("address", shop)).text


def test_the_birthday_is_said_once(inside, shop, amelia):
    save(inside, shop, birthday="1990-02-03")
    save(inside, shop, birthday="1991-03-04")

    assert fresh(amelia).birthday == date(1990, 2, 3)
    assert b'name="birthday"' not in inside.get(url("profile", shop)).content


@pytest.mark.parametrize("day", ["2026-11-22", "1890-01-01", "not a day", "1990-02-30"])
def test_what_is_no_birthday_is_said_at_its_field(inside, shop, amelia, day):
    answer = save(inside, shop, birthday=day)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["birthday"]
    assert fresh(amelia).birthday is None


def test_a_store_of_another_program_cannot_be_chosen(inside, shop):
    other = portal_shop.open_shop()
    with scope(program=other):
        foreign = Store.objects.create(program=other, code="x", name="X")

    assert save(inside, shop, store=foreign.pk).status_code == 422


def test_the_switch_is_for_this_browser_and_for_the_member(inside, shop, amelia):
    answer = inside.post(url("language", shop), {"language": "ar", "next": url("lots", shop)})

    assert answer["Location"] == url("lots", shop)
    assert fresh(amelia).language == "ar"
    assert 'lang="ar" dir="rtl"' in inside.get(url("home", shop)).content.decode()
    elsewhere = enter(Client(headers={"accept-language": "fa"}), shop)
    assert 'lang="ar"' in elsewhere.get(url("home", shop)).content.decode()


@pytest.mark.parametrize(
    ("language", "then"), [("xx", "/"), ("ar", "https://evil.example/"), ("", "//evil.example")]
)
def test_the_switch_leads_nowhere_else(shop, language, then):
    answer = Client().post(url("language", shop), {"language": language, "next": then})

    assert answer["Location"] == url("home", shop)


def test_consents_are_given_and_taken_back_in_one_table(inside, shop, amelia):
    inside.post(url("consents", shop), {"allow": ["offers-email", "reminders-push", "gossip-pigeon"]})
    given = {state.key for state in consent.states_of(member=amelia) if state.is_given}

    inside.post(url("consents", shop), {"allow": ["reminders-push"]})

    assert given == {"offers-email", "reminders-push"}
    assert {state.key for state in consent.states_of(member=amelia) if state.is_given} == {"reminders-push"}
    assert {change.source for change in consent.history_of(member=amelia)} == {"portal"}
    assert inside.get(url("consents", shop)).content.decode().count(" checked>") == 1


def test_text_messages_wait_for_the_proof_of_a_phone_and_the_page_says_so(inside, shop, amelia):
    inside.post(url("consents", shop), {"allow": ["offers-sms", "offers-email"]})

    body = inside.get(url("consents", shop)).content.decode()
    assert not consent.has_consent(member=amelia, channel="sms", topic="offers")
    assert consent.has_consent(member=amelia, channel="email", topic="offers")
    assert (body.count(" checked>"), body.count("once the number is proven")) == (2, 1)

    # Kept as it stands, the wish stays; without the tick it goes.
    inside.post(url("consents", shop), {"allow": ["offers-sms", "offers-email"]})
    assert inside.get(url("consents", shop)).content.decode().count("once the number is proven") == 1
    inside.post(url("consents", shop), {"allow": ["offers-email"]})
    assert "once the number is proven" not in inside.get(url("consents", shop)).content.decode()


def test_all_data_comes_in_one_archive(inside, shop, amelia):
    consent.grant(member=amelia, channel="email", topic="offers", source="portal", now=portal_shop.NOW)
    with scope(program=shop):
        Note.objects.create(program=shop, member=amelia, author=teams.hire(shop), text="likes tea")
        Member.objects.filter(pk=amelia.pk).update(tags=["=HYPERLINK(1)"])

    answer = inside.post(url("download", shop))

    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    data = json.loads(archive.read("data.json"))
    statement = json.loads(archive.read("statement.json"))
    assert answer["Content-Type"] == "application/zip"
    assert data["profile"][0]["name"] == "Amelia Hart"
    assert data["identities"][0]["value"] == "anna@example.com"
    assert [order["external_id"] for order in data["orders"]] == ["1001", "1002", "1003", "1004", "1005"]
    assert {line["sku"] for line in data["order_lines"]} >= {"candle", "lamp"}
    assert data["consents"][0]["topic"] == "offers"
    assert data["notes"][0]["text"] == "likes tea"
    assert len(statement["wallets"][0]["entries"]) > 5
    orders = list(csv.reader(io.StringIO(archive.read("orders.csv").decode("utf-8-sig"))))
    assert len(orders) == 6


def test_no_cell_is_a_formula(inside, shop, amelia):
    save(inside, shop, name="＝HYPERLINK(1)")

    archive = zipfile.ZipFile(io.BytesIO(inside.post(url("download", shop)).getvalue()))

    rows = list(csv.DictReader(io.StringIO(archive.read("profile.csv").decode("utf-8-sig"))))
    assert rows[0]["name"] == "'＝HYPERLINK(1)"


def test_the_archive_holds_nobody_else(inside, shop):
    portal_shop.join(shop, "bob", name="Bob Marker")
    builders.record(shop, builders.order("9001", portal_shop.NOW, 1000, member="bob"))

    whole = (
        zipfile.ZipFile(io.BytesIO(inside.post(url("download", shop)).getvalue())).read("data.json").decode()
    )

    assert "Bob Marker" not in whole
    assert "bob@example.com" not in whole
    assert "9001" not in whole


def code_in(message):
    return re.search(rf"^ +([{codes.LETTERS}]{{{codes.LENGTH}}})$", message.body, flags=re.MULTILINE)[1]


def test_leaving_says_what_happens(inside, shop):
    text = text_of(inside.get(url("leave", shop)))

    assert (
        "You lose 699 Stars ." in text.replace("\u2068", "").replace("\u2069", "")
        or "You lose 699 Stars." in text
    )
    assert "worth £6.99" in text


def test_the_code_of_the_page_deletes_the_account(inside, shop, amelia):
    asked = inside.post(url("leave", shop))
    message = mail.outbox[-1]
    done = inside.post(url("leave_code", shop), {"code": code_in(message)})

    assert asked["Location"] == url("leave_code", shop)
    assert "deletes your account" in message.subject
    assert done["Location"] == url("goodbye", shop)
    assert inside.get(done["Location"]).status_code == 200
    assert inside.get(url("home", shop)).status_code == 302
    assert fresh(amelia).name == ""
    assert not User.objects.filter(email="anna@example.com").exists()
    assert checking.run(program=shop, verify=True).wrong == 0


def test_every_browser_is_signed_out_and_no_session_is_left(shop, amelia):
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.post(url("sign_in", shop), {"email": "anna@example.com"})
        browser.post(url("confirm", shop), {"code": code_in(mail.outbox[-1])})
        assert browser.get(url("home", shop)).status_code == 200

    browsers[0].post(url("leave", shop))
    browsers[0].post(url("leave_code", shop), {"code": code_in(mail.outbox[-1])})

    assert browsers[1].get(url("home", shop)).status_code == 302
    assert [s for s in Session.objects.all() if "_auth_user_id" in s.get_decoded()] == []


def test_a_wrong_code_deletes_nothing(inside, shop, amelia):
    inside.post(url("leave", shop))

    answer = inside.post(url("leave_code", shop), {"code": "BCDFGH"})

    assert answer.status_code == 422
    assert fresh(amelia).name == "Amelia Hart"


def test_five_wrong_codes_end_it(inside, shop, amelia):
    inside.post(url("leave", shop))
    right = code_in(mail.outbox[-1])
    for _ in range(5):
        inside.post(url("leave_code", shop), {"code": "BCDFGH"})

    answer = inside.post(url("leave_code", shop), {"code": right})

    assert answer["Location"] == url("leave", shop)
    assert fresh(amelia).name == "Amelia Hart"


def test_the_code_of_the_sign_in_deletes_nothing(inside, shop, amelia):
    visitor = Client()
    visitor.post(url("sign_in", shop), {"email": "anna@example.com"})
    inside.cookies["wafa_leave"] = visitor.cookies["wafa_code"].value

    answer = inside.post(url("leave_code", shop), {"code": code_in(mail.outbox[-1])})

    assert answer["Location"] == url("leave", shop)
    assert fresh(amelia).name == "Amelia Hart"


def test_the_code_of_another_member_deletes_nobody(inside, shop, amelia):
    portal_shop.join(shop, "bob", name="Bob")
    other = enter(Client(), shop, "bob@example.com")
    other.post(url("leave", shop))
    inside.cookies["wafa_leave"] = other.cookies["wafa_leave"].value

    inside.post(url("leave_code", shop), {"code": code_in(mail.outbox[-1])})

    assert fresh(amelia).name == "Amelia Hart"


def test_a_password_opens_the_card_once_the_address_was_proven(shop, amelia):
    user = people.prove(program=shop, email="anna@example.com", now=portal_shop.NOW)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()

    opened = client.get(url("home", shop)).status_code
    with scope(program=shop):
        Identity.objects.update(verified_at=None)

    assert opened == 200
    assert client.get(url("home", shop)).status_code == 302
