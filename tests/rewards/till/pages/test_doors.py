"""Who may open the till, and what a locked one shows."""

import pytest
from django.test import Client

from members.models import Role
from tests.members.teams import hire, signed_in
from tests.rewards.till.shop import JSON, find, open_shop, sell, tap, till_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER, Role.OWNER])
def test_the_till_is_open_to_whoever_serves(program, role):
    assert signed_in(hire(program, role)).get(till_of(program)).status_code == 200


PATHS = [
    ("get", ""),
    ("get", "session/"),
    ("get", "worker.js"),
    ("post", "find/"),
    ("post", "preview/"),
    ("post", "store/"),
    ("post", "lock/"),
    ("post", "actions/sale/"),
    ("post", "actions/join/"),
    ("post", "actions/undo/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_analysts_strangers_and_visitors_are_kept_out(program, method, path):
    def ask(client):
        return getattr(client, method)(till_of(program, path))

    analyst, stranger = signed_in(hire(program, Role.ANALYST)), signed_in(hire(open_shop(), Role.OWNER))

    assert ask(analyst).status_code == 403
    assert ask(stranger).status_code == 404
    assert ask(Client())["Location"].startswith("/accounts/login/")


def test_changes_need_the_token_of_the_page(program, cashier, member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cashier, backend="django.contrib.auth.backends.ModelBackend")

    assert sell(client, program, cashier, member).status_code == 403
    token = client.get(till_of(program, "session/"), headers=JSON).json()["csrf"]
    fields = tap(cashier) | {"number": member.number, "amount_minor": 100, "store": "quay"}
    sent = client.post(till_of(program, "actions/sale/"), fields, headers=JSON | {"X-CSRFToken": token})
    assert sent.status_code == 200


def test_the_bare_address_leads_to_the_only_till(client, program, cashier):
    assert client.get("/till/")["Location"] == till_of(program)
    cashier.teams.create(program=open_shop(), role=Role.MANAGER)
    assert client.get("/till/")["Location"] == "/dashboard/"
    assert Client().get("/till/")["Location"] == "/accounts/login/?next=/till/"


def test_the_camera_may_be_used_here_and_nowhere_else(client, program):
    assert "camera=(self)" in client.get(till_of(program))["Permissions-Policy"]
    assert "camera=()" in client.get("/dashboard/")["Permissions-Policy"]


def test_a_locked_till_shows_nothing_before_the_password(program, member):
    cashier = hire(program, Role.CASHIER, password="correct horse battery")
    client = signed_in(cashier)

    client.post(till_of(program, "lock/"))
    page = client.get(till_of(program))
    asked = find(client, program, member.number)

    assert page["Location"] == f"/accounts/reauthenticate/?next=%2Ftill%2F{program.slug}%2F"
    assert (asked.status_code, asked.json()["code"]) == (403, "till_locked")
    client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert client.get(till_of(program)).status_code == 200


@pytest.mark.parametrize("role", [Role.CASHIER, Role.OWNER])
def test_a_locked_till_locks_all_that_the_session_opens(program, member, role):
    staff = hire(program, role, password="correct horse battery", is_staff=True)
    client = signed_in(staff)
    home = f"/dashboard/{program.slug}/"
    pages = [
        home,
        f"{home}members/{member.number}/",
        f"{home}keys/new/",
        "/dashboard/",
        "/accounts/email/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/password/change/",
        "/accounts/sessions/",
        "/admin/",
        f"/p/{program.slug}/",
    ]
    client.post(till_of(program, "lock/"))

    for page in pages:
        for response in (client.get(page), client.post(page)):
            assert response.status_code == 302, page
            assert response["Location"].startswith("/accounts/reauthenticate/?next="), page
            assert "Amelia" not in response.text

    wrong = client.post("/accounts/reauthenticate/", {"password": "a guess"})
    assert wrong.status_code == 200
    assert client.get("/dashboard/")["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert client.get(home).status_code == (200 if role == Role.OWNER else 403)


def test_a_fragment_of_a_locked_session_leads_the_whole_page_away(program):
    owner = hire(program, Role.OWNER, password="correct horse battery")
    client = signed_in(owner)
    client.post(till_of(program, "lock/"))

    response = client.get(f"/dashboard/{program.slug}/members/", headers={"HX-Request": "true"})

    assert response["HX-Redirect"].startswith("/accounts/reauthenticate/")
    assert response.text == ""


def test_a_locked_session_may_be_ended_by_the_next_cashier(program):
    cashier = hire(program, Role.CASHIER, password="correct horse battery")
    client = signed_in(cashier)
    client.post(till_of(program, "lock/"))
    asked = client.get("/accounts/reauthenticate/")
    forgotten = client.get("/accounts/password/reset/")

    out = client.get("/accounts/logout/")
    client.post("/accounts/logout/")

    assert "The till is locked" in asked.text
    assert cashier.email in asked.text
    assert 'href="/accounts/logout/"' in asked.text
    assert (forgotten.status_code, out.status_code) == (200, 200)

    assert client.get(till_of(program))["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_who_has_no_password_signs_in_again(client, program, cashier):
    cashier.set_unusable_password()
    cashier.save()
    client = signed_in(cashier)

    client.post(till_of(program, "lock/"))

    assert client.get(till_of(program))["Location"].startswith("/accounts/login/")
    assert client.get(till_of(program, "session/")).status_code == 302


def test_the_worker_is_served_for_its_own_till_with_what_the_page_needs(client, program):
    response = client.get(till_of(program, "worker.js"))

    assert response["Content-Type"].startswith("text/javascript")
    assert response["Service-Worker-Allowed"] == till_of(program)
    assert "till-queue" in response.text
    assert "css/till" in response.text
