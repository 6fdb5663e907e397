"""Joining on the web: one name, one contact, and no answer tells who is a member already."""

import re
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from members import consent, erasure, identities, proofs
from members.models import Event, Identity, Member, User
from members.portal import codes, people
from tests.members import portal_shop

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KNOWN, NEW = "anna@example.com", "zoe@example.com"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def anna(shop):
    return portal_shop.join(shop, "anna", name="Anna Hall")


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def ask(client, shop, contact=NEW, name="Zoe Reed", **others):
    facts = {"name": name, "contact": contact, "terms": "on"} | others
    return client.post(url("join", shop), {key: value for key, value in facts.items() if value})


def code_in(message):
    return re.search(rf"^ +([{codes.LETTERS}]{{{codes.LENGTH}}})$", message.body, flags=re.MULTILINE)[1]


def type_code(client, shop):
    return client.post(url("confirm", shop), {"code": code_in(mail.outbox[-1])})


def join(client, shop, *given, **more):
    ask(client, shop, *given, **more)
    return type_code(client, shop)


def is_in(client, shop):
    return client.get(url("home", shop)).status_code == 200


def members_of(shop):
    with scope(program=shop):
        return list(Member.objects.order_by("pk"))


def identity(shop, value):
    with scope(program=shop):
        return Identity.objects.filter(value=value).first()


def test_a_name_an_address_and_a_code_make_a_member(client, shop):
    asked = ask(client, shop)
    entered = type_code(client, shop)

    (member,) = members_of(shop)
    assert asked["Location"] == url("confirm", shop)
    assert entered["Location"] == url("home", shop)
    assert client.get(url("home", shop)).context["member"] == member
    assert (member.name, member.source, member.language) == ("Zoe Reed", "portal", "en")
    assert identity(shop, NEW).verified_at is not None
    assert EmailAddress.objects.get(email=NEW).verified


def test_nobody_is_made_before_the_code_was_typed(client, shop):
    ask(client, shop)

    assert members_of(shop) == []
    assert not User.objects.filter(email=NEW).exists()


def test_who_is_a_member_already_is_let_in_and_stays_who_they_are(client, shop, anna):
    join(client, shop, KNOWN, "Somebody Else")

    assert members_of(shop) == [anna]
    assert client.get(url("home", shop)).context["member"].name == "Anna Hall"


def test_a_member_and_a_stranger_are_answered_alike(shop, anna):
    def walk(email):
        client, seen = Client(), []
        for step in (
            lambda: ask(client, shop, email),
            lambda: client.get(url("confirm", shop)),
            lambda: client.post(url("confirm", shop), {"code": "BCDFGH"}),
            lambda: client.get(url("join", shop)),
        ):
            answer = step()
            body = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": ")[^>}]*', "", answer.content.decode())
            seen.append((answer.status_code, answer.get("Location"), body.replace(email, "…")))
        return seen

    assert walk(KNOWN) == walk(NEW)
    assert sorted(message.to[0] for message in mail.outbox) == [KNOWN, NEW]


def test_asking_does_the_same_work_whoever_it_is(shop, anna, django_assert_num_queries, monkeypatch):
    sent = []
    monkeypatch.setattr("members.tasks.send_code.delay", lambda *given: sent.append(given))
    monkeypatch.setattr("members.tasks.join_by_phone.delay", lambda *given: sent.append(given))
    with scope(program=shop):
        identities.add(member=anna, kind="phone", value="+447700900123")

    for contact in (KNOWN, NEW, "+447700900123", "+447700900124"):
        with django_assert_num_queries(1):
            ask(Client(), shop, contact)

    assert len(sent) == 4


def test_by_phone_the_till_finds_who_joined(client, shop):
    answer = ask(client, shop, "07700 900123")

    (member,) = members_of(shop)
    assert answer["Location"] == url("joined", shop)
    assert client.get(answer["Location"]).status_code == 200
    assert identity(shop, "+447700900123").member == member
    assert identity(shop, "+447700900123").verified_at is None
    assert not is_in(client, shop)


def test_a_phone_that_somebody_has_is_answered_alike(client, shop, anna):
    with scope(program=shop):
        identities.add(member=anna, kind="phone", value="+447700900123")

    answer = ask(client, shop, "+447700900123")

    assert answer["Location"] == url("joined", shop)
    assert members_of(shop) == [anna]


@pytest.mark.parametrize("field", ["name", "contact", "terms"])
def test_what_is_missing_is_said_at_its_field(client, shop, field):
    answer = ask(client, shop, **{field: ""})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert mail.outbox == []


@pytest.mark.parametrize(
    "contact", ["zoe@", "12", "zoe", "@", "+44", "a" * 255, "zoe@example.com\0", "\u202ezoe"]
)
def test_what_is_no_contact_is_refused(client, shop, contact):
    answer = ask(client, shop, contact)

    assert answer.status_code in (302, 422)
    assert members_of(shop) == []


def test_nothing_is_ticked_beforehand(client, shop):
    body = client.get(url("join", shop)).content.decode()

    assert body.count('type="checkbox"') == 2
    assert "checked" not in body


@pytest.mark.parametrize("offers", ["", "on"])
def test_offers_come_to_who_ticked_them(client, shop, offers):
    join(client, shop, offers=offers)

    (member,) = members_of(shop)
    assert consent.has_consent(member=member, channel="email", topic="offers") is bool(offers)
    assert not consent.has_consent(member=member, channel="sms", topic="offers")


def test_by_phone_offers_wait_until_somebody_proves_the_phone(client, shop):
    ask(client, shop, "+447700900123", offers="on")

    (member,) = members_of(shop)
    assert not consent.has_consent(member=member, channel="sms", topic="offers")
    with scope(program=shop):
        claim = Identity.objects.select_related("member__program").get(member=member)
    proofs.accept(claim=claim, source="till", now=NOW)
    assert consent.has_consent(member=member, channel="sms", topic="offers")


def test_joining_is_limited_by_address_and_by_place(shop):
    same = [ask(Client(), shop).status_code for _ in range(6)]
    cache.clear()
    many = [ask(Client(), shop, f"zoe{n}@example.com").status_code for n in range(31)]

    assert same == [302] * 5 + [429]
    assert many == [302] * 30 + [429]


def test_a_closed_card_is_not_joined_anew(client, shop, anna):
    with scope(program=shop):
        Member.objects.update(state="closed")

    answer = join(client, shop, KNOWN)

    assert answer["Location"] == url("sign_in", shop)
    assert members_of(shop) == [anna]
    assert not is_in(client, shop)


def test_the_code_for_joining_deletes_nobody(client, shop, anna):
    """Each code is good for its own purpose: else a stolen page could turn one into another."""
    joining = codes.begin(program=shop, email=KNOWN, language="en", purpose=codes.Purpose.JOIN)
    leaving = codes.Attempt(joining.name, shop.pk, KNOWN, "en", purpose=codes.Purpose.LEAVE)

    assert joining.code != leaving.code


def test_who_can_read_the_mail_is_right_about_an_address(client, shop, anna):
    """A member proven by one address named another one, whose owner comes."""
    people.prove(program=shop, email=KNOWN, now=NOW)
    with scope(program=shop):
        identities.add(member=anna, kind="email", value=NEW)

    join(client, shop)

    _anna, zoe = members_of(shop)
    assert identity(shop, NEW).member == zoe
    assert client.get(url("home", shop)).context["member"] == zoe
    with scope(program=shop):
        assert Event.objects.filter(
            kind="identity.displaced", holder_id=anna.pk, data={"kind": "email"}
        ).exists()


def test_an_address_that_was_only_named_opens_no_card(client, shop, anna):
    people.prove(program=shop, email=KNOWN, now=NOW)
    with scope(program=shop):
        identities.add(member=anna, kind="email", value=NEW)

    client.post(url("sign_in", shop), {"email": NEW})
    type_code(client, shop)

    assert not is_in(client, shop)


def test_a_member_that_nobody_proved_is_claimed_by_the_first_who_does(client, shop, anna):
    with scope(program=shop):
        identities.add(member=anna, kind="email", value=NEW)

    join(client, shop)

    assert client.get(url("home", shop)).context["member"] == anna


def test_who_left_may_come_back_and_inherits_nothing(client, shop):
    old = portal_shop.amelia(shop)
    erasure.erase(member=old, now=NOW)

    join(client, shop, KNOWN, "Amelia")

    page = client.get(url("home", shop))
    assert page.context["member"].pk != old.pk
    assert page.context["balance"] is None


def test_who_is_in_already_sees_the_card(client, shop):
    join(client, shop)

    assert client.get(url("join", shop))["Location"] == url("home", shop)
