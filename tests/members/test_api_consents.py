"""Consents over HTTP: what a shop was told by its customer, in force at once where the contact is known to be theirs."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members import consent
from members.models import ConsentChange, Identity, Member, Scope
from tests.members.api_shop import Shop
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

ANNA = {"name": "Anna", "contacts": [{"kind": "email", "value": "anna@example.com"}]}
MAILS = {"topic": "offers", "channel": "email", "is_given": True}


@pytest.fixture
def shop():
    return Shop(open_program())


@pytest.fixture
def path(shop):
    return f"members/{shop.post('members', ANNA).json()['id']}/consents"


def given(answer):
    return {(one["topic"], one["channel"]) for one in answer.json()["items"] if one["is_given"]}


def may_mail(shop):
    with scope(program=shop.program):
        member = Member.objects.get()
    return consent.has_consent(member=member, channel="email", topic="offers")


def test_nothing_is_allowed_until_it_is_given(shop, path):
    answer = shop.get(path)

    assert answer.status_code == 200
    assert given(answer) == set()
    assert {(one["channel"], one["topic"]) for one in answer.json()["items"]} == set(consent.ALL)


def test_a_consent_is_given_kept_with_its_source_and_taken_back(shop, path):
    answer = shop.post(path, {"items": [MAILS], "is_contact_proven": True})
    again = shop.post(path, {"items": [MAILS], "is_contact_proven": True})

    assert given(answer) == {("offers", "email")}
    assert again.json() == answer.json() == shop.get(path).json()
    assert may_mail(shop)

    back = shop.post(path, {"items": [MAILS | {"is_given": False}]})

    assert given(back) == set()
    assert not may_mail(shop)
    with scope(program=shop.program):
        changes = list(ConsentChange.objects.order_by("pk").values_list("source", "is_given"))
    assert changes == [("api", True), ("api", False)]


def test_for_a_contact_that_nobody_proved_it_waits(shop, path):
    answer = shop.post(path, {"items": [MAILS, MAILS | {"channel": "post"}]})

    waiting = [one["channel"] for one in answer.json()["items"] if one["waits_for_proof"]]
    assert (given(answer), waiting) == ({("offers", "post")}, ["email"])
    assert not may_mail(shop)


def test_a_contact_that_was_proven_here_needs_no_word_for_it(shop, path):
    with scope(program=shop.program):
        Identity.objects.update(verified_at="2026-01-01T00:00:00Z")

    assert given(shop.post(path, {"items": [MAILS]})) == {("offers", "email")}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [MAILS | {"topic": "weather"}]}, "items.0.topic"),
        ({"items": [MAILS, MAILS | {"topic": "surveys", "channel": "place"}]}, "items.1.channel"),
        ({"items": [{"topic": "offers", "channel": "email"}]}, "items.0.is_given"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(shop, path, content, field):
    answer = shop.post(path, content)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert given(shop.get(path)) == set()


def test_reading_does_not_write(shop, path):
    reader = Shop(shop.program, scopes=[Scope.MEMBERS_READ])

    assert reader.get(path).status_code == 200
    assert reader.post(path, {"items": [MAILS]}).json()["code"] == "scope_missing"
