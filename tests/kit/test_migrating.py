"""Migrations in seconds: the changed model alone is built anew, and everything once more where that could matter."""

import pytest
from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from loyaltysite.kit import migrating


@pytest.fixture
def state():
    """A shop and a customer of it, rendered."""
    found = ProjectState()
    found.add_model(ModelState("t", "Shop", [("id", models.BigAutoField(primary_key=True))]))
    shop = models.ForeignKey("t.Shop", models.CASCADE)
    found.add_model(
        ModelState("t", "Customer", [("id", models.BigAutoField(primary_key=True)), ("shop", shop)])
    )
    assert found.apps.get_model("t", "Customer")
    return found


def shop_of(state):
    return state.apps.get_model("t", "Customer")._meta.get_field("shop").remote_field.model


def test_only_the_changed_model_is_built_anew(state):
    before = state.apps.get_model("t", "Customer")

    with migrating.quick():
        state.add_field("t", "shop", "name", models.TextField(), preserve_default=True)

    assert state.apps.get_model("t", "Shop")._meta.get_field("name")
    assert state.apps.get_model("t", "Customer") is before


def test_the_code_of_a_migration_sees_all_models_as_they_are(state):
    with migrating.quick():
        state.add_field("t", "shop", "name", models.TextField(), preserve_default=True)
        state.clear_delayed_apps_cache()  # what RunPython does first

    assert shop_of(state) is state.apps.get_model("t", "Shop")
    assert shop_of(state)._meta.get_field("name")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.alter_field("t", "shop", "id", models.UUIDField(primary_key=True), True),
        lambda state: state.rename_field("t", "shop", "id", "number"),
        lambda state: state.rename_model("t", "Shop", "Store"),
    ],
    ids=["another key", "another name of the key", "another name"],
)
def test_a_new_key_reaches_those_who_point_to_it(state, change):
    with migrating.quick():
        change(state)

    kind = shop_of(state)
    assert kind is state.apps.get_model("t", kind.__name__)
    assert {field.name for field in kind._meta.related_objects} == {"customer"}


def test_django_has_its_own_way_again_afterwards():
    before = ProjectState.reload_model

    with migrating.quick():
        assert ProjectState.reload_model is not before

    assert ProjectState.reload_model is before
