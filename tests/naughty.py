"""The Big List of Naughty Strings, read from the shared data beside the project; tests skip clearly where it is absent."""

import json
from functools import cache
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "naughty_strings" / "blns.json"
needed = pytest.mark.skipif(
    not FILE.exists(), reason="../shared/data/naughty_strings is not beside the project"
)


@cache
def strings() -> list[str]:
    """All 515 strings, empty where the data is absent."""
    if not FILE.exists():
        return []
    found: list[str] = json.loads(FILE.read_text())
    return found
