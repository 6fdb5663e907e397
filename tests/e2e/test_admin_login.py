"""Operators reach the admin through the site's own log-in."""

import pytest

pytestmark = pytest.mark.e2e


def test_a_stranger_is_shown_a_log_in(page):
    response = page.goto("/admin/")

    assert response is not None
    assert response.status == 200
    assert page.locator("input[type=password]").count() == 1
