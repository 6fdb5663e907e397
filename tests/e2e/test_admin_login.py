"""Operators reach the admin through the site's own log-in."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


def test_a_stranger_is_shown_a_log_in(page):
    response = page.goto("/admin/")

    assert response is not None
    assert response.status == 200
    expect(page.locator("input[type=password]")).to_have_count(1)
