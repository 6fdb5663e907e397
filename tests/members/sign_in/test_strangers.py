"""Signing in tells nothing of who is a member, and nobody keeps another from it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail, signing
from django.test import Client
from django_scopes import scope

from members.models import Member, User
from members.portal import codes, devices
from tests.members import portal_shop
from tests.members.sign_in.visits import KNOWN, NOW, STRANGER, ask, code_in, enter, is_in, type_code, url


def test_a_stranger_is_answered_as_a_member_is(shop, anna):
    def walk(email):
        """Status, place and body of every step, without what is drawn at random or was typed."""
        client, seen = Client(), []
        for step in (
            lambda: ask(client, shop, email),
            lambda: client.get(url("confirm", shop)),
            *[lambda: type_code(client, shop, "BCDFGH")] * 6,
            lambda: client.get(url("confirm", shop)),
            lambda: client.get(url("sign_in", shop)),
        ):
            answer = step()
            body = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": ")[^>}]*', "", answer.content.decode())
            cookies = {name: (m["path"], m["max-age"]) for name, m in client.cookies.items()}
            seen.append(
                (
                    answer.status_code,
                    answer.get("Location"),
                    body.replace(email, "…"),
                    sorted(cookies.items()),
                )
            )
        return seen

    assert walk(KNOWN) == walk(STRANGER)


def test_asking_does_the_same_work_for_a_stranger(
    shop, anna, django_assert_num_queries, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("members.tasks.send_code.delay", lambda *given: sent.append(given))

    for email in (KNOWN, STRANGER):
        with django_assert_num_queries(1):
            ask(Client(), shop, email)

    assert [len(given) for given in sent] == [2, 2]


def test_strangers_get_no_mail(client, shop, anna):
    ask(client, shop, STRANGER)

    assert mail.outbox == []


def test_the_code_of_a_stranger_opens_nothing(client, shop, anna):
    ask(client, shop, STRANGER)
    attempt = codes.find(program=shop, name=client.cookies["wafa_code"].value)

    type_code(client, shop, attempt.code)

    assert not is_in(client, shop)
    assert not User.objects.filter(email=STRANGER).exists()


def test_a_closed_member_stays_outside(client, shop, anna):
    enter(client, shop)
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.CLOSED)
    mail.outbox.clear()

    assert not is_in(client, shop)
    ask(client, shop)
    assert mail.outbox == []


def test_a_member_closed_after_the_code_was_sent_stays_outside(client, shop, anna):
    ask(client, shop)
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.CLOSED)

    type_code(client, shop, code_in(mail.outbox[0]))

    assert not is_in(client, shop)


def test_a_blocked_member_may_look(client, shop, anna):
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.BLOCKED)

    enter(client, shop)

    assert is_in(client, shop)


@pytest.mark.parametrize("email", [KNOWN, STRANGER])
def test_an_address_can_ask_five_times_in_a_quarter_of_an_hour(shop, anna, email):
    with time_machine.travel(NOW, tick=False) as clock:
        answers = [ask(Client(), shop, email).status_code for _ in range(6)]
        clock.shift(timedelta(minutes=16))
        later = ask(Client(), shop, email).status_code

    assert answers == [302] * 5 + [429]
    assert later == 302


def ask_from_everywhere(shop, email, times=60):
    """Strangers in many places who want no more than to be in the way; what each was answered."""
    places = [Client(REMOTE_ADDR=f"198.51.100.{number // 5}") for number in range(times)]
    return [ask(place, shop, email).status_code for place in places]


def test_a_stranger_who_asks_for_a_members_code_is_not_in_their_way(shop, anna):
    stranger, member = Client(REMOTE_ADDR="198.51.100.7"), Client(REMOTE_ADDR="203.0.113.9")
    answers = [ask(stranger, shop).status_code for _ in range(20)]

    assert answers == [302] * 5 + [429] * 15
    enter(member, shop)
    assert is_in(member, shop)


@pytest.mark.parametrize("email", [KNOWN, STRANGER])
def test_many_places_may_not_fill_one_mailbox(shop, anna, email):
    assert ask_from_everywhere(shop, email) == [302] * 40 + [429] * 20
    assert len(mail.outbox) == (40 if email == KNOWN else 0)


def test_where_a_member_has_signed_in_before_no_stranger_is_in_the_way(client, shop, anna):
    enter(client, shop)
    client.post(url("sign_out", shop))
    ask_from_everywhere(shop, KNOWN)
    assert ask(Client(REMOTE_ADDR="203.0.113.9"), shop).status_code == 429

    enter(client, shop)

    assert is_in(client, shop)
    client.post(url("sign_out", shop))
    # The way is not without limits.
    assert [ask(client, shop).status_code for _ in range(6)] == [302] * 4 + [429] * 2


def test_the_cookie_of_a_browser_is_for_the_address_that_was_proven_there_alone(client, shop, anna):
    enter(client, shop)
    other = portal_shop.join(shop, "bob")
    client.post(url("sign_out", shop))
    ask_from_everywhere(shop, "bob@example.com")

    assert ask(client, shop, "bob@example.com").status_code == 429
    assert other.program == shop


def test_the_cookie_of_a_browser_is_no_way_in_and_names_nobody(client, shop, anna):
    enter(client, shop)
    cookie = client.cookies[devices.COOKIE]
    thief = Client()
    thief.cookies[devices.COOKIE] = cookie.value

    assert not is_in(thief, shop)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (url("home", shop), True, "Lax")
    name, *digests = signing.loads(cookie.value, salt=devices.SALT)
    assert len(digests) == 1
    assert KNOWN not in name + digests[0]


@pytest.mark.parametrize(
    "change", [lambda value: value[:-2] + "xx", lambda _value: "", lambda _value: "a:b:c"]
)
def test_a_made_up_cookie_helps_nobody(client, shop, anna, change):
    enter(client, shop)
    client.post(url("sign_out", shop))
    client.cookies[devices.COOKIE] = change(client.cookies[devices.COOKIE].value)
    ask_from_everywhere(shop, KNOWN)

    assert ask(client, shop).status_code == 429


def test_asking_from_a_known_browser_does_the_same_work_for_everybody(client, shop, anna, django_assert_num_queries, monkeypatch):  # fmt: skip
    enter(client, shop)
    client.post(url("sign_out", shop))
    monkeypatch.setattr("members.tasks.send_code.delay", lambda *_given: None)

    for email in (KNOWN, STRANGER):
        with django_assert_num_queries(1):
            ask(client, shop, email)


def test_one_place_cannot_ask_for_everybody(shop, anna):
    answers = [ask(Client(), shop, f"someone{n}@example.com").status_code for n in range(31)]
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")

    assert answers == [302] * 30 + [429]
    assert ask(elsewhere, shop).status_code == 302


def test_one_place_cannot_try_for_ever(client, shop, anna):
    answers = []
    for number in range(13):
        ask(client, shop, f"someone{number}@example.com")
        answers += [type_code(client, shop, "BCDFGH").status_code for _ in range(5)]

    assert answers == [422] * 60 + [429] * 5
