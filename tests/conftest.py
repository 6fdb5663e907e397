"""What every test may use: a real database and Redis, real processes, a real site and browser."""

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.processes",
    "tests.fixtures.redis",
    "tests.fixtures.site",
    "tests.fixtures.browser",
    "tests.fixtures.network",
    "tests.fixtures.places",
]
