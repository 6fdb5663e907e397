"""What a first visit carries over the wire, everything that the page loads counted as it is sent (compressed)."""

import pytest

from tests.e2e.test_every_page import enter
from tests.fixtures.browser import rest
from tests.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

KILOBYTE = 1024
# The most that a first visit may weigh, a third above what it weighs today: a new library would show.
MOST = {
    "/dashboard/{slug}/": 115,  # its charts tell a pointer the values of each step
    "/dashboard/{slug}/members/": 100,
    "/dashboard/{slug}/rules/base/edit/": 110,
    "/till/{slug}/": 90,
}

LEAST = 15


def weight_of(page, path) -> float:
    """Kilobytes of one visit with an empty cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sent = []
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    page.goto(path)
    rest(page)
    session.detach()
    return sum(sent) / KILOBYTE


def test_no_page_is_heavy(new_page, site):
    world = World.make()
    page = new_page()
    enter(page, world.owner, f"/dashboard/{world.program.slug}/")

    weights = {path: weight_of(page, path.format(slug=world.program.slug)) for path in MOST}

    assert {path: round(weight) for path, weight in weights.items() if weight > MOST[path]} == {}
    # A page without its styles and scripts was not measured.
    assert min(weights.values()) > LEAST
