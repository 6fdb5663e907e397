"""Invitations into a team: who may send them, what the link opens, and when it opens nothing."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from members import invitations, teams
from members.models import AuditEntry, Invitation, Role, TeamMembership, User
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

GUEST = "guest@example.org"
PASSWORD = "a long walk by the sea"


@pytest.fixture(autouse=True)
def no_counting():
    cache.clear()


@pytest.fixture
def program():
    return open_program(languages=["he", "en"])


@pytest.fixture
def owner(program):
    return hire(program, Role.OWNER, name="Robin")


@pytest.fixture
def invite(program, owner, django_capture_on_commit_callbacks):
    """Send an invitation as the owner does; the link in its e-mail."""

    def send(email=GUEST, role="manager"):
        with django_capture_on_commit_callbacks(execute=True):
            response = signed_in(owner).post(team_of(program), {"email": email, "role": role})
        assert response.status_code == 302, response.text
        return link()

    return send


def team_of(program, rest=""):
    return f"/dashboard/{program.slug}/team/{rest}"


def link():
    return re.search(r"http://testserver(/invitations/\w+/)", mail.outbox[-1].body)[1]


def role_of(program, email=GUEST):
    return (
        TeamMembership.objects.filter(program=program, user__email=email)
        .values_list("role", flat=True)
        .first()
    )


def the_invitation():
    with scopes_disabled():
        return Invitation.objects.get()


def age(**columns):
    with scopes_disabled():
        Invitation.objects.update(**columns)


def account(email=GUEST, *, verified=True):
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def test_somebody_new_joins_with_name_and_password(program, invite):
    address = invite()
    guest = Client()

    response = guest.post(address, {"name": "Guest", "password": PASSWORD})

    assert response["Location"] == "/dashboard/"
    assert role_of(program) == "manager"
    assert guest.get(f"/dashboard/{program.slug}/").status_code == 200
    user = User.objects.get(email=GUEST)
    assert (user.name, user.check_password(PASSWORD)) == ("Guest", True)
    assert EmailAddress.objects.get(user=user).verified


def test_the_email_is_in_the_programs_language_and_names_no_token_in_the_database(program, invite):
    address = invite()
    token = address.split("/")[2]

    assert mail.outbox[-1].to == [GUEST]
    row = the_invitation()
    assert row.sent_at is not None
    assert token not in (row.nonce, row.digest)
    assert invitations.token_of(row) == token


def test_somebody_known_signs_in_and_joins(program, invite):
    address = invite(role="analyst")
    user = account()

    page = Client().get(address)
    assert f"/accounts/login/?next={address.replace('/', '%2F')}" in page.text
    assert 'name="password"' not in page.text
    signed_in(user).post(address)

    assert role_of(program) == "analyst"


def test_a_known_address_cannot_be_given_another_password(program, invite):
    address = invite()
    user = account()

    Client().post(address, {"name": "Thief", "password": "another long password"})

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert role_of(program) is None


def test_another_person_cannot_use_the_link(program, invite):
    address = invite()
    other = account("other@example.org")

    response = signed_in(other).post(address)

    assert response.status_code == 403
    assert role_of(program, other.email) is None


def test_an_unproven_address_is_not_enough(program, invite):
    address = invite()
    user = account(verified=False)

    assert signed_in(user).post(address).status_code == 403
    assert role_of(program) is None


def test_a_link_works_once(program, invite):
    address = invite()
    Client().post(address, {"name": "Guest", "password": PASSWORD})
    teams.remove(program=program, user=User.objects.get(email=GUEST), by=None, now=timezone.now())

    assert signed_in(User.objects.get(email=GUEST)).post(address).status_code == 404
    assert role_of(program) is None


def test_a_link_ends_after_seven_days(invite):
    address = invite()
    row = the_invitation()
    assert timedelta(days=6, hours=23) < row.expires_at - timezone.now() <= timedelta(days=7)
    age(expires_at=timezone.now())

    assert Client().get(address).status_code == 404


def test_a_link_that_never_was_looks_like_one_that_ended(invite):
    address = invite()
    age(revoked_at=timezone.now())

    ended, never = Client().get(address), Client().get("/invitations/" + "0" * 64 + "/")

    assert ended.status_code == never.status_code == 404
    assert tokenless(ended) == tokenless(never)


def tokenless(response):
    return re.sub(r'(csrfmiddlewaretoken" value=|"X-CSRFToken": )"\w+"|/invitations/\w+/', "", response.text)


def test_a_withdrawn_invitation_opens_nothing(program, owner, invite):
    address = invite()

    signed_in(owner).post(team_of(program, f"invitations/{the_invitation().pk}/revoke/"))

    assert Client().get(address).status_code == 404


def test_sending_again_ends_the_link_before(program, owner, invite, django_capture_on_commit_callbacks):
    first = invite()

    with django_capture_on_commit_callbacks(execute=True):
        signed_in(owner).post(team_of(program, f"invitations/{the_invitation().pk}/resend/"))

    assert link() != first
    assert Client().get(first).status_code == 404
    assert Client().get(link()).status_code == 200


def test_inviting_again_changes_the_role_of_the_open_invitation(invite):
    invite(role="manager")

    invite(role="cashier")

    assert the_invitation().role == "cashier"


def test_what_somebody_sent_who_is_no_owner_any_more_opens_nothing(program, owner, invite):
    address = invite(role="owner")
    hire(program, Role.OWNER)

    teams.set_role(program=program, user=owner, role=Role.MANAGER, by=None, now=timezone.now())

    assert Client().get(address).status_code == 404


def test_whoever_is_in_the_team_is_not_invited(program, owner):
    colleague = hire(program, Role.CASHIER)

    response = signed_in(owner).post(team_of(program), {"email": colleague.email.upper(), "role": "owner"})

    assert response.status_code == 422
    assert "in the team already" in response.text


@pytest.mark.parametrize("password", ["short", "1234567890", "guest@example.org"])
def test_a_weak_password_is_refused(program, invite, password):
    response = Client().post(invite(), {"name": "Guest", "password": password})

    assert response.status_code == 422
    assert not User.objects.filter(email=GUEST).exists()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST])
def test_only_owners_invite(program, role):
    client = as_staff(program, role)

    assert client.post(team_of(program), {"email": GUEST, "role": "owner"}).status_code == 403
    with scopes_disabled():
        assert not Invitation.objects.exists()


def test_an_invitation_of_another_program_is_not_there(program, invite):
    invite()
    other = open_program()
    stranger = as_staff(other)

    for act in ("resend", "revoke"):
        assert stranger.post(team_of(other, f"invitations/{the_invitation().pk}/{act}/")).status_code == 404
    assert the_invitation().revoked_at is None


def test_too_many_invitations_are_stopped(program, owner, monkeypatch):
    monkeypatch.setattr("members.views.team.RATES", {"invite": "2/h/user"})
    client = signed_in(owner)

    statuses = [
        client.post(team_of(program), {"email": f"g{number}@example.org", "role": "cashier"}).status_code
        for number in range(3)
    ]

    assert statuses == [302, 302, 422]


def test_the_audit_tells_it_without_the_address(program, invite):
    Client().post(invite(), {"name": "Guest", "password": PASSWORD})

    with scope(program=program):
        rows = list(AuditEntry.objects.order_by("pk"))
    assert [row.action for row in rows] == ["team.invite", "team.join"]
    assert not any(
        "guest" in str((row.before, row.after, row.subject_id, row.reason)).lower() for row in rows
    )


def test_an_address_has_one_open_invitation(program, invite):
    invite()
    row = the_invitation()
    row.pk, row.digest = None, "1" * 64

    with scope(program=program), pytest.raises(IntegrityError, match="one_open_an_address"):
        row.save(force_insert=True)
