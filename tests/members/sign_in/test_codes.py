"""The code by e-mail: whoever reads it comes in, once, in the browser that asked."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django_scopes import scope

from members.models import Identity, User
from members.portal import codes
from tests.members.sign_in.visits import KNOWN, NOW, STRANGER, ask, code_in, enter, is_in, type_code, url


def another(code):
    return code[:-1] + next(letter for letter in codes.LETTERS if letter != code[-1])


def test_a_code_by_mail_opens_the_card(client, shop, anna):
    asked = ask(client, shop)
    entered = type_code(client, shop, code_in(mail.outbox[0]))

    assert asked.status_code == 302
    assert asked["Location"] == url("confirm", shop)
    assert mail.outbox[0].to == [KNOWN]
    assert "Harbour Lane" in mail.outbox[0].subject
    assert entered["Location"] == url("home", shop)
    assert client.get(url("home", shop)).context["member"] == anna


def test_the_user_is_made_at_the_first_sign_in_without_a_password(client, shop, anna):
    enter(client, shop)
    enter(Client(), shop)

    user = User.objects.get(email=KNOWN)
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified


def test_only_a_code_marks_the_address_as_verified(client, shop, anna):
    identity = lambda: Identity.objects.get(member=anna).verified_at  # noqa: E731

    ask(client, shop)
    with scope(program=shop):
        assert identity() is None
    type_code(client, shop, code_in(mail.outbox[0]))

    with scope(program=shop):
        assert identity() is not None


def test_the_code_is_taken_however_it_is_typed(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0]).lower()

    type_code(client, shop, f" {code[:3]}-{code[3:]} ")

    assert is_in(client, shop)


def test_the_address_is_found_however_it_is_typed(client, shop, anna):
    enter(client, shop, " ANNA@Example.com ")

    assert is_in(client, shop)


def test_the_session_gets_another_key(client, shop, anna):
    client.get(url("sign_in", shop))
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key

    enter(client, shop)

    assert client.session.session_key != before
    assert not client.session.exists(before)


def test_a_code_works_once(client, shop, anna):
    ask(client, shop)
    code, name = code_in(mail.outbox[0]), client.cookies["wafa_code"].value
    type_code(client, shop, code)
    thief = Client()
    thief.cookies["wafa_code"] = name

    answer = type_code(thief, shop, code)

    assert answer["Location"] == url("sign_in", shop)
    assert not is_in(thief, shop)


def test_of_two_that_redeem_at_once_one_comes_too_late(shop, anna):
    attempt = codes.begin(program=shop, email=KNOWN, language="en")
    codes.redeem(attempt=attempt, typed=attempt.code)

    with pytest.raises(codes.CodeEnded):
        codes.redeem(attempt=attempt, typed=attempt.code)


def test_a_code_works_only_in_the_browser_that_asked(client, shop, anna):
    ask(client, shop)
    other = Client()
    ask(other, shop, STRANGER)

    answer = type_code(other, shop, code_in(mail.outbox[0]))

    assert answer.status_code == 422
    assert not is_in(other, shop)


def test_five_wrong_codes_end_it(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0])

    answers = [type_code(client, shop, another(code)).status_code for _ in range(5)]
    last = type_code(client, shop, code)

    assert answers == [422] * 5
    assert last["Location"] == url("sign_in", shop)
    assert not is_in(client, shop)


def test_the_fifth_try_may_still_be_right(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0])
    for _ in range(4):
        type_code(client, shop, another(code))

    type_code(client, shop, code)

    assert is_in(client, shop)


@pytest.mark.parametrize(("minutes", "works"), [(14, True), (16, False)])
def test_a_code_lasts_fifteen_minutes(client, shop, anna, minutes, works):
    with time_machine.travel(NOW, tick=False) as clock:
        ask(client, shop)
        clock.shift(timedelta(minutes=minutes))

        type_code(client, shop, code_in(mail.outbox[0]))

        assert is_in(client, shop) is works


def test_a_new_code_ends_the_old_one_in_this_browser(client, shop, anna):
    ask(client, shop)
    ask(client, shop)

    answer = type_code(client, shop, code_in(mail.outbox[0]))

    assert answer.status_code == 422
