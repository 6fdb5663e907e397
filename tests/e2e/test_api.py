"""The API's pages in a real browser: an owner makes a key that works; the documentation opens from this site alone."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from members.models import Role
from tests.e2e import entering
from tests.e2e.pictures import shoot
from tests.members.teams import home_of
from tests.rewards.builders import open_program

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_documentation_opens_from_this_site_alone(page, site):
    answers = []
    page.on("response", lambda response: answers.append((response.url, response.status)))

    page.goto("/api/docs/")
    page.get_by_text("Send an order", exact=True).wait_for()
    shoot(page, "docs")
    page.get_by_text("Send an order", exact=True).click()
    page.get_by_role("button", name="Try it out").wait_for()
    shoot(page, "docs-order")
    expect(page.locator(".opblock").nth(25)).to_be_attached()

    assert all(url.startswith((site.url, "data:")) for url, _status in answers)
    assert {status for _url, status in answers} <= {200, 304}


def test_an_owner_makes_a_key_uses_it_and_ends_it(new_page, site, assert_accessible):
    program = open_program()
    page = entering.as_staff(new_page, program, f"{home_of(program)}keys/", Role.OWNER)
    page.get_by_role("heading", name="API keys", level=1).wait_for()
    assert_accessible(page)
    shoot(page, "keys-empty")

    page.get_by_role("link", name="Make a key").first.click()
    page.get_by_role("button", name="Make the key").wait_for()
    assert_accessible(page)
    shoot(page, "key-new")
    page.get_by_label("Name").fill("Web shop")
    page.get_by_label("Program, units, tiers and stores: read").check()
    page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label("API key", exact=True).input_value()
    assert_accessible(page)
    shoot(page, "key-made")
    status = call(site, secret)
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Web shop").wait_for()
    assert_accessible(page)
    shoot(page, "keys")
    page.get_by_role("link", name="Web shop").click()
    page.get_by_role("button", name="Revoke the key").wait_for()
    assert_accessible(page)
    shoot(page, "key")
    for language, width, scheme in (("ar", 390, "dark"), ("ar", 1440, "light")):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.reload()
        assert_accessible(page)
        shoot(page, f"key-{language}-{width}")
        page.goto(f"{home_of(program)}keys/")
        shoot(page, f"keys-{language}-{width}")
        page.go_back()
    page.context.clear_cookies(name="django_language")
    page.reload()
    page.get_by_label("Why").fill("Laptop lost")
    page.get_by_role("button", name="Revoke the key").click()
    page.get_by_text("opens nothing any more").wait_for()

    assert status == 200
    assert call(site, secret) == 401


def call(site, secret):
    request = urllib.request.Request(
        f"{site.url}/api/v1/program", headers={"Authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
