"""Tiers are edited as one draft; what members rely on cannot be pulled away. SEMANTICS 31, 32, 36."""

from dataclasses import replace

import pytest
from django_scopes import scope, scopes_disabled

from members.models import AuditEntry, Program
from members.people import ReasonMissing
from rewards.models import EarningRule, RuleVersion, Tier
from rewards.tiers import editing
from rewards.tiers.editing import TierDraft
from tests.rewards.tiers.house import join, level, open_program, spend, staff
from tests.rewards.tiers.test_forecast import NOW, draft_of
from tests.rewards.tiers.timeline import moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return open_program()


def save(program, draft, *, seen=None, reason="New year", by=None):
    seen = editing.read(program).digest if seen is None else seen
    return editing.save(program=program, draft=draft, seen=seen, reason=reason, by=by, now=NOW)


def ranks(program):
    with scope(program=program):
        return list(Tier.objects.order_by("rank").values_list("key", "rank", "threshold"))


def test_a_tier_is_inserted_between_two_and_members_stay(program):
    member = join(program)
    spend(member, "2026-02-01", 600)

    save(program, draft_of(program, {"basic": 0, "silver": 200, "opal": 300, "gold": 700}))

    assert ranks(program) == [("basic", 0, 0), ("silver", 1, 200), ("opal", 2, 300), ("gold", 3, 700)]
    assert level(member, NOW) == "gold"


def test_tiers_change_places(program):
    save(program, draft_of(program, {"basic": 0, "gold": 300, "silver": 500}))

    assert ranks(program) == [("basic", 0, 0), ("gold", 1, 300), ("silver", 2, 500)]


def test_what_is_saved_holds_for_the_next_order(program):
    save(program, draft_of(program, {"basic": 0, "silver": 200, "gold": 300}))
    member = join(program)

    spend(member, "2026-06-02", 350)

    assert level(member, moment("2026-06-03")) == "gold"


def test_a_tier_nobody_was_in_is_removed(program):
    save(program, draft_of(program, {"basic": 0, "gold": 500}))

    assert ranks(program) == [("basic", 0, 0), ("gold", 1, 500)]


def test_a_tier_that_members_are_in_stays(program):
    spend(join(program), "2026-02-01", 250)

    with pytest.raises(editing.TierInUse):
        save(program, draft_of(program, {"basic": 0, "gold": 500}))

    assert len(ranks(program)) == 3
    assert editing.in_use(program) == {
        tier.id for tier in editing.read(program).tiers if tier.key == "silver"
    }


def test_a_tier_that_a_rule_names_stays(program):
    condition = {"all": [{"field": "standing.tier", "op": "in", "value": ["gold"]}]}
    with scopes_disabled():
        rule = EarningRule.objects.create(program=program, key="vip", name="For gold", state="live")
        RuleVersion.objects.create(
            program=program,
            rule=rule,
            number=1,
            since=NOW,
            published_at=NOW,
            definition={"conditions": condition},
        )

    with pytest.raises(editing.TierNamed, match="For gold"):
        save(program, draft_of(program, {"basic": 0, "silver": 200}))


@pytest.mark.parametrize(
    "thresholds",
    [{"basic": 0, "silver": 200, "gold": 200}, {"basic": -1, "silver": 200}],
    ids=["equal", "negative"],
)
def test_thresholds_rise(program, thresholds):
    with pytest.raises(editing.TiersRefused):
        save(program, draft_of(program, thresholds))


def test_two_tiers_of_one_key_are_refused(program):
    before = editing.read(program)

    with pytest.raises(editing.TiersRefused):
        save(program, replace(before, tiers=(*before.tiers, TierDraft("gold", {"en": "Gold"}, 900))))


def test_the_window_stays_once_orders_are_counted(program):
    save(program, replace(editing.read(program), window="lifetime"))
    spend(join(program), "2026-02-01", 250)

    with pytest.raises(editing.SchemeFixed) as refused:
        save(program, replace(editing.read(program), window="rolling"))

    assert refused.value.field == "window"


def test_windows_of_days_can_follow_one_another():
    program = open_program(window="rolling")
    spend(join(program), "2026-02-01", 250)

    save(program, replace(editing.read(program), window="since_reached", months=6))

    assert editing.read(program).window == "since_reached"


def test_what_was_saved_meanwhile_is_not_written_over(program):
    seen = editing.read(program).digest
    save(program, draft_of(program, {"basic": 0, "silver": 100, "gold": 500}))

    with pytest.raises(editing.TiersChanged):
        save(program, draft_of(program, {"basic": 0, "silver": 300, "gold": 500}), seen=seen)

    assert ranks(program)[1] == ("silver", 1, 100)


def test_a_reason_is_needed(program):
    with pytest.raises(ReasonMissing):
        save(program, editing.read(program), reason=" ")


def test_a_change_is_audited_by_what_changed(program):
    manager = staff()

    save(program, draft_of(program, {"basic": 0, "silver": 100, "gold": 500}), by=manager)

    with scope(program=program):
        entry = AuditEntry.objects.get(action="tier.change")
    assert (entry.actor, entry.reason) == (manager, "New year")
    assert list(entry.after) == ["silver"]
    assert (entry.before["silver"]["threshold"], entry.after["silver"]["threshold"]) == (200, 100)


def test_saving_what_is_there_changes_nothing(program):
    before = Program.objects.get(pk=program.pk).catalogue

    save(program, editing.read(program))

    assert Program.objects.get(pk=program.pk).catalogue == before


def test_the_first_scheme_is_made():
    with scopes_disabled():
        program = Program.objects.create(slug="bare", name="bare", currency="EUR")
    draft = editing.Draft(
        tiers=(TierDraft("basic", {"en": "Basic"}, 0), TierDraft("gold", {"en": "Gold"}, 100))
    )

    save(program, draft, seen="")

    assert ranks(program) == [("basic", 0, 0), ("gold", 1, 100)]
    assert editing.read(program).tiers[1].multipliers == {}
