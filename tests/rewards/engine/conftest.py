import pytest

from rewards.engine import fields


@pytest.fixture(scope="session", autouse=True)
def _engine_fields() -> None:
    fields.register()
