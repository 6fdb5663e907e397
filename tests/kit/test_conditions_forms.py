"""The editor of conditions: any tree goes through its HTML and comes back with the same meaning."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.template import Context, Template
from hypothesis import HealthCheck, given, settings

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Collection, Field, Registry
from loyaltysite.kit.conditions.forms import ConditionForm
from loyaltysite.kit.conditions.nodes import Never, walk
from tests.kit.conditions_shop import NOW, ORDERS
from tests.kit.test_conditions_agree import trees
from tests.posting import controls_of

LINE = Registry("line")
LINE.add(Field("category", conditions.TEXT, "category", "category"))
SHOP = Registry("shop")
SHOP.add(
    Field("total", conditions.MONEY, "total", "total"),
    Field("channel", conditions.CHOICE, "channel", "channel", choices=[("web", "Web"), ("till", "Till")]),
    Field("born", conditions.MONTH_DAY, "birthday", "born"),
    Field("city", conditions.TEXT, "city", "city"),
    Field("weight", conditions.DECIMAL, "weight", "weight"),
    Collection("lines", "lines", LINE, "lines"),
)
TREE = {
    "all": [{"field": "total", "op": ">=", "value": 1250}, {"field": "channel", "op": "=", "value": "web"}]
}


def html_of(form: ConditionForm) -> str:
    return Template("{% load conditions %}{% conditions form %}").render(Context({"form": form}))


def edit(form: ConditionForm, action: str, **typed: str) -> ConditionForm:
    """Press a button, after typing into some fields (`_` for each dot)."""
    data = controls_of(html_of(form))
    for name, value in typed.items():
        data[name.replace("_", ".")] = value
    data[f"{form.prefix}.do"] = action
    return ConditionForm(form.registry, form.prefix, data=data, currency="EUR")


def post(form: ConditionForm, **typed: Any) -> ConditionForm:
    data = controls_of(html_of(form))
    for name, value in typed.items():
        data.setlist(name.replace("_", "."), value if isinstance(value, list) else [value])
    return ConditionForm(form.registry, form.prefix, data=data, currency="EUR")


def start(tree: Any = None, registry: Registry = SHOP) -> ConditionForm:
    return ConditionForm(registry, "c", tree=tree, currency="EUR")


def test_it_works():
    form = post(start(TREE))

    assert form.is_valid()
    assert form.tree == TREE


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(tree=trees(ORDERS))
def test_any_tree_comes_back_with_the_same_meaning(tree: Any) -> None:
    wanted = conditions.parse(tree, ORDERS)

    first = ConditionForm(ORDERS, "c", tree=tree, currency="EUR", zone=NOW.tzinfo)
    form = ConditionForm(ORDERS, "c", data=controls_of(html_of(first)), currency="EUR", zone=NOW.tzinfo)

    if any(isinstance(node, Never) for node in walk(wanted.simple)):
        assert not form.is_valid()  # what never holds is an empty group, of which the form says so
        return
    assert form.is_valid(), form.errors
    assert conditions.parse(form.tree, ORDERS).simple == wanted.simple


def test_a_tree_is_built_by_buttons_and_keeps_what_was_typed():
    form = edit(start(), "add:")
    form = edit(form, "group:", c_0_value="12,50")
    form = edit(form, "set:", c_1_0_field="channel")
    form = edit(form, "none:1", c_1_0_value="till")
    form = edit(form, "add:1", c_0_op=">=")

    assert form.was_edited
    assert "12,50" in html_of(form)
    done = post(form, c_1_1_field="total", c_1_1_value="٣٠")
    assert done.is_valid(), done.errors
    assert done.tree == {
        "all": [
            {"field": "total", "op": ">=", "value": 1250},
            {
                "not": {
                    "any": [
                        {"field": "channel", "op": "=", "value": "till"},
                        {"field": "total", "op": "=", "value": 3000},
                    ]
                }
            },
        ]
    }


def test_another_field_gets_the_operators_and_values_that_fit():
    form = edit(start(TREE), "set:", c_0_field="born")

    html = html_of(form)
    assert '<option value="within next"' in html
    assert "12.50" not in html


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("up:1", ["channel", "total"]),
        ("down:0", ["channel", "total"]),
        ("up:0", ["total", "channel"]),
        ("remove:0", ["channel"]),
        ("remove:9", ["total", "channel"]),
        ("remove:", ["total", "channel"]),
        ("rubbish", ["total", "channel"]),
        ("out:0", ["total", "channel"]),
    ],
)
def test_rows_move_and_leave(action, expected):
    form = edit(start(TREE), action)

    assert [row.field for row in form.root.children] == expected


def test_a_row_goes_into_a_group_and_out_again():
    nested = edit(start(TREE), "nest:1")
    assert post(nested).tree["all"][1] == {"any": [TREE["all"][1]]}

    form = edit(nested, "out:1.0")

    assert post(form).tree == TREE


def test_what_a_collection_is_asked_is_edited_like_any_tree():
    form = edit(start(), "add:")
    form = edit(form, "set:", c_0_field="@lines")
    form = edit(form, "add:0.where", c_0_op=">=", c_0_value="2")
    done = post(form, c_0_where_0_value="Mugs")

    assert done.is_valid(), done.errors
    assert done.tree == {
        "count": "lines",
        "op": ">=",
        "value": 2,
        "where": {"field": "category", "op": "=", "value": "Mugs"},
    }


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"c_0_value": "12.505"}, "at most 2 decimals"),
        ({"c_0_value": "a lot"}, "Give a number"),
        ({"c_0_value": ""}, "A value is missing"),
        ({"c_0_value": "Infinity"}, "Give a number"),
        ({"c_0_value": "1e40"}, "Give a number"),
    ],
)
def test_an_error_stands_at_its_row_beside_what_was_typed(typed, message):
    form = post(start(TREE), **typed)

    assert not form.is_valid()
    assert list(form.errors) == ["0"]
    html = html_of(form)
    assert message in html
    assert f'value="{typed["c_0_value"]}"' in html


def test_an_error_of_the_tree_stands_at_its_row():
    form = post(
        start({"any": [TREE, {"not": {"field": "born", "op": "=", "value": "12-24"}}]}), c_1_0_value="13-24"
    )

    assert not form.is_valid()
    assert list(form.errors) == ["1.0"]


def test_an_empty_group_is_told():
    form = post(edit(edit(start(), "group:"), "remove:0.0"))

    assert not form.is_valid()
    assert form.errors == {"0": ["Add a condition to this group, or remove it."]}


def test_a_refusal_from_elsewhere_finds_its_row():
    form = post(start(TREE))

    form.refuse("all[1].value", "Not this one.")

    assert form.errors == {"1": ["Not this one."]}


def test_what_is_offered_no_more_stays_to_be_seen():
    form = ConditionForm(SHOP, "c", tree={"field": "gone", "op": "=", "value": "x"})

    html = html_of(form)
    assert '<option value="gone" selected>' in html
    again = post(form)
    assert not again.is_valid()
    assert "There is no field “gone”" in again.errors["0"][0]


def test_hidden_fields_are_offered_only_where_they_are_used():
    form = ConditionForm(SHOP, "c", tree=TREE, hides=lambda name: name in {"city", "channel"})

    html = html_of(form)
    assert 'value="city"' not in html
    assert html.count('value="channel"') > 1


def test_what_was_typed_is_escaped():
    html = html_of(post(start({"field": "city", "op": "=", "value": "x"}), c_0_value='"><script>'))

    assert "<script>" not in html


@pytest.mark.parametrize(
    "data",
    [
        "c.join=all&c.0.join=any&c.0.0.join=none",
        "c.0.field=total&c.0.op=contains&c.0.value=1",
        "c.join=rubbish",
        "",
    ],
)
def test_forged_forms_are_answered(data):
    form = ConditionForm(SHOP, "c", data=QueryDict(data))

    form.is_valid()
    assert html_of(form)


def test_a_flood_of_rows_is_cut_off():
    data = QueryDict("&".join(["c.join=all"] + [f"c.{n}.field=total&c.{n}.value=1" for n in range(300)]))

    form = ConditionForm(SHOP, "c", data=data)

    assert len(form.root.children) <= conditions.MAX_NODES
