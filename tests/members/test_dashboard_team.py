"""The team page: who is in it, another role, out; a program keeps an owner."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone
from django_scopes import scope

from members import keys, teams
from members.models import AuditEntry, Role, TeamMembership, User
from tests.members.api_shop import Shop
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


# Keys of who leaves


@pytest.fixture
def shop(program):
    """A key made by another owner, Sam."""
    made = Shop(program)
    User.objects.filter(pk=made.key.created_by_id).update(name="Sam Olsen")
    return made


def audited(program, action):
    with scope(program=program):
        return list(AuditEntry.objects.filter(action=action).order_by("pk"))


@pytest.mark.parametrize("way", ["removed", "demoted"])
@pytest.mark.parametrize("answer", [{}, {"keys": "end"}])
def test_keys_end_with_their_owner_unless_they_are_kept(program, owner, shop, way, answer):
    maker = shop.key.created_by
    address = team_of(program, f"{place(maker).pk}/")

    if way == "removed":
        signed_in(owner).post(f"{address}remove/", answer)
    else:
        signed_in(owner).post(address, {"role": "manager"} | answer)

    assert shop.get("members").json()["code"] == "key_ended"
    (entry,) = audited(program, "key.revoke")
    assert (entry.actor, entry.subject_id) == (owner, shop.key.prefix)
    assert entry.reason == "Its maker is no longer an owner."


@pytest.mark.parametrize("way", ["removed", "demoted"])
def test_keys_that_are_kept_act_in_the_name_of_who_kept_them(program, owner, shop, way):
    maker = shop.key.created_by
    address = team_of(program, f"{place(maker).pk}/")
    client = signed_in(owner)

    if way == "removed":
        client.post(f"{address}remove/", {"keys": "keep"})
    else:
        client.post(address, {"role": "analyst", "keys": "keep"})
    shop.post("members", {"contacts": [{"kind": "email", "value": "new@example.com"}]})

    (entry,) = audited(program, "key.hand_over")
    assert (entry.before, entry.after) == ({"author": maker.pk}, {"author": owner.pk})
    assert audited(program, "member.join")[0].actor == owner
    page = client.get(f"/dashboard/{program.slug}/keys/{shop.key.pk}/").text
    assert "Sam Olsen" in page
    assert "Taken over by" in page
    assert "Robin Harding" in page


def test_who_removes_an_owner_is_asked_about_the_keys(program, owner, cashier, shop):
    client = signed_in(owner)

    asked = client.get(team_of(program, f"{place(shop.key.created_by).pk}/")).text
    not_asked = client.get(team_of(program, f"{place(cashier).pk}/")).text

    assert "API keys of this person" in asked
    assert "Shop. Keys that are kept" in asked
    assert asked.count('name="keys" value="end"') == asked.count("checked") == 3
    assert "API keys of this person" not in not_asked


def test_ones_own_keys_cannot_be_kept(program, owner, shop):
    maker = shop.key.created_by
    client = signed_in(maker)
    address = team_of(program, f"{place(maker).pk}/")

    asked = client.get(address).text
    with scope(program=program), pytest.raises(keys.KeysUnanswered):
        teams.remove(program=program, user=maker, by=maker, now=timezone.now(), keeps_keys=True)
    client.post(f"{address}remove/", {"keys": "keep"})

    assert "API keys of this person" not in asked
    assert place(maker) is None
    assert shop.get("members").status_code == 401


def test_a_key_taken_over_ends_with_its_new_author(program, owner, shop):
    third = hire(program, Role.OWNER)
    now = timezone.now()
    teams.remove(program=program, user=shop.key.created_by, by=owner, now=now, keeps_keys=True)

    teams.set_role(program=program, user=owner, role=Role.MANAGER, by=third, now=now)

    assert shop.get("members").json()["code"] == "key_ended"


def test_keys_of_others_and_of_other_programs_stay(program, owner, shop):
    maker = shop.key.created_by
    others = Shop(program)
    elsewhere = open_program()
    TeamMembership.objects.create(user=maker, program=elsewhere, role=Role.OWNER)
    _key, secret = keys.create(
        program=elsewhere, name="Other", scopes=["members:read"], by=maker, now=timezone.now()
    )
    other_shop = Shop(elsewhere)
    other_shop.secret = secret

    signed_in(owner).post(team_of(program, f"{place_in(program, maker).pk}/remove/"))

    assert (others.get("members").status_code, other_shop.get("members").status_code) == (200, 200)


def place_in(program, user):
    return TeamMembership.objects.get(program=program, user=user)
