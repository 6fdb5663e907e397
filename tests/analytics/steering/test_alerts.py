"""Alerts: what is found in the figures, what is proposed, and what the team makes of it."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse
from django_scopes import scope

from analytics import tasks
from analytics.alerts import looking, raising
from analytics.models import Alert
from campaigns.models import Journey
from members.models import AuditEntry, Role
from rewards.models import EarningRule, RuleDraft, Standing
from tests.analytics.steering.worlds import TODAY, lay
from tests.members.teams import as_staff, home_of
from tests.rewards.builders import find, join, moment, open_program
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db

NOW = moment("2026-11-23T08:00")
YESTERDAY = date(2026, 11, 22)
TIERS = {"base": (0, {}), "silver": (5_000, {})}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program():
    found = open_program(tiers=TIERS)
    put_up(found, "gift", price={"points": 10})
    join(found, "anna")
    with scope(program=found):
        silver = found.tiers.get(key="silver")
        Standing.objects.create(
            program=found,
            member=find(found, "anna"),
            tier=silver,
            origin="earned",
            since=moment("2026-11-01"),
        )
    return found


def look(program, today=TODAY):
    with scope(program=program):
        return looking.findings(program=program, today=today, now=NOW)


def watch(program, findings, today=TODAY):
    return raising.update(program=program, findings=findings, today=today)


def found(program):
    return {(one.kind, one.subject): one for one in look(program)}


def test_a_steady_program_has_none(program):
    lay(program)

    assert look(program) == []


def test_a_program_of_yesterday_has_none(program):
    lay(program, days=20, orders=lambda day: 0 if day == YESTERDAY else 100)

    assert look(program) == []


def test_a_rule_that_gives_less_while_orders_stay_is_found(program):
    lay(program, rule=lambda day: 5 if day >= TODAY - timedelta(days=28) else 40)

    one = found(program)["low_earning", "base"]

    assert (one.facts["times"], one.facts["usual"], one.facts["days"]) == (140, 1120, 28)
    assert one.remedy["definition"]["amount"] == {"kind": "multiplier", "factor": "2", "of": ["base"]}


def test_a_rule_that_gives_less_because_there_is_less_to_give_for_is_none(program):
    def less(day):
        return 0.3 if day >= TODAY - timedelta(days=28) else 1

    lay(program, orders=lambda day: int(100 * less(day)), rule=lambda day: int(40 * less(day)))

    assert ("low_earning", "base") not in found(program)


def test_redemption_below_its_past_or_a_tenth_is_found(program):
    lay(program, used=lambda day: 1_500 if day >= TODAY - timedelta(days=90) else 3_000)

    one = found(program)["weak_redemption", "points"]

    assert (one.facts["share"], one.facts["before"]) == (0.15, 0.3)
    assert one.remedy == {"kind": "journey", "preset": "expiry"}


def test_redemption_without_a_reward_is_nobodys_fault():
    program = open_program()
    lay(program, used=lambda day: 0)

    assert look(program) == []


def test_tiers_that_nobody_reached_for_two_months_are_found(program):
    lay(program)
    with scope(program=program):
        Standing.objects.update(since=moment("2026-09-01"))

    one = found(program)["stalled_tiers", ""]

    assert one.facts == {"active": 300, "days": 60, "near": 0}
    assert one.remedy == {"kind": "tiers"}


def test_a_day_far_from_its_weekday_is_found_with_a_way_back(program):
    lay(program, orders=lambda day: 20 if day == YESTERDAY else 100)

    findings = found(program)

    assert set(findings) == {("anomaly", "orders"), ("anomaly", "sales")}
    assert findings["anomaly", "orders"].facts["value"] == 20
    assert findings["anomaly", "orders"].facts["usual"] == 100
    assert findings["anomaly", "orders"].remedy == {"kind": "journey", "preset": "win-back"}


def test_an_alert_is_raised_once_and_over_when_all_is_well(program):
    lay(program, rule=lambda day: 5 if day >= TODAY - timedelta(days=28) else 40)
    bad = look(program)

    assert [row.subject for row in watch(program, bad)] == ["base"]
    assert watch(program, bad, TODAY + timedelta(days=1)) == []
    watch(program, [], TODAY + timedelta(days=2))

    with scope(program=program):
        row = Alert.objects.get()
        assert (row.state, row.raised_on, row.seen_on) == ("over", TODAY, TODAY + timedelta(days=1))


def test_a_closed_alert_is_quiet_for_two_weeks_and_a_snoozed_one_comes_back(program):
    lay(program, rule=lambda day: 5 if day >= TODAY - timedelta(days=28) else 40)
    bad = look(program)
    by = as_staff(program) and program.team.get().user
    (row,) = watch(program, bad)

    raising.snooze(program=program, alert_id=row.pk, days=7, by=by, today=TODAY, now=NOW)
    watch(program, bad, TODAY + timedelta(days=6))
    with scope(program=program):
        assert not raising.waiting(program=program, today=TODAY + timedelta(days=6)).exists()
    watch(program, bad, TODAY + timedelta(days=7))
    raising.close(program=program, alert_id=row.pk, reason="Known", by=by, now=NOW)

    assert watch(program, bad, TODAY + timedelta(days=20)) == []
    assert len(watch(program, bad, TODAY + timedelta(days=21))) == 1
    with scope(program=program):
        actions = AuditEntry.objects.filter(subject="alert").order_by("pk").values_list("action", flat=True)
        assert list(actions) == ["alert.snooze", "alert.close"]


def test_the_daily_task_does_its_round_once(program):
    lay(program, orders=lambda day: 20 if day == YESTERDAY else 100)

    assert (tasks.watch_figures(), tasks.watch_figures()) == (2, 0)


def test_one_program_that_fails_holds_up_nobody_and_is_tried_again(program, monkeypatch):
    other = open_program()
    for one in (program, other):
        lay(one, orders=lambda day: 20 if day == YESTERDAY else 100)
    whole = looking.findings

    def break_down(*, program, **facts):
        if program == broken:
            raise ValueError("no figures")
        return whole(program=program, **facts)

    broken = program
    monkeypatch.setattr(looking, "findings", break_down)
    assert tasks.watch_figures() == 2
    broken = None

    assert tasks.watch_figures() == 2


def test_before_five_the_day_has_not_begun(program):
    lay(program, orders=lambda day: 20 if day == YESTERDAY else 100)

    with time_machine.travel("2026-11-23T04:59:00Z", tick=False):
        assert tasks.watch_figures() == 0


@pytest.fixture
def alert(program):
    lay(program, rule=lambda day: 5 if day >= TODAY - timedelta(days=28) else 40)
    return watch(program, look(program))[0]


def at(program, name, *args):
    return reverse(f"analytics:{name}", args=[program.slug, *args])


def test_the_page_tells_the_alert_and_the_home_points_to_it(program, alert):
    staff = as_staff(program, Role.ANALYST)

    page = staff.get(at(program, "alerts")).text
    home = staff.get(home_of(program)).text

    assert "“base” gives far less than it used to" in page
    assert "It gave for 140 orders in 28 days" in page
    assert "Prepare the draft" not in page  # an analyst only reads
    assert f"/alerts/#alert{alert.pk}" in home


def test_the_remedy_becomes_one_draft_of_a_rule(program, alert):
    staff = as_staff(program, Role.MANAGER)

    first = staff.post(at(program, "alert_prepare", alert.pk))
    second = staff.post(at(program, "alert_prepare", alert.pk))

    with scope(program=program):
        draft = RuleDraft.objects.get()
        assert draft.definition["amount"]["of"] == ["base"]
        assert EarningRule.objects.count() == 2
    assert (
        first["Location"]
        == second["Location"]
        == reverse("rewards:rule_edit", args=[program.slug, draft.rule.key])
    )
    assert staff.get(first["Location"]).status_code == 200


def test_the_remedy_becomes_a_journey(program):
    lay(program, used=lambda day: 1_500 if day >= TODAY - timedelta(days=90) else 3_000)
    (alert,) = watch(program, look(program))

    answer = as_staff(program, Role.MANAGER).post(at(program, "alert_prepare", alert.pk))

    with scope(program=program):
        journey = Journey.objects.get()
    assert (journey.state, answer["Location"]) == (
        "draft",
        reverse("campaigns:journey_edit", args=[program.slug, journey.key]),
    )


def test_closing_asks_for_a_reason(program, alert):
    staff = as_staff(program, Role.MANAGER)

    refused = staff.post(at(program, "alert_close", alert.pk), {"reason": " "})
    done = staff.post(at(program, "alert_close", alert.pk), {"reason": "The sale is over."})

    assert (refused.status_code, done.status_code) == (422, 302)
    with scope(program=program):
        assert Alert.objects.get().reason == "The sale is over."
    assert "The sale is over." in staff.get(at(program, "alerts")).text


def test_snoozing_takes_only_the_days_on_offer(program, alert):
    staff = as_staff(program, Role.MANAGER)

    staff.post(at(program, "alert_snooze", alert.pk), {"days": "3000"})
    with scope(program=program):
        assert Alert.objects.get().state == "open"
    staff.post(at(program, "alert_snooze", alert.pk), {"days": "14"})
    with scope(program=program):
        assert Alert.objects.get().snoozed_until == TODAY + timedelta(days=14)


def test_more_points_than_usual_propose_a_limit(program):
    remedy = looking.remedies.of_anomaly

    with scope(program=program):
        draft = remedy(program=program, figure="given", unit="points", is_high=True)

    assert draft["definition"]["caps"] == {"day": "500"}
    assert draft["key"] == "base"
