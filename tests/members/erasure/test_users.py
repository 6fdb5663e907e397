"""Forgetting and those who sign in: staff, users of two programs, sessions."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django_scopes import scope

from members import accounts, people
from members.models import (
    AuditEntry,
    Member,
    User,
)
from members.portal import people as portal_people
from tests.members import teams
from tests.members.erasure.person import EMAIL, MARKER, NOW, erase, everywhere, sign_in
from tests.rewards import builders


def test_a_user_who_is_needed_elsewhere_stays(program, anna):
    other = builders.open_program()
    twin = builders.join(other, MARKER)
    portal_people.prove(program=program, email=EMAIL, now=NOW)
    user = portal_people.prove(program=other, email=EMAIL, now=NOW)

    erase(anna)
    assert User.objects.filter(pk=user.pk).exists()
    assert EmailAddress.objects.filter(user=user).exists()

    erase(twin)
    assert not User.objects.filter(pk=user.pk).exists()


def test_staff_keep_their_sign_in(program, anna):
    user = teams.hire(program)
    User.objects.filter(pk=user.pk).update(email=EMAIL)

    erase(anna)

    assert User.objects.filter(pk=user.pk, email=EMAIL).exists()


def test_former_staff_stay_in_the_audit_without_a_name(program, anna):
    user = User.objects.create_user(EMAIL, name=MARKER)
    people.block(member=builders.join(program, "bob"), reason="abuse", by=user, now=NOW)

    erase(anna)

    assert everywhere() == []
    with scope(program=program):
        assert AuditEntry.objects.get().actor_id == user.pk
    assert not User.objects.get(pk=user.pk).is_active


def test_staff_who_erase_are_audited_by_the_new_number(program, anna):
    staff = teams.hire(program)

    erase(anna, by=staff)

    with scope(program=program):
        entry = AuditEntry.objects.get(action="member.erase")
        assert (entry.actor, entry.subject_id) == (staff, Member.objects.get(pk=anna.pk).number)


def test_sessions_of_others_go_on(program, anna):
    other = User.objects.create_user("bob@example.com")
    for user in (other, portal_people.prove(program=program, email=EMAIL, now=NOW)):
        sign_in(user)

    erase(anna)

    assert [s.get_decoded()["_auth_user_id"] for s in Session.objects.all()] == [str(other.pk)]
    assert accounts.end_sessions(user=other) == 1
