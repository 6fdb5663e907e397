"""Staff put steps in, move them about and take them out; every change leaves the graph whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.views.journeys import flow
from campaigns.views.journeys.flow import NoPlace


def keys(graph):
    return [spot.step["key"] for spot in flow.walk(graph)]


@pytest.fixture
def graph():
    return {
        "steps": [
            {"key": "s1", "kind": "wait", "days": 1},
            {
                "key": "s2",
                "kind": "branch",
                "paths": [{"name": "Ordered", "where": None, "steps": [{"key": "s3", "kind": "exit"}]}],
                "else": [
                    {"key": "s4", "kind": "wait", "days": 2},
                    {"key": "s5", "kind": "tag", "tag": "cold"},
                ],
            },
        ]
    }


def test_a_step_is_put_where_it_was_asked_for_and_gets_a_new_key(graph):
    new, key = flow.insert(graph, "s2.else:1", {"kind": "wait", "days": 3})

    assert key == "s6"
    assert keys(new) == ["s1", "s2", "s3", "s4", "s6", "s5"]
    assert keys(graph) == ["s1", "s2", "s3", "s4", "s5"]


def test_a_new_key_is_none_that_the_version_in_force_has(graph):
    _new, key = flow.insert(graph, ":0", {"kind": "exit"}, taken={"s9", "welcome"})

    assert key == "s10"


@pytest.mark.parametrize("place", ["s2.2:0", "s9.then:0", "s1.then:0", ":3", ":x", "s2.else:-1", ""])
def test_there_must_be_such_a_place(graph, place):
    with pytest.raises(NoPlace):
        flow.insert(graph, place, {"kind": "exit"})


def test_what_is_removed_takes_its_ways_along(graph):
    new = flow.remove(graph, "s2")

    assert keys(new) == ["s1"]


def test_a_copy_stands_after_it_with_keys_of_its_own_inside_too(graph):
    new, key = flow.duplicate(graph, "s2")

    assert key == "s6"
    assert keys(new) == ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"]
    assert new["steps"][2]["else"][1] == {"key": "s9", "kind": "tag", "tag": "cold"}


def test_up_and_down_within_a_list_and_out_of_a_way(graph):
    assert keys(flow.shift(graph, "s5", -1)) == ["s1", "s2", "s3", "s5", "s4"]
    assert keys(flow.shift(graph, "s1", 1)) == ["s2", "s3", "s4", "s5", "s1"]
    out_at_the_end = flow.shift(graph, "s5", 1)
    assert [step["key"] for step in out_at_the_end["steps"]] == ["s1", "s2", "s5"]
    out_at_the_start = flow.shift(graph, "s3", -1)
    assert [step["key"] for step in out_at_the_start["steps"]] == ["s1", "s3", "s2"]


def test_the_first_step_cannot_go_up(graph):
    with pytest.raises(NoPlace):
        flow.shift(graph, "s1", -1)


def test_a_step_moves_into_a_way_and_a_branch_never_into_itself(graph):
    assert keys(flow.move(graph, "s1", "s2.0:0")) == ["s2", "s1", "s3", "s4", "s5"]
    with pytest.raises(NoPlace):
        flow.move(graph, "s2", "s2.else:0")


def test_paths_come_and_go_but_one_stays(graph):
    more = flow.add_path(graph, "s2")
    assert [path["name"] for path in more["steps"][1]["paths"]] == ["Ordered", ""]

    less = flow.remove_path(more, "s2", 0)

    assert [path["name"] for path in less["steps"][1]["paths"]] == [""]
    with pytest.raises(NoPlace):
        flow.remove_path(less, "s2", 0)


def test_ways_are_not_nested_without_end(graph):
    place = ":0"
    for _depth in range(flow.DEEPEST):
        graph, key = flow.insert(graph, place, {"kind": "wait_event", "then": [], "else": []})
        place = f"{key}.then:0"

    graph, key = flow.insert(graph, place, {"kind": "exit"})

    deepest = flow.find(graph, key)
    assert deepest.depth == flow.DEEPEST
    with pytest.raises(NoPlace):
        flow.insert(graph, place, {"kind": "wait_event", "then": [{"kind": "exit"}], "else": []})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 30)), max_size=25))
def test_whatever_is_done_no_step_is_lost_or_doubled(moves):
    graph = {"steps": [{"key": "s1", "kind": "branch", "paths": [{"name": "a", "steps": []}], "else": []}]}
    count = 1
    for what, which, where in moves:
        spots = list(flow.walk(graph))
        places = sorted(flow.places(graph))
        name = places[where % len(places)]
        place = f"{name}:{where % (len(flow.list_at(graph, name)) + 1)}"
        try:
            if what == 0:
                graph, _key = flow.insert(graph, place, {"kind": "wait_event"})
                count += 1
            elif what == 1 and spots:
                graph = flow.move(graph, spots[which % len(spots)].step["key"], place)
            elif what == 2 and spots:
                graph = flow.shift(graph, spots[which % len(spots)].step["key"], 1 if where % 2 else -1)
        except NoPlace:
            pass

        found = keys(graph)
        assert len(found) == len(set(found)) == count
