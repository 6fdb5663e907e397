"""The team page: who is in it, another role, out; a program keeps an owner."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from members.models import Role, TeamMembership, User
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return open_program()


@pytest.fixture
def owner(program):
    return hire(program, Role.OWNER, name="Robin Harding")


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER, name="Kaveh Parsa")


def team_of(program, rest=""):
    return f"/dashboard/{program.slug}/team/{rest}"


def place(user):
    return TeamMembership.objects.filter(user=user).first()


def test_it_shows_everybody_with_role_sign_in_and_second_factor(program, owner, cashier):
    User.objects.filter(pk=cashier.pk).update(last_login=timezone.now().replace(year=2025, month=3, day=2))
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})

    page = signed_in(owner).get(team_of(program)).text

    assert page.index("Robin Harding") < page.index("Kaveh Parsa")
    assert "2 Mar 2025" in page
    assert page.count("badge good") == 1
    assert "Invite somebody" in page


def test_recovery_codes_alone_are_no_second_factor(program, owner):
    Authenticator.objects.create(user=owner, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert "badge good" not in signed_in(owner).get(team_of(program)).text


def test_a_manager_reads_and_changes_nothing(program, owner, cashier):
    manager = as_staff(program, Role.MANAGER)
    one = place(cashier)

    page = manager.get(team_of(program))

    assert "Kaveh Parsa" in page.text
    assert "Invite somebody" not in page.text
    assert manager.get(team_of(program, f"{one.pk}/")).status_code == 403
    assert manager.post(team_of(program, f"{one.pk}/"), {"role": "owner"}).status_code == 403
    assert manager.post(team_of(program, f"{one.pk}/remove/")).status_code == 403
    assert place(cashier).role == Role.CASHIER


def test_an_analyst_does_not_see_the_team(program):
    assert as_staff(program, Role.ANALYST).get(team_of(program)).status_code == 403


def test_an_owner_gives_another_role(program, owner, cashier):
    response = signed_in(owner).post(team_of(program, f"{place(cashier).pk}/"), {"role": "manager"})

    assert response["Location"] == team_of(program)
    assert place(cashier).role == Role.MANAGER


def test_the_last_owner_stays(program, owner):
    client = signed_in(owner)
    one = place(owner)

    changed = client.post(team_of(program, f"{one.pk}/"), {"role": "analyst"})
    removed = client.post(team_of(program, f"{one.pk}/remove/"), follow=True)

    assert changed.status_code == 422
    assert "A program needs an owner" in changed.text
    assert "A program needs an owner" in removed.text
    assert place(owner).role == Role.OWNER


def test_an_owner_takes_somebody_out(program, owner, cashier):
    signed_in(owner).post(team_of(program, f"{place(cashier).pk}/remove/"))

    assert place(cashier) is None


def test_an_owner_who_leaves_is_led_out(program, owner):
    hire(program, Role.OWNER)

    response = signed_in(owner).post(team_of(program, f"{place(owner).pk}/remove/"))

    assert response["Location"] == "/dashboard/"
    assert place(owner) is None


def test_a_role_that_does_not_exist_is_refused(program, owner, cashier):
    response = signed_in(owner).post(team_of(program, f"{place(cashier).pk}/"), {"role": "king"})

    assert response.status_code == 422
    assert place(cashier).role == Role.CASHIER


def test_people_of_another_program_are_not_there(program, cashier):
    other = open_program()
    stranger = as_staff(other)
    one = place(cashier)

    assert stranger.get(team_of(program)).status_code == 404
    assert stranger.get(team_of(other, f"{one.pk}/")).status_code == 404
    assert stranger.post(team_of(other, f"{one.pk}/remove/")).status_code == 404
    assert place(cashier) is not None
