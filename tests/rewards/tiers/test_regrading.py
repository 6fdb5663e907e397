"""Changed thresholds. SEMANTICS 36."""

import pytest
from django_scopes import scopes_disabled

from members.models import AuditEntry
from rewards import rulebook
from rewards.models import Standing, Tier
from rewards.tiers import regrading, standings
from tests.rewards.tiers.house import day, join, level, open_program, spend, staff, tier_of
from tests.rewards.tiers.timeline import moment

pytestmark = pytest.mark.django_db

NOW = moment("2026-06-01")


@pytest.fixture
def program():
    return open_program()


@pytest.fixture
def members(program):
    found = {amount: join(program) for amount in (0, 150, 250, 500, 900)}
    for amount, member in found.items():
        if amount:
            spend(member, "2026-02-01", amount)
    return found


def change(program, **thresholds):
    with scopes_disabled():
        for key, threshold in thresholds.items():
            Tier.objects.filter(program=program, key=key).update(threshold=threshold)
    rulebook.touch(program)


def test_a_preview_counts_who_would_rise_and_fall(program, members):
    found = regrading.preview_thresholds(program=program, thresholds={"silver": 100, "gold": 800}, now=NOW)

    assert (found.up, found.down) == (1, 1)
    assert found.moves == {("basic", "silver"): 1, ("gold", "silver"): 1}


def test_a_preview_writes_nothing(program, members):
    with scopes_disabled():
        before = list(Standing.objects.order_by("id").values())

    regrading.preview_thresholds(program=program, thresholds={"gold": 5000}, now=NOW)

    with scopes_disabled():
        assert list(Standing.objects.order_by("id").values()) == before


@pytest.mark.parametrize("thresholds", [{"silver": -1}, {"silver": 600}, {"platinum": 900}])
def test_thresholds_must_rise_and_be_known(program, thresholds):
    with pytest.raises(regrading.ThresholdsRefused):
        regrading.preview_thresholds(program=program, thresholds=thresholds, now=NOW)


def test_members_keep_their_tier_until_they_are_regraded(program, members):
    change(program, gold=800)
    assert level(members[500], "2026-06-01") == "gold"

    done = regrading.regrade(program=program, reason="New year, new rules", by=staff(), now=NOW)

    assert (done.up, done.down) == (0, 1)
    assert level(members[500], "2026-06-01") == "gold"
    assert level(members[500], "2026-06-02") == "silver"
    assert level(members[900], "2026-06-02") == "gold"


def test_a_regrade_does_what_the_preview_said_and_nothing_twice(program, members):
    said = regrading.preview_thresholds(program=program, thresholds={"silver": 100, "gold": 800}, now=NOW)
    change(program, silver=100, gold=800)

    done = regrading.regrade(program=program, reason="New rules", by=staff(), now=NOW)
    again = regrading.regrade(
        program=program, reason="New rules", by=staff("other@example.org"), now=moment("2026-06-02")
    )

    assert done == said
    assert (again.up, again.down) == (0, 0)


def test_a_manual_tier_outlasts_a_regrade(program, members):
    manager = staff()
    standings.set_manual(
        program=program, member=members[0], tier=tier_of(program, "gold"), reason="A guest", by=manager,
        until=day("2026-12-31"), now=moment("2026-05-01"),
    )  # fmt: skip

    regrading.regrade(program=program, reason="New rules", by=manager, now=NOW)

    assert level(members[0], "2026-06-02") == "gold"


def test_a_regrade_is_audited(program, members):
    manager = staff()

    regrading.regrade(program=program, reason="New rules", by=manager, now=NOW)

    with scopes_disabled():
        entry = AuditEntry.objects.get(action="tier.regrade")
    assert (entry.actor, entry.reason, entry.after) == (manager, "New rules", {"up": 0, "down": 0})


def test_chunks_cover_everybody(program, members, monkeypatch):
    monkeypatch.setattr(regrading, "CHUNK", 2)

    found = regrading.preview_thresholds(program=program, thresholds={"silver": 1000, "gold": 2000}, now=NOW)

    assert found.down == 3
