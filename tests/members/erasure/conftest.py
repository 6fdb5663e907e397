"""A program with Anna, who is forgotten."""

from __future__ import annotations

import pytest

from tests.members.erasure.person import MARKER
from tests.rewards import builders


@pytest.fixture
def program(db):
    return builders.open_program(
        rules={"base": builders.BASE["base"], "welcome": {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}}}
    )  # fmt: skip


@pytest.fixture
def anna(program):
    return builders.join(program, MARKER, name=f"Anna {MARKER}")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"
