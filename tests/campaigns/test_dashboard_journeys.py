"""The pages of journeys: the list, the editor that keeps every change, and what is refused."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from campaigns import drafting
from campaigns.messages import templates
from campaigns.models import Journey
from members.models import AuditEntry, Role
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01 12:00")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def journey(program):
    return drafting.create(program=program, name="Welcome", by=hire(program), now=NOW)


@pytest.fixture
def desk(program, journey):
    return Desk(program, journey, as_staff(program, Role.MANAGER))


def said(program, name="Hello"):
    """A template that is published."""
    draft = {"sms": {"en": {"text": "Hello {{ member.first_name }}"}}}
    made = templates.create(
        program=program, name=name, kind="marketing", topic="offers", draft=draft, by=None, now=NOW
    )
    templates.publish(template=made, by=None, now=NOW)
    return made


class Desk:
    """Somebody at the editor without JavaScript."""

    def __init__(self, program, journey, client):
        self.program, self.client = program, client
        self.url = f"/dashboard/{program.slug}/journeys/{journey.key}/edit/"
        self.journey_pk = journey.pk

    @property
    def journey(self):
        with scope(program=self.program):
            return Journey.objects.get(pk=self.journey_pk)

    @property
    def steps(self):
        return self.journey.draft["steps"]

    def open(self, step=""):
        return self.client.get(self.url, {"step": step} if step else {})

    def do(self, what, step="", **values):
        data = {"do": what, "revision": drafting.revision_of(self.journey)} | values
        return self.client.post(self.url + (f"?step={step}" if step else ""), data)


def test_a_journey_is_named_and_opens_in_the_editor(program):
    client = as_staff(program, Role.MANAGER)

    answer = client.post(f"/dashboard/{program.slug}/journeys/new/", {"name": "Spring: 20% more"})

    with scope(program=program):
        journey = Journey.objects.get()
        assert AuditEntry.objects.filter(action="journey.create", subject_id=journey.key).count() == 1
    assert answer["Location"] == f"/dashboard/{program.slug}/journeys/spring-20-more/edit/"
    assert (journey.name, journey.state) == ("Spring: 20% more", "draft")


def test_a_journey_needs_a_name(program):
    answer = as_staff(program, Role.MANAGER).post(f"/dashboard/{program.slug}/journeys/new/", {"name": " "})

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content


def test_the_list_tells_trigger_and_state(program, journey):
    page = as_staff(program, Role.ANALYST).get(f"/dashboard/{program.slug}/journeys/").text

    assert "Welcome" in page
    assert "Joins the program" in page
    assert "Draft" in page


def test_a_step_is_added_filled_in_and_kept(desk):
    answer = desk.do("add:wait::0")

    assert answer["Location"] == f"{desk.url}?step=s1"
    desk.do("save", "s1", **{"step-days": "2", "step-hours": "6"})
    assert desk.steps == [{"key": "s1", "kind": "wait", "days": 2, "hours": 6}]
    assert "Wait 2\u00a0days, 6" in desk.open().text or "Wait" in desk.open().text


def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_kept(desk):
    desk.do("add:wait::0")

    answer = desk.do("save", "s1", **{"step-days": "900"})

    assert answer.status_code == 422
    assert "At most 366" in answer.text
    assert desk.steps[0]["days"] == 1


def test_a_branch_holds_a_condition_and_steps_of_its_own(desk):
    desk.do("add:branch::0")
    desk.do(
        "save",
        "s1",
        **{
            "step-name_0": "Ordered",
            "where_0.join": "all",
            "where_0.0.field": "orders.count",
            "where_0.0.was": "orders.count",
            "where_0.0.op": ">=",
            "where_0.0.value": "1",
        },
    )
    desk.do("add:exit:s1.0:0")
    desk.do("add:tag:s1.else:0")
    desk.do("save", "s3", **{"step-do": "add", "step-tag": "cold"})

    (branch,) = desk.steps
    assert branch["paths"][0]["name"] == "Ordered"
    assert branch["paths"][0]["where"] == {"field": "orders.count", "op": ">=", "value": 1}
    assert [step["key"] for step in branch["paths"][0]["steps"]] == ["s2"]
    assert branch["else"] == [{"key": "s3", "kind": "tag", "do": "add", "tag": "cold"}]
    page = desk.open().text
    assert "Ordered" in page
    assert "Everybody else" in page


def test_a_second_path_keeps_what_was_typed_in_the_first(desk):
    desk.do("add:split::0")

    desk.do(
        "path:s1",
        "s1",
        **{"step-name_0": "Half", "step-share_0": "50", "step-name_1": "B", "step-share_1": "50"},
    )

    assert [path["name"] for path in desk.steps[0]["paths"]] == ["Half", "B", ""]
    answer = desk.do(
        "save",
        "s1",
        **{f"step-name_{n}": f"P{n}" for n in range(3)},
        **{f"step-share_{n}": "40" for n in range(3)},
    )
    assert answer.status_code == 422
    assert "120 percent" in answer.text


def test_steps_move_copy_and_go(desk):
    for kind in ("wait", "exit"):
        desk.do(f"add:{kind}::0")

    desk.do("down:s2")
    assert [step["key"] for step in desk.steps] == ["s1", "s2"]
    desk.do("copy:s1")
    assert [step["key"] for step in desk.steps] == ["s1", "s3", "s2"]
    desk.do("here:s3::3")
    assert [step["key"] for step in desk.steps] == ["s1", "s2", "s3"]
    desk.do("remove:s1")
    assert [step["key"] for step in desk.steps] == ["s2", "s3"]


@pytest.mark.parametrize(
    "what", ["add:wait:s9.then:0", "add:nonsense::0", "remove:s9", "fly:s1", "here:s1:s1.then:0"]
)
def test_what_cannot_be_done_is_refused_and_nothing_changes(desk, what):
    desk.do("add:wait_event::0")
    before = desk.steps

    answer = desk.do(what)

    assert answer.status_code == 422
    assert desk.steps == before


def test_who_saves_over_another_is_told_and_loses_nothing(desk):
    desk.do("add:wait::0")
    stale = drafting.revision_of(desk.journey)
    desk.do("save", "s1", **{"step-days": "3"})

    answer = desk.client.post(f"{desk.url}?step=s1", {"do": "save", "revision": stale, "step-days": "9"})

    assert answer.status_code == 409
    assert desk.steps[0]["days"] == 3
    assert 'value="9"' in answer.text


def test_the_trigger_and_how_often_are_set(desk):
    desk.do(
        "save",
        "trigger",
        **{
            "step-kind": "inactivity",
            "step-tenths": "25",
            "step-least_days": "30",
            "step-hour": "10",
            "step-mode": "cooldown",
            "step-days": "90",
            "where.join": "all",
        },
    )

    draft = desk.journey.draft
    assert draft["trigger"] == {
        "kind": "inactivity",
        "tenths": 25,
        "least_days": 30,
        "hour": 10,
        "where": None,
    }
    assert draft["entry"] == {"mode": "cooldown", "days": 90}
    assert "No order for 2.5" in desk.open().text


def test_a_choice_shows_the_fields_that_fit_and_judges_nothing(desk):
    answer = desk.do("set", "trigger", **{"step-kind": "date", "step-mode": "period", "where.join": "all"})

    assert answer.status_code == 200
    assert 'name="step-date"' in answer.text
    assert 'name="step-period"' in answer.text
    assert 'name="step-event"' not in answer.text
    assert "aria-invalid" not in answer.text


def test_rules_of_the_whole_journey_are_set(desk):
    desk.do(
        "save",
        "rules",
        **{
            "step-exit_0": "order",
            "step-goal": "on",
            "step-event": "order",
            "step-days": "30",
            "step-holdout": "10",
            "step-priority": "2",
            "step-late_hours": "48",
        },
    )

    draft = desk.journey.draft
    assert draft["exit"] == [{"event": "order", "where": None}]
    assert draft["goal"] == {"event": "order", "days": 30}
    assert (draft["holdout"], draft["priority"], draft["window"]) == (10, 2, {"late_hours": 48})


def test_what_is_missing_names_the_step(desk, program):
    desk.do("add:message::0")

    page = desk.open().text

    assert "E-mail: not chosen yet" in page
    assert "Before it can run" in page
    assert "Everything is in place." not in page
    template = said(program)
    desk.do(
        "save",
        "s1",
        **{
            "step-message": template.pk,
            "step-channel": "email",
            "step-purpose": "marketing",
            "step-capped": "skip",
        },
    )
    assert "Everything is in place." in desk.open().text


def test_a_fragment_is_the_flow_and_a_tree_only_the_tree(desk):
    desk.do("add:branch::0")

    flow = desk.client.get(desk.url, headers={"HX-Request": "true", "HX-Target": "flow"}).text
    tree = desk.client.post(
        f"{desk.url}?step=s1",
        {"where_0.do": "add:", "where_0.join": "all", "revision": 0},
        headers={"HX-Request": "true", "HX-Target": "where_0"},
    ).text

    assert flow.lstrip().startswith('<section class="sheet" id="flow"')
    assert tree.lstrip().startswith('<div class="tree" id="where_0"')


def test_the_editor_asks_no_more_for_many_steps_than_for_one(desk, django_assert_max_num_queries):
    desk.do("add:wait::0")
    with CaptureQueriesContext(connection) as few:
        desk.open()
    most = len(few)
    for _step in range(10):
        desk.do("copy:s1")

    with django_assert_max_num_queries(most):
        desk.open()


def test_analysts_read_and_do_not_write(program, journey):
    client = as_staff(program, Role.ANALYST)

    assert client.get(f"/dashboard/{program.slug}/journeys/{journey.key}/").status_code == 200
    assert client.get(f"/dashboard/{program.slug}/journeys/{journey.key}/edit/").status_code == 403


RULES = {
    "step-exit_0": "order",
    "step-event": "order",
    "step-days": "30",
    "step-holdout": "0",
    "step-priority": "5",
    "step-late_hours": "24",
}


def test_what_an_event_must_say_is_typed_a_line_each(desk):
    typed = {"step-kind": "event", "step-event": "order", "step-mode": "once", "where.join": "all"}

    desk.do("save", "trigger", **typed, **{"step-match": 'store: quay\nmeters: 5\ncode: "12"'})

    match = {"store": "quay", "meters": 5, "code": "12"}
    assert desk.journey.draft["trigger"]["match"] == match
    page = desk.open("trigger").text
    assert all(line in page for line in ("store: quay", "meters: 5", "code: &quot;12&quot;"))


def test_a_line_without_a_value_is_refused_at_its_field(desk):
    typed = {"step-kind": "event", "step-event": "order", "step-mode": "once", "where.join": "all"}

    answer = desk.do("save", "trigger", **typed, **{"step-match": "store"})

    assert "Write a name, a colon and a value." in answer.text
    assert "match" not in desk.journey.draft["trigger"]


def test_an_exit_has_a_condition_and_what_its_event_must_say(desk):
    desk.do("save", "rules", **RULES)
    assert 'name="step-match_0"' in desk.open("rules").text

    desk.do("save", "rules", **RULES, **{
        "step-match_0": "channel: web", "out_0.join": "all", "out_0.0.field": "member.language",
        "out_0.0.op": "=", "out_0.0.value": "en",
    })  # fmt: skip

    (out,) = desk.journey.draft["exit"]
    assert (out["event"], out["match"]) == ("order", {"channel": "web"})
    assert out["where"] == {"all": [{"field": "member.language", "op": "=", "value": "en"}]} or out["where"] == {
        "field": "member.language", "op": "=", "value": "en"
    }  # fmt: skip
    assert "channel: " in desk.open().text


def test_an_exit_by_another_event_begins_without_terms(desk):
    desk.do("save", "rules", **RULES)
    desk.do("save", "rules", **RULES, **{"step-match_0": "channel: web", "out_0.join": "all"})

    desk.do("save", "rules", **RULES | {"step-exit_0": "return"}, **{"step-match_0": "channel: web"})

    assert desk.journey.draft["exit"] == [{"event": "return", "where": None}]


def test_a_journey_gets_another_name_and_somebody_to_look_after_it(desk, program):
    other, cashier = hire(program, Role.MANAGER), hire(program, Role.CASHIER)
    path = f"/dashboard/{program.slug}/journeys/{desk.journey.key}/about/"

    refused = desk.client.post(path, {"name": "Better", "owner": cashier.pk})
    desk.client.post(path, {"name": "Better", "owner": other.pk})

    assert refused.status_code == 422
    assert (desk.journey.name, desk.journey.owner) == ("Better", other)
