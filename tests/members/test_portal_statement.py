"""The statement on its page, as a file, and the public page that says whether it is genuine."""

import json
import re

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from members import erasure
from rewards import statements
from tests.members import portal_shop
from tests.members.portal_pages.visits import enter, text_of
from tests.rewards import builders


@pytest.fixture(autouse=True)
def _now():
    cache.clear()
    with time_machine.travel(portal_shop.NOW, tick=False):
        yield


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def amelia(shop):
    return portal_shop.amelia(shop)


@pytest.fixture
def inside(client, shop, amelia):
    return enter(client, shop)


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def code_on(page):
    return re.search(r'id="code">([^<]+)<', page.content.decode())[1]


def check(shop, **given):
    return Client().post(url("verify", shop), given)


def upload(content):
    return SimpleUploadedFile("statement.json", content, content_type="application/json")


def test_the_page_holds_every_entry_with_its_digest(inside, shop):
    body = inside.get(url("statement", shop)).content.decode()

    found = builders.entries(shop)
    assert body.count("<tr>") == len(found) + 1
    assert all(bytes(entry.digest).hex()[:12] in body for entry in found)
    assert bytes(found[-1].digest).hex() in body


def test_its_code_is_genuine_for_anybody(inside, shop, amelia):
    code = code_on(inside.get(url("statement", shop)))

    for answer in (check(shop, code=code), Client().get(url("verify", shop), {"code": code})):
        assert answer.status_code == 200
        assert answer.context["state"] == "genuine"
        assert amelia.number in answer.content.decode()
        assert "699" in answer.content.decode()


def test_the_public_page_names_nobody(inside, shop):
    code = code_on(inside.get(url("statement", shop)))
    file = inside.get(url("statement_file", shop)).content

    for answer in (check(shop, code=code), check(shop, file=upload(file))):
        body = answer.content.decode()
        assert "Amelia" not in body
        assert "anna@example.com" not in body
        assert "Sign out" not in body


def test_its_file_is_genuine_and_a_changed_one_is_not(inside, shop):
    answer = inside.get(url("statement_file", shop))
    document = json.loads(answer.content)
    genuine = check(shop, file=upload(answer.content))
    document["wallets"][0]["entries"][3]["active_change"] += 1

    altered = check(shop, file=upload(json.dumps(document).encode()))

    assert 'filename="' in answer["Content-Disposition"]
    assert (genuine.status_code, genuine.context["state"]) == (200, "genuine")
    assert (altered.status_code, altered.context["state"]) == (422, "altered")
    assert "Entry 4 does not fit" in text_of(altered)


def test_it_stays_genuine_after_the_person_is_gone(inside, shop, amelia):
    code = code_on(inside.get(url("statement", shop)))

    erasure.erase(member=amelia, now=portal_shop.NOW)

    assert check(shop, code=code).context["state"] == "genuine"


def test_another_program_sends_it_away(inside, shop):
    code = code_on(inside.get(url("statement", shop)))

    assert check(portal_shop.open_shop(), code=code).context["state"] == "foreign"


@pytest.mark.parametrize("given", [{"code": "W1.x"}, {"code": "<script>"}, {"code": "\0"}, {"file": "x"}])
def test_nonsense_is_answered_politely(shop, given):
    if "file" in given:
        given = {"file": upload(b"\xff\xfe not json")}

    answer = check(shop, **given)

    assert (answer.status_code, answer.context["state"]) == (422, "unreadable")


def test_nothing_at_all_is_said_at_the_form(shop):
    answer = check(shop)

    assert answer.status_code == 422
    assert "Paste a code" in answer.content.decode()


def test_checking_is_limited(shop):
    answers = {check(shop, code="W1.x").status_code for _ in range(60)}

    assert answers == {422}
    assert check(shop, code="W1.x").status_code == 429


def test_the_public_keys_are_there_for_everybody(shop, amelia):
    with scope(program=shop):
        key = statements.make(program=shop, member=amelia, now=portal_shop.NOW).document()["key"]

    found = Client().get(url("verify_keys", shop)).json()

    assert found["algorithm"] == "Ed25519"
    assert key in found["keys"]


def test_the_page_reads_as_little_for_many_entries(inside, shop, django_assert_num_queries):
    inside.get(url("statement", shop))

    # Program, user, identity; wallets, entries, lots, orders.
    with django_assert_num_queries(7):
        inside.get(url("statement", shop))
