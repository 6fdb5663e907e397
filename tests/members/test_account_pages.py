"""A person's own account: every page of it is ours, what matters asks again, and a program may ask for more."""

import re
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.urls import urlpatterns
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, reverse

from loyaltysite.kit.middleware import client_address
from members.models import Role, TeamMembership
from tests.members import teams
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough phrase"
# Addresses that only do something, or that need an object.
NOT_PAGES = {
    "account_reset_password_from_key",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
    "mfa_download_recovery_codes",
}
DOOR, INSIDE = "base_account.html", "base_settings.html"


def names_of(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield pattern.name
        else:
            yield from names_of(pattern.url_patterns)


PAGES = sorted(set(names_of(urlpatterns)) - NOT_PAGES)


@pytest.fixture(autouse=True)
def _no_limits_of_earlier_tests():
    cache.clear()


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def owner(program):
    user = teams.hire(program, Role.OWNER)
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(user, client=None) -> Client:
    client = client or Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client


def grow_older(client: Client, seconds: int = 3600) -> None:
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= seconds
    session.save()


def code_of(secret: str) -> str:
    """The code that is good for the longest time from now."""
    return f"{hotp_value(secret, max(yield_hotp_counters_from_time())):06}"


def give_app(user) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def give_codes(user) -> None:
    RecoveryCodes.activate(user)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("is_inside", [False, True], ids=["outside", "inside"])
def test_every_page_of_an_account_is_in_our_look(name, is_inside, owner):
    if is_inside:
        give_app(owner)
        give_codes(owner)
    client = teams.signed_in(owner) if is_inside else Client()

    response = client.get(reverse(name), follow=True)

    assert response.status_code in ({200, 405} if name == "account_logout" else {200}), name
    if response["Content-Type"].startswith("text/html"):
        used = {template.name for template in response.templates}
        assert used & {DOOR, INSIDE, "base_dashboard.html"}, (name, used)


# --- what matters asks again ---


def test_changing_the_password_asks_again_after_a_while_and_tells_by_mail(owner):
    client = sign_in(owner)
    grow_older(client)
    new = "quite another phrase"
    sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}

    asked = client.post(reverse("account_change_password"), sent)
    assert reverse("account_reauthenticate") in asked["Location"] or asked.status_code == 302
    client.post(
        asked["Location"] if "reauth" in asked["Location"] else reverse("account_reauthenticate"),
        {"password": PASSWORD},
    )
    client.post(reverse("account_change_password"), sent)

    owner.refresh_from_db()
    assert owner.check_password(new)
    assert any("assword" in message.subject + message.body for message in mail.outbox)


def test_changing_the_team_asks_again_after_a_while(owner, program):
    client = sign_in(owner)
    colleague = teams.hire(program, Role.ANALYST)
    place = TeamMembership.objects.get(user=colleague)
    here = reverse("members:team_member", args=[program.slug, place.pk])
    grow_older(client)

    asked = client.get(here)
    sent = client.post(
        reverse("members:team_remove", args=[program.slug, place.pk]),
        headers={"Referer": f"http://testserver{here}"},
    )
    fragment = client.get(here, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"})
    back = client.post(asked["Location"], {"password": PASSWORD, "next": here})

    for answer in (asked["Location"], sent["Location"], fragment["HX-Redirect"]):
        assert answer.startswith(reverse("account_reauthenticate"))
        assert quote(here, safe="") in answer or quote(f"http://testserver{here}", safe="") in answer
    assert back["Location"] == here
    assert client.get(here).status_code == 200
    assert TeamMembership.objects.filter(pk=place.pk).exists()


def test_a_page_of_another_site_is_no_way_back(owner, program):
    client = sign_in(owner)
    place = TeamMembership.objects.get(user=owner)
    grow_older(client)

    sent = client.post(
        reverse("members:team_remove", args=[program.slug, place.pk]),
        headers={"Referer": "http://evil.example/"},
    )

    assert "evil" not in sent["Location"]


# --- a second factor ---


def test_a_password_alone_is_not_enough_with_a_second_factor(owner, program):
    secret = give_app(owner)
    client = sign_in(owner)

    assert client.get(teams.home_of(program)).status_code == 302
    refused = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert client.get(teams.home_of(program)).status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})

    assert refused.status_code in {200, 422}
    assert client.get(teams.home_of(program)).status_code == 200


@pytest.mark.parametrize(
    ("role", "is_led"), [(Role.OWNER, True), (Role.MANAGER, True), (Role.ANALYST, False)]
)
def test_a_program_may_ask_its_owners_and_managers_for_one(program, role, is_led):
    program.requires_mfa = True
    program.save()
    user = teams.hire(program, role)
    client = teams.signed_in(user)

    response = client.get(teams.home_of(program))
    fragment = client.get(teams.list_of(program), headers={"HX-Request": "true"})

    assert (response.status_code == 302 and response["Location"] == reverse("mfa_index")) is is_led
    assert ("HX-Redirect" in fragment) is is_led
    give_app(user)
    assert client.get(teams.home_of(program)).status_code == 200


def test_recovery_codes_alone_are_no_second_factor(program):
    program.requires_mfa = True
    program.save()
    user = teams.hire(program, Role.OWNER)
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})

    response = teams.signed_in(user).get(teams.home_of(program))

    assert response.status_code == 302


# --- nobody learns who exists; nobody guesses for long ---


def shape(response) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


@pytest.mark.parametrize("page", ["account_request_login_code", "account_reset_password"])
def test_asking_says_nothing_about_who_exists(owner, page):
    known, unknown = Client(), Client()

    told = [
        (client.post(reverse(page), {"email": email}, follow=True), email)
        for client, email in ((known, owner.email), (unknown, "nobody@staff.example.com"))
    ]

    (first, one), (second, other) = told
    assert first.redirect_chain == second.redirect_chain
    assert shape(first).replace(one, "X") == shape(second).replace(other, "X")


def test_guessing_a_password_is_stopped_whatever_address_is_claimed(owner, settings):
    settings.TRUSTED_PROXIES = 0
    client = Client()

    for number in range(12):
        response = client.post(
            reverse("account_login"),
            {"login": owner.email, "password": f"wrong {number}"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
    response = client.post(reverse("account_login"), {"login": owner.email, "password": PASSWORD})

    assert "_auth_user_id" not in client.session
    assert response.status_code in {200, 422, 429}


@pytest.mark.parametrize(
    ("proxies", "said", "expected"),
    [
        (0, "1.2.3.4", "127.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "127.0.0.1"),
        (1, "1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "not an address", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_the_clients_address_is_what_our_own_proxy_saw(rf, settings, proxies, said, expected):
    settings.TRUSTED_PROXIES = proxies
    seen = []
    request = rf.get("/", headers={"X-Forwarded-For": said} if said else {})

    client_address(lambda request: seen.append(request.META) or None)(request)

    assert seen[0]["REMOTE_ADDR"] == expected
    assert "HTTP_X_FORWARDED_FOR" not in seen[0]


# --- devices, name and language ---


def test_all_other_devices_can_be_signed_out(owner, program):
    here, there = sign_in(owner), sign_in(owner)
    assert there.get(teams.home_of(program)).status_code == 200

    here.post(reverse("usersessions_list"))

    assert here.get(teams.home_of(program)).status_code == 200
    assert there.get(teams.home_of(program)).status_code == 302


def test_name_and_language_are_kept(owner, program):
    client = teams.signed_in(owner)
    refused = client.post(reverse("members:account"), {"name": "Noor", "language": "xx"})

    client.post(reverse("members:account"), {"name": "Noor", "language": "ar"})

    assert refused.status_code == 422
    owner.refresh_from_db()
    assert (owner.name, owner.language) == ("Noor", "ar")
    assert b'dir="rtl"' in client.get(teams.home_of(program)).content


def test_a_locked_out_owner_is_let_in_again_by_an_operator(owner, program):
    give_app(owner)
    give_codes(owner)
    client = sign_in(owner)
    assert client.get(teams.home_of(program)).status_code == 302

    call_command("reset_second_factor", owner.email.upper())

    assert sign_in(owner).get(teams.home_of(program)).status_code == 200
    assert "second factors were removed" in mail.outbox[-1].subject
    with pytest.raises(CommandError, match="Nobody"):
        call_command("reset_second_factor", "nobody@example.com")
