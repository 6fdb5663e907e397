from __future__ import annotations

import pytest

from tests.rewards.households import homes


@pytest.fixture
def program():
    return homes.open_home()
