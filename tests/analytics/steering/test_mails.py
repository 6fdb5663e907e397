"""E-mails to the team: to whoever asked, in the own language, once, and ended by one click."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django_scopes import scope

from analytics import tasks
from analytics.models import Alert, Subscription
from analytics.saved import subscriptions
from analytics.views.saved import letters
from members.models import Role, TeamMembership
from tests.analytics.steering.worlds import TODAY
from tests.members.teams import hire, signed_in
from tests.rewards.builders import moment, open_program

pytestmark = pytest.mark.django_db

NOW = moment("2026-11-23T08:00")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program():
    return open_program()


def stall(program, day=TODAY, subject=""):
    with scope(program=program):
        return Alert.objects.create(
            program=program,
            kind="stalled_tiers",
            subject=subject,
            facts={"active": 60, "days": 60, "near": 7},
            remedy={"kind": "journey", "preset": "tier-near"},
            raised_on=day,
            seen_on=day,
        )


def ask(program, user, what="alerts"):
    return subscriptions.begin(program=program, user=user, what=what, site="https://shop.example/", now=NOW)


def html_of(message):
    return message.alternatives[0].content


def test_new_alerts_are_told_once_to_who_asked(program):
    user = hire(program, Role.ANALYST)
    hire(program, Role.OWNER)
    ask(program, user)
    stall(program)

    assert (tasks.write_to_staff(), tasks.write_to_staff()) == (1, 0)
    (message,) = mail.outbox
    assert message.to == [user.email]
    assert message.subject == "1 new alert: Shop"
    assert "Nobody climbs the tiers" in message.body
    assert "7 of all members are close to the next tier." in html_of(message)
    assert f"https://shop.example/dashboard/{program.slug}/alerts/" in message.body


def test_what_was_told_is_not_told_the_next_day(program):
    ask(program, hire(program))
    stall(program)
    tasks.write_to_staff()

    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert tasks.write_to_staff() == 0
        stall(program, TODAY + timedelta(days=1), "other")
        assert tasks.write_to_staff() == 1


def test_one_whose_mail_cannot_be_written_holds_up_nobody(program, monkeypatch, caplog):
    first, second = hire(program), hire(program)
    for user in (first, second):
        ask(program, user)
    stall(program)
    compose = letters.compose

    def fail(row, content):
        if row.user_id == first.pk:
            raise KeyError("subject")
        return compose(row, content)

    monkeypatch.setattr(letters, "compose", fail)

    assert tasks.write_to_staff() == 1
    assert [message.to for message in mail.outbox] == [[second.email]]
    assert "a mail to staff failed" in caplog.text


@pytest.mark.parametrize("language", ["ar", "he", "fa"])
def test_the_mail_runs_in_the_readers_direction(program, language):
    ask(program, hire(program, language=language))
    stall(program)

    tasks.write_to_staff()

    assert f'<html lang="{language}" dir="rtl">' in html_of(mail.outbox[0])


def test_who_has_left_the_team_or_only_sells_gets_none(program):
    gone, cashier = hire(program), hire(program, Role.CASHIER)
    for user in (gone, cashier):
        ask(program, user)
    TeamMembership.objects.filter(user=gone).delete()
    stall(program)

    assert tasks.write_to_staff() == 0


def test_the_link_of_the_mail_ends_it(program):
    ask(program, hire(program))
    stall(program)
    tasks.write_to_staff()
    (message,) = mail.outbox
    link = re.search(r"https://shop.example(/e-mails/\S+/)", message.body)[1]
    browser = Client(enforce_csrf_checks=True)

    asked = browser.get(link)
    with scope(program=program):
        assert Subscription.objects.count() == 1
    done = browser.post(link, {"List-Unsubscribe": "One-Click"})

    assert message.extra_headers["List-Unsubscribe"] == f"<https://shop.example{link}>"
    assert (asked.status_code, done.status_code) == (200, 200)
    with scope(program=program):
        assert not Subscription.objects.exists()
    assert browser.post(link).status_code == 200  # the same for one that has ended
    assert browser.post("/e-mails/made:up/").status_code == 200


def test_the_button_begins_and_ends_it(program):
    user = hire(program, Role.ANALYST)
    staff, address = signed_in(user), f"/dashboard/{program.slug}/alerts/mails/"

    staff.post(address)
    with scope(program=program):
        assert Subscription.objects.get().user == user
        assert Subscription.objects.get().site == "http://testserver"
    staff.post(address)

    with scope(program=program):
        assert not Subscription.objects.exists()
