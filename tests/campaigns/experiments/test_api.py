"""Results of experiments through the API; never another program's."""

import pytest

from tests.campaigns.experiments import trials
from tests.members.api_shop import Shop
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return Shop(b.open_program())


def test_it_works(shop):
    found = trials.with_results(shop.program)

    (told,) = shop.get("experiments").json()["items"]

    assert (told["id"], told["verdict"], told["best"]) == (found.pk, "winner", "B")
    first, second = told["arms"]
    assert (first["counted"], first["differences"], first["bounds"]) == (2_800, [], None)
    assert second["bounds"]["low"] > 0
    assert {each["measure"] for each in second["differences"]} == {"conversion", "revenue", "margin", "cost"}
    assert second["means"]["conversion"] - first["means"]["conversion"] == pytest.approx(
        second["bounds"]["value"]
    )
    assert shop.get(f"experiments/{found.pk}").json() == told


def test_without_figures_it_is_too_early(shop):
    trials.launch(shop.program)

    (told,) = shop.get("experiments").json()["items"]

    assert (told["verdict"], told["best"], told["measured_at"]) == ("early", None, None)


def test_another_programs_are_not_there(shop):
    other = trials.with_results(b.open_program())

    assert shop.get("experiments").json()["items"] == []
    assert shop.get(f"experiments/{other.pk}").status_code == 404
