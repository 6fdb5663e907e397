"""What every test may use: a real database and Redis, real processes, a real site and browser."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import HealthCheck, settings

from rewards import ids
from tests.fixtures.waiting import may_be_late, once_more

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.processes",
    "tests.fixtures.redis",
    "tests.fixtures.site",
    "tests.fixtures.browser",
    "tests.fixtures.network",
    "tests.fixtures.places",
]

# A block of ids that runs out takes a statement more, whenever that is: tests that count statements must not meet it.
ids.BLOCK = 20_000
# How fast examples are made says something about the machine, nothing about the code.
settings.register_profile("wafa", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("wafa")
# Seconds that a test asks for when it takes minutes.
LONG = 600


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that no core waits for it at the end. A page is looked at twice if need be, and
    what is late is waited for once more."""
    items.sort(key=lambda item: not any(mark.args[0] >= LONG for mark in item.iter_markers("timeout")))
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1, rerun_except=["Complaint"]))
        elif may_be_late(item):
            item.add_marker(once_more())


@pytest.fixture(autouse=True, scope="session")
def told_in_words() -> Iterator[None]:
    """Whatever a test has written into the audit must have its sentence there, and what was done with a member its title
    on the member's page: staff read no names of actions."""
    from members import audit, deeds
    from rewards.views import doings

    def checked(write: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(write)
        def go(*, action: str, subject: str, **facts: Any) -> Any:
            assert action in deeds.DEEDS, f"{action} has no sentence in members/deeds.py"
            assert subject != "member" or action in {*doings.ACTIONS, *doings.LOOKS}, f"{action} has no title"
            return write(action=action, subject=subject, **facts)

        return go

    with pytest.MonkeyPatch.context() as patch:
        for name in ("row", "record"):
            patch.setattr(audit, name, checked(getattr(audit, name)))
        yield


@pytest.fixture(autouse=True)
def plain_words() -> Iterator[None]:
    """Each test begins in English and UTC, whatever language a page of another test was shown in."""
    translation.activate("en")
    timezone.deactivate()
    yield
    translation.deactivate()
