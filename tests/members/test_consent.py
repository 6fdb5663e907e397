"""Consent: off until given, per channel and topic, every change kept, and another member's is not touched."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django_scopes import scope
from psycopg import errors

from members import consent, people, proofs
from members.models import Consent, ConsentChange, Identity
from tests.rewards import builders

NOW = builders.moment("2026-05-01")


@pytest.fixture
def program(db):
    return builders.open_program()


@pytest.fixture
def anna(program):
    return builders.join(program, "anna")


def give(member, channel="email", topic="offers", now=NOW):
    return consent.grant(member=member, channel=channel, topic=topic, source="portal", now=now)


def allowed(member, channel="email", topic="offers"):
    return consent.has_consent(member=member, channel=channel, topic=topic)


def test_nothing_is_allowed_by_default(anna):
    states = consent.states_of(member=anna)

    assert len(states) == len(consent.ALL)
    assert not any(state.is_given or state.since for state in states)
    assert not allowed(anna)


def test_it_is_given_for_one_channel_and_topic_alone(anna):
    assert give(anna)

    given = {(state.channel, state.topic) for state in consent.states_of(member=anna) if state.is_given}
    assert given == {("email", "offers")}
    assert allowed(anna)
    assert not allowed(anna, channel="sms")
    assert not allowed(anna, topic="surveys")


def test_it_is_taken_back_and_the_history_says_when(anna):
    give(anna)
    later = NOW + timedelta(days=3)

    consent.withdraw(member=anna, channel="email", topic="offers", source="staff", now=later)

    assert not allowed(anna)
    told = [(change.is_given, change.source, change.at) for change in consent.history_of(member=anna)]
    assert told == [(False, "staff", later), (True, "portal", NOW)]


def test_what_is_so_already_is_not_written_again(anna):
    give(anna)

    assert not give(anna, now=NOW + timedelta(days=1))
    assert not consent.withdraw(member=anna, channel="sms", topic="offers", source="portal", now=NOW)
    assert len(list(consent.history_of(member=anna))) == 1
    assert next(s for s in consent.states_of(member=anna) if s.is_given).since == NOW


def test_an_unknown_channel_or_topic_is_refused(anna):
    with pytest.raises(ValueError, match="pigeon"):
        give(anna, channel="pigeon")
    with pytest.raises(ValueError, match="gossip"):
        give(anna, topic="gossip")


def test_the_audience_of_a_topic_holds_who_allows_it(program, anna):
    bob = builders.join(program, "bob")
    give(anna)
    give(bob, channel="sms")

    with scope(program=program):
        assert list(consent.with_consent(channel="email", topic="offers")) == [anna.pk]


def test_another_program_sees_none_of_it(anna):
    other = builders.open_program()
    give(anna)

    with scope(program=other):
        assert not Consent.objects.exists()
        assert not ConsentChange.objects.exists()
        assert not consent.with_consent(channel="email", topic="offers").exists()


@pytest.mark.parametrize("statement", ["UPDATE members_consentchange SET is_given = false", "DELETE FROM members_consentchange"])  # fmt: skip
def test_the_history_cannot_be_changed(anna, statement):
    give(anna)

    with pytest.raises(Exception) as refused, connection.cursor() as cursor:  # noqa: PT011
        cursor.execute(statement)

    assert isinstance(refused.value.__cause__, errors.InsufficientPrivilege)


def wish(member, *pairs, is_given=True):
    return consent.ask(member=member, wanted=dict.fromkeys(pairs, is_given), source="portal", now=NOW)


def prove(member, kind):
    with scope(program=member.program):
        claim = Identity.objects.select_related("member__program").get(member=member, kind=kind)
    proofs.accept(claim=claim, source="portal", now=NOW + timedelta(days=1))


@pytest.fixture
def called(program):
    """Somebody known by a phone that nobody has proven."""
    return people.join(
        program=program, name="Z", contacts=[("phone", "+447700900123")], source="portal", now=NOW
    )


def test_what_is_asked_for_an_unproven_phone_counts_for_nothing(program, called):
    assert wish(called, ("sms", "offers")) == 1

    assert not allowed(called, channel="sms")
    with scope(program=program):
        assert not consent.with_consent(channel="sms", topic="offers").exists()
    assert list(consent.history_of(member=called)) == []
    (state,) = [state for state in consent.states_of(member=called) if state.is_wished]
    assert (state.key, state.is_given, state.since) == ("offers-sms", False, NOW)
    assert wish(called, ("sms", "offers")) == 0


def test_it_counts_once_the_phone_is_proven(called):
    wish(called, ("sms", "offers"), ("email", "offers"))

    prove(called, "phone")
    prove(called, "phone")

    assert allowed(called, channel="sms")
    assert not allowed(called, channel="email")
    assert not allowed(called, channel="sms", topic="surveys")
    (change,) = consent.history_of(member=called)
    assert (change.channel, change.is_given, change.at) == ("sms", True, NOW + timedelta(days=1))


def test_a_wish_that_was_taken_back_is_not_fulfilled(called):
    wish(called, ("sms", "offers"))
    assert wish(called, ("sms", "offers"), is_given=False) == 1

    prove(called, "phone")

    assert not allowed(called, channel="sms")
    assert list(consent.history_of(member=called)) == []


def test_with_a_proven_phone_it_counts_at_once_and_without_a_contact_too(called):
    prove(called, "phone")

    wish(called, ("sms", "offers"), ("push", "offers"))

    assert allowed(called, channel="sms")
    assert allowed(called, channel="push")


def test_what_was_given_before_stays_given(called):
    give(called, channel="sms")

    assert wish(called, ("sms", "offers")) == 0
    assert allowed(called, channel="sms")


def test_nothing_is_given_and_wished_at_once(called):
    wish(called, ("sms", "offers"))

    with scope(program=called.program), pytest.raises(IntegrityError, match="consent_given_or_wished"):
        Consent.objects.update(is_given=True)
