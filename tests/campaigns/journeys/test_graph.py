"""The graph of a journey: what is read comes back the same, and every fault is named at its place."""

import pytest

from campaigns.journeys import graph

WELCOME = {
    "trigger": {"kind": "event", "event": "member.joined", "where": None},
    "entry": {"mode": "once"},
    "exit": [{"event": "order", "where": None}, {"segment": 7, "is": "entered"}],
    "holdout": 10,
    "goal": {"event": "order", "days": 30},
    "priority": 3,
    "window": {"late_hours": 12},
    "steps": [
        {"key": "hello", "kind": "message", "message": 4, "channel": "email", "purpose": "marketing", "capped": "skip"},
        {"key": "pause", "kind": "wait", "days": 2},
        {
            "key": "ordered",
            "kind": "wait_event",
            "event": "order",
            "timeout_days": 7,
            "then": [{"key": "thanks", "kind": "points", "unit": "points", "amount": 50, "budget": 5000}],
            "else": [
                {
                    "key": "lot",
                    "kind": "split",
                    "paths": [
                        {"name": "A", "share": 50, "steps": [{"key": "stop", "kind": "exit"}]},
                        {"name": "B", "share": 50, "steps": []},
                    ],
                }
            ],
        },
        {
            "key": "who",
            "kind": "branch",
            "paths": [{"name": "young", "where": {"field": "a", "is": 1}, "steps": []}],
            "else": [{"key": "ask", "kind": "task", "title": "Call", "days": 1}],
        },
    ],
}  # fmt: skip


def broken(**changes):
    return {**WELCOME, **changes}


def faults(data):
    with pytest.raises(graph.GraphInvalid) as refused:
        graph.read(data)
    return [(fault.path, fault.step) for fault in refused.value.faults]


def test_what_is_read_comes_back_the_same():
    found = graph.read(WELCOME)

    assert graph.data(found) == WELCOME
    assert graph.read(graph.data(found)) == found


def test_every_step_is_walked_before_those_in_its_paths():
    keys = [step.key for step in graph.read(WELCOME).walk()]

    assert keys == ["hello", "pause", "ordered", "thanks", "lot", "stop", "who", "ask"]


def test_all_conditions_are_found():
    conditions = [(key, tree) for key, tree in graph.read(WELCOME).conditions() if tree]

    assert conditions == [("who", {"field": "a", "is": 1})]


def test_the_log_calls_an_order_by_its_own_name():
    found = graph.read(broken(exit=[{"event": "order.placed"}]))

    assert found.exits[0].event == "order"


def test_every_fault_is_named_at_once():
    steps = [
        {"key": "a", "kind": "wait"},
        {"key": "a", "kind": "points", "unit": "points", "amount": 0},
        {"key": "b", "kind": "split", "paths": [{"name": "x", "share": 30, "steps": [{"key": "!", "kind": "exit"}]}]},
    ]  # fmt: skip

    assert faults(broken(steps=steps)) == [
        ("steps[0].days", "a"),
        ("steps[1].key", "a"),
        ("steps[1].amount", "a"),
        ("steps[2].paths[0].steps[0].key", "b"),
        ("steps[2].paths", "b"),
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"steps": []}, "steps"),
        ({"steps": "none"}, "steps"),
        ({"holdout": 51}, "holdout"),
        ({"holdout": True}, "holdout"),
        ({"entry": {"mode": "period", "period": "hour"}}, "entry.period"),
        ({"entry": {"mode": "cooldown"}}, "entry.days"),
        ({"trigger": {"kind": "event"}}, "trigger.event"),
        ({"trigger": {"kind": "schedule", "every": "once"}}, "trigger.on"),
        ({"trigger": None}, "trigger"),
        ({"exit": [{"segment": 1, "is": "near"}]}, "exit[0].is"),
        ({"goal": {"event": "order", "days": 0}}, "goal.days"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_fault_names_its_place(change, path):
    assert path in [place for place, _step in faults(broken(**change))]


@pytest.mark.parametrize("data", [None, [], "x", 4])
def test_what_is_no_object_is_refused(data):
    assert ("", "") in faults(data)


def test_paths_have_an_end():
    step = {"key": "s0", "kind": "exit"}
    for number in range(1, 9):
        step = {
            "key": f"s{number}",
            "kind": "wait_event",
            "event": "order",
            "timeout_days": 1,
            "then": [step],
        }

    assert any("then" in path for path, _step in faults(broken(steps=[step])))
