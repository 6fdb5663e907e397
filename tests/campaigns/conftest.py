"""A real mail server for the tests of campaigns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.campaigns import mailbox


@pytest.fixture
def sink() -> Iterator[mailbox.Sink]:
    with mailbox.opened() as found:
        yield found
