"""The ways in and out of the portal: where they lead, what is typed, what the mail says."""

import re

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from members.models import User
from members.portal import codes
from tests.members import portal_shop
from tests.members.sign_in.visits import KNOWN, STRANGER, ask, code_in, enter, is_in, type_code, url

NAUGHTY = (
    "\0", "\x1b[31m@example.com", "\u202eanna@example.com", "\ufeffanna@example.com", "anna\u200b@example.com",
    "anna@example.com\nBcc: who@example.com", "anna@example.com\r\nSubject: x", "'; DROP TABLE members_member;--",
    "\" OR 1=1 --@example.com", "<script>alert(1)</script>@example.com", "{{ program }}@example.com", "${7*7}", "%n%s%d",
    "../../etc/passwd", "ａｎｎａ@ｅｘａｍｐｌｅ.com", "anna@exämple.com", "آنا@مثال.ایران", "𝐚𝐧𝐧𝐚@example.com", "😀@example.com",
    "İ@example.com", "ß@example.com", "a@" + "b" * 300 + ".com", "a" * 100_000, "nan", "None", "[]", "-1", "٣",
)  # fmt: skip


def test_a_password_alone_opens_no_card(client, shop, anna):
    user = User.objects.create_user(KNOWN, "a long password")

    client.force_login(user)

    assert not is_in(client, shop)


def test_a_password_that_came_before_the_proof_is_void(client, shop, anna):
    User.objects.create_user(KNOWN, "chosen by somebody else")

    enter(client, shop)

    assert not User.objects.get(email=KNOWN).has_usable_password()


def test_one_user_is_a_member_of_two_programs(client, shop, anna):
    other = portal_shop.open_shop()
    twin = portal_shop.join(other, "anna", name="Anna Elsewhere")
    enter(client, shop)

    before = is_in(client, other)
    enter(client, other)

    assert before is False
    assert client.get(url("home", other)).context["member"] == twin
    assert client.get(url("home", shop)).context["member"] == anna
    assert User.objects.filter(email=KNOWN).count() == 1


def test_a_code_of_one_program_does_not_open_another(client, shop, anna):
    other = portal_shop.open_shop()
    portal_shop.join(other, "anna")
    ask(client, shop)
    name = client.cookies["wafa_code"].value

    client.cookies["wafa_code"] = name
    answer = type_code(client, other, code_in(mail.outbox[0]))

    assert answer["Location"] == url("sign_in", other)
    assert not is_in(client, other)


def test_other_ways_in_lead_back_to_the_card(client, shop):
    page = client.get(url("sign_in", shop)).content.decode()

    assert f'href="/accounts/login/?next={url("home", shop).replace("/", "%2F")}"' in page


def test_signing_out_ends_the_session(client, shop, anna):
    enter(client, shop)

    client.post(url("sign_out", shop))

    assert not is_in(client, shop)
    assert get_user(client) == AnonymousUser()


def test_signing_out_needs_a_post(client, shop, anna):
    enter(client, shop)

    assert client.get(url("sign_out", shop)).status_code == 405
    assert is_in(client, shop)


def test_the_way_leads_back_to_the_page_that_was_asked_for(client, shop, anna):
    away = client.get(url("history", shop))
    client.get(away["Location"])
    ask(client, shop, next=url("history", shop))

    entered = type_code(client, shop, code_in(mail.outbox[0]))

    assert away["Location"] == f"{url('sign_in', shop)}?next={url('history', shop).replace('/', '%2F')}"
    assert entered["Location"] == url("history", shop)


def test_sending_again_remembers_the_way(client, shop, anna):
    ask(client, shop, next=url("history", shop))
    page = client.get(url("confirm", shop)).content.decode()

    assert f'<input type="hidden" name="next" value="{url("history", shop)}">' in page
    assert f'<input type="hidden" name="email" value="{KNOWN}">' in page


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/p/other/", "/p/../admin/"])
def test_the_way_never_leads_out_of_the_portal(client, shop, anna, then):
    ask(client, shop, next=then)

    assert type_code(client, shop, code_in(mail.outbox[0]))["Location"] == url("home", shop)


@pytest.mark.parametrize("typed", ["", "no address", "a@b", "@", "a" * 250 + "@example.com"])
def test_what_is_no_address_is_said_at_its_field(client, shop, typed):
    answer = ask(client, shop, typed)

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content


def test_any_text_at_all_is_refused_politely(shop, anna):
    cache.clear()
    statuses = set()
    for text in NAUGHTY:
        statuses.add(ask(Client(), shop, text).status_code)
        cache.clear()

    assert statuses <= {302, 422}


def test_any_text_at_all_is_a_wrong_code(client, shop, anna):
    statuses = set()
    for text in NAUGHTY:
        cache.clear()
        ask(client, shop)
        statuses.add(type_code(client, shop, text).status_code)

    assert statuses == {422}


def test_the_mail_speaks_the_members_language(client, shop):
    portal_shop.join(shop, "anna", name="آمنة", language="ar")

    ask(client, shop)

    assert re.search("[\u0600-\u06ff]", mail.outbox[0].subject)


@pytest.mark.parametrize(
    ("is_demo", "email", "shown"),
    [
        (True, codes.DEMO_CUSTOMER, True),
        (True, KNOWN, False),
        (True, STRANGER, False),
        (False, codes.DEMO_CUSTOMER, False),
    ],
)
def test_the_page_shows_a_code_to_the_demos_customer_alone(client, db, is_demo, email, shown):
    shop = portal_shop.open_shop(is_demo=is_demo)
    portal_shop.join(shop, "customer")
    portal_shop.join(shop, "anna")

    ask(client, shop, email)
    page = client.get(url("confirm", shop))
    code = codes.find(program=shop, name=client.cookies["wafa_code"].value).code

    assert (code in page.content.decode()) is shown


def test_the_code_cookie_is_out_of_reach_for_scripts_and_other_sites(client, shop):
    ask(client, shop)

    cookie = client.cookies["wafa_code"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == url("home", shop)


def test_the_code_is_neither_in_the_cache_nor_in_the_cookie(client, shop, anna):
    ask(client, shop)

    code = code_in(mail.outbox[0])
    name = client.cookies["wafa_code"].value
    assert code not in name
    assert code not in str(cache.get(f"portal-code:{name}"))


def test_the_only_portal_is_found_from_the_root(client, shop):
    assert client.get(reverse("portal:root"))["Location"] == url("home", shop)

    portal_shop.open_shop()
    assert client.get(reverse("portal:root")).status_code == 404


def test_a_program_that_is_not_there_is_not_found(client, db):
    assert client.get(reverse("portal:sign_in", args=["nowhere"])).status_code == 404
