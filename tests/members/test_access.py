"""The wall around a program, the doors within it, and the way in."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from django_scopes import get_scope

from members import audit
from members.access import program_view
from members.models import Role, User
from tests.members.teams import as_staff, hire, home_of, list_of, signed_in
from tests.rewards.builders import join, open_program, order, record

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def language_after():
    """A request leaves its language behind for the next one to replace."""
    yield
    translation.activate("en")


@pytest.fixture
def program():
    program = open_program(time_zone="Asia/Tehran")
    record(program, order("1", "2026-01-01", 1000))
    return program


@pytest.fixture
def pages(program):
    """Every page of the dashboard, with a member and an order in it."""
    member = join(program, "berta")
    return [home_of(program), list_of(program), f"{list_of(program)}{member.number}/"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.ANALYST])
def test_the_team_sees_every_page(program, pages, role):
    client = as_staff(program, role)

    assert [client.get(page).status_code for page in pages] == [200, 200, 200]


def test_a_cashier_is_told_that_the_till_is_the_place(program, pages):
    client = as_staff(program, Role.CASHIER)

    for page in pages:
        response = client.get(page)

        assert response.status_code == 403
        assert "till" in response.text
        assert "berta" not in response.text


def test_people_of_another_team_find_nothing(pages):
    client = as_staff(open_program())

    assert [client.get(page).status_code for page in pages] == [404, 404, 404]


def test_an_operator_is_no_exception(pages):
    client = signed_in(User.objects.create_superuser("root@example.com"))

    assert [client.get(page).status_code for page in pages] == [404, 404, 404]


def test_a_program_that_does_not_exist_looks_like_that_of_others(program, pages):
    client = as_staff(program)
    other = open_program()

    there = client.get(home_of(other))
    nowhere = client.get("/dashboard/no-such-program/")

    assert (there.status_code, told(there, other.slug)) == (
        nowhere.status_code,
        told(nowhere, "no-such-program"),
    )


def told(response: HttpResponse, slug: str) -> str:
    """What a page says, without its one-time token and the address that was asked for."""
    text = re.sub(r'(csrfmiddlewaretoken" value=|"X-CSRFToken": )"\w+"', "", response.text)
    return text.replace(slug, "…")


def test_strangers_are_led_to_sign_in_and_back(pages):
    for page in pages:
        response = Client().get(page + "?q=x")

        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")
        assert page.replace("/", "%2F").strip("%2F") in response["Location"].replace("/", "%2F")


def test_a_fragment_leads_the_whole_page_to_sign_in(program):
    here = f"http://testserver{list_of(program)}?q=a"

    response = Client().get(list_of(program), headers=HX | {"HX-Current-URL": here})

    assert response["HX-Redirect"] == f"/accounts/login/?next={list_of(program)}%3Fq%3Da"
    assert response.text == ""


def test_a_page_is_kept_by_no_cache(program):
    response = as_staff(program).get(list_of(program))

    assert "private" in response["Cache-Control"]
    assert "no-store" in response["Cache-Control"]


def test_only_reading_is_offered(program, pages):
    client = as_staff(program)

    assert [client.post(page).status_code for page in pages] == [405, 405, 405]


def _page(seen):
    @program_view(role=Role.MANAGER)
    def page(request, program, word):
        seen.update(
            program=program,
            word=word,
            role=request.team.role,
            scope=get_scope().get("program"),
            zone=timezone.get_current_timezone_name(),
            address=audit.address.get(),
            language=translation.get_language(),
        )
        return HttpResponse("here")

    return page


def _request(user, **others):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", **others)
    request.user = user
    request.htmx = False
    return request


def test_a_view_runs_within_its_program(program):
    seen = {}
    user = hire(program, Role.MANAGER, language="he")

    response = _page(seen)(_request(user), program.slug, word="x")

    assert response.text == "here"
    assert seen == {
        "program": program,
        "word": "x",
        "role": "manager",
        "scope": program,
        "zone": "Asia/Tehran",
        "address": "192.0.2.7",
        "language": "he",
    }
    assert audit.address.get() is None
    assert "program" not in get_scope()


def test_too_low_a_role_is_refused_within_the_team(program):
    seen = {}
    user = hire(program, Role.ANALYST)

    response = _page(seen)(_request(user), program.slug, word="x")

    assert response.status_code == 403
    assert "Analyst" in response.text
    assert "Manager" in response.text
    assert seen == {}


def test_a_language_chosen_in_the_browser_wins_over_the_users_own(program):
    client = signed_in(hire(program, language="ar"))

    assert 'lang="ar" dir="rtl"' in client.get(home_of(program)).text
    client.cookies["django_language"] = "en"
    assert 'lang="en" dir="ltr"' in client.get(home_of(program)).text


# The way in


def test_the_root_leads_to_the_dashboard(client):
    assert client.get("/")["Location"] == "/dashboard/"


def test_signing_in_leads_straight_into_the_only_program(program):
    user = hire(program, password="correct horse battery")

    response = Client().post(
        "/accounts/login/?next=/dashboard/", {"login": user.email, "password": "correct horse battery"}
    )

    assert response.status_code == 302
    assert as_staff(program).get("/dashboard/")["Location"] == home_of(program)


def test_several_programs_are_a_choice(program):
    other = open_program()
    user = hire(program)
    other.team.create(user=user, role=Role.ANALYST)

    response = signed_in(user).get("/dashboard/")

    assert home_of(program) in response.text
    assert home_of(other) in response.text


def test_who_is_in_no_team_is_told_so():
    user = User.objects.create_user("customer@example.com")

    response = signed_in(user).get("/dashboard/")

    assert response.status_code == 200
    assert "customer@example.com" in response.text
    assert "Sign out" in response.text


def test_a_cashier_alone_is_sent_to_the_till(program):
    response = as_staff(program, Role.CASHIER).get("/dashboard/")

    assert response["Location"] == f"/till/{program.slug}/"


def test_who_is_a_cashier_elsewhere_chooses_between_dashboard_and_till(program):
    other = open_program()
    user = hire(program)
    other.team.create(user=user, role=Role.CASHIER)

    response = signed_in(user).get("/dashboard/")

    assert home_of(program) in response.text
    assert f"/till/{other.slug}/" in response.text
    assert home_of(other) not in response.text


def test_the_choice_of_programs_needs_a_sign_in(client):
    assert client.get("/dashboard/")["Location"] == "/accounts/login/?next=/dashboard/"
