"""What every test may use: a real database and Redis, real processes, a real site and browser."""

from collections.abc import Iterator

import pytest
from django.utils import timezone, translation

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.processes",
    "tests.fixtures.redis",
    "tests.fixtures.site",
    "tests.fixtures.browser",
    "tests.fixtures.network",
    "tests.fixtures.places",
]


@pytest.fixture(autouse=True)
def plain_words() -> Iterator[None]:
    """Each test begins in English and UTC, whatever language a page of another test was shown in."""
    translation.activate("en")
    timezone.deactivate()
    yield
    translation.deactivate()
