"""The gallery: one click makes a program; owners and operators see it, for all others it is not there."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django_scopes import scope

from loyaltysite.presets.collection import PRESETS
from members.models import AuditEntry, Program, Role, TeamMembership, User
from tests.members import teams
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
GALLERY = "/programs/new/"


@pytest.fixture
def shop():
    return b.open_program(currency="GBP", time_zone="Europe/London")


@pytest.fixture
def owner(shop):
    return teams.hire(shop, Role.OWNER)


@pytest.fixture
def client(owner):
    return teams.signed_in(owner)


def shown(client, key):
    """What the card's form would send."""
    choices = {preset.key: form for preset, form in client.get(GALLERY).context["choices"]}
    return choices[key].initial


def test_every_preset_is_shown_with_what_it_has_not(client):
    page = client.get(GALLERY).content.decode()

    for preset in PRESETS.values():
        assert str(preset.title) in page
        assert all(str(text) in page for text in (*preset.does, *preset.open))
    assert "60 points" in page.replace("\xa0", " ")
    assert "Silver from 350.00" in page


@pytest.mark.parametrize("key", PRESETS)
def test_one_click_makes_the_program(client, owner, key):
    answer = client.post(f"{GALLERY}{key}/", shown(client, key))

    program = Program.objects.get(slug=PRESETS[key].slug)
    assert answer["Location"] == f"/dashboard/{program.slug}/"
    assert (program.currency, program.time_zone) == ("GBP", "Europe/London")
    assert TeamMembership.objects.get(program=program).user == owner
    assert client.get(answer["Location"]).status_code == 200
    with scope(program=program):
        assert AuditEntry.objects.get(action="program.create").actor == owner


def test_a_second_click_makes_no_second_program(client):
    sent = shown(client, "fruce")

    client.post(f"{GALLERY}fruce/", sent)
    again = client.post(f"{GALLERY}fruce/", sent)

    assert again.status_code == 422
    assert "stamp-card" in again.content.decode()
    assert Program.objects.filter(slug__startswith="stamp-card").count() == 1
    assert shown(client, "fruce")["slug"] == "stamp-card-2"


@pytest.mark.parametrize("method", ["get", "post"])
def test_whose_program_asks_for_a_second_factor_needs_it_here_too(client, owner, shop, method):
    sent = shown(client, "fruce")
    Program.objects.filter(pk=shop.pk).update(requires_mfa=True)

    answer = getattr(client, method)(f"{GALLERY}fruce/", sent)

    assert answer["Location"] == "/accounts/2fa/"
    assert Program.objects.count() == 1
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    assert client.get(f"{GALLERY}fruce/").status_code == 200


def test_a_program_is_made_only_by_who_has_just_shown_who_it_is(client, owner):
    sent = shown(client, "fruce")
    owner.set_password("correct horse battery")
    owner.save()
    client = teams.signed_in(owner)  # without a record of a sign-in: as if that was long ago

    answer = client.post(f"{GALLERY}fruce/", sent, headers={"Referer": f"http://testserver{GALLERY}"})

    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
    assert GALLERY in unquote(answer["Location"])
    assert Program.objects.count() == 1
    assert client.get(GALLERY).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"), [("slug", "Not An Address"), ("currency", "XYZ"), ("name", ""), ("time_zone", "Mars")]
)
def test_what_is_wrong_is_said_at_its_field(client, field, value):
    answer = client.post(f"{GALLERY}fruce/", shown(client, "fruce") | {field: value})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Program.objects.count() == 1


def test_the_makers_language_is_the_main_one(client, owner):
    User.objects.filter(pk=owner.pk).update(language="he")

    client.post(f"{GALLERY}sephora/", shown(client, "sephora"))

    assert Program.objects.get(slug=PRESETS["sephora"].slug).languages == ["he", "en", "ar", "fa"]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST, Role.CASHIER])
@pytest.mark.parametrize("path", ["", "fruce/"])
def test_who_owns_no_program_finds_nothing(shop, role, path):
    client = teams.as_staff(shop, role)

    assert client.get(GALLERY + path).status_code == 404
    assert client.post(f"{GALLERY}fruce/", {"name": "Mine"}).status_code == 404
    assert Program.objects.count() == 1


@pytest.mark.parametrize("path", ["", "fruce/"])
def test_strangers_are_led_to_sign_in(path):
    assert "/accounts/login/" in Client().get(GALLERY + path)["Location"]


def test_an_operator_makes_the_first_one():
    client = teams.signed_in(User.objects.create_superuser("operator@example.com"))

    client.post(f"{GALLERY}dominos/", shown(client, "dominos"))

    assert Program.objects.get().currency == "EUR"


def test_a_preset_that_is_not_there_is_not_found(client):
    assert client.get(f"{GALLERY}nike-plus/").status_code == 404


def test_the_list_of_programs_leads_there(client, owner):
    TeamMembership.objects.create(user=owner, program=b.open_program(), role=Role.OWNER)

    assert GALLERY in client.get("/dashboard/").content.decode()


def test_who_owns_none_is_not_led_there(shop):
    user = teams.hire(shop, Role.MANAGER)
    TeamMembership.objects.create(user=user, program=b.open_program(), role=Role.MANAGER)

    assert GALLERY not in teams.signed_in(user).get("/dashboard/").content.decode()
