"""What a preview says is what a re-grade then does. SEMANTICS 36."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from django_scopes import scopes_disabled

from members.models import Member, Program
from rewards.models import Standing
from rewards.tiers import editing, forecast, regrading, standings
from rewards.tiers.editing import TierDraft
from tests.rewards.tiers.house import day, join, level, open_program, spend, staff, tier_of
from tests.rewards.tiers.timeline import moment

pytestmark = pytest.mark.django_db

NOW = moment("2026-06-01")
WINDOWS = ("calendar_year", "rolling", "membership_year", "since_reached", "lifetime")


def draft_of(program, thresholds, **changes):
    """The tiers of the program with other thresholds; keys that are new are inserted, missing ones removed."""
    before = editing.read(program)
    known = {tier.key: tier for tier in before.tiers}
    tiers = tuple(
        replace(known[key], threshold=threshold) if key in known else TierDraft(key, {"en": key}, threshold)
        for key, threshold in sorted(thresholds.items(), key=lambda pair: pair[1])
    )
    return replace(before, tiers=tiers, **changes)


def save(program, draft):
    seen = editing.read(program).digest
    return editing.save(program=program, draft=draft, seen=seen, reason="Anew", by=None, now=NOW)


def crowd(program, seed, count=25):
    """Members with orders over two years; some tiers by hand, some due for review."""
    chance = random.Random(seed)
    members = []
    for _ in range(count):
        joined = moment("2024-01-01") + timedelta(days=chance.randrange(0, 800))
        member = join(program, at=joined.date().isoformat())
        members.append(member)
        for at in sorted(
            joined + timedelta(days=chance.randrange(0, 800)) for _ in range(chance.randrange(6))
        ):
            if at < NOW:
                spend(member, at.date().isoformat(), chance.choice([20, 90, 150, 250, 400]))
        if chance.random() < 0.2:
            standings_by_hand(program, member)
    return members


def standings_by_hand(program, member):
    with scopes_disabled():
        earned = Standing.objects.filter(member=member, tier__key="gold", ended_at=None).exists()
    if not earned:
        standings.set_manual(
            program=program, member=member, tier=tier_of(program, "gold"), reason="A guest",
            by=staff(f"{member.number}@example.org"), until=day("2026-12-31"), now=moment("2026-05-01"),
        )  # fmt: skip


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    "thresholds",
    [
        {"basic": 0, "silver": 100, "gold": 900},
        {"basic": 0, "bronze": 150, "silver": 300, "gold": 500, "platinum": 700},
        {"silver": 120, "gold": 400},
    ],
    ids=["moved", "inserted", "without a base"],
)
def test_a_regrade_does_what_was_said(window, thresholds):
    program = open_program(window=window, months=12)
    members = crowd(program, seed=f"{window}{len(thresholds)}")
    draft = draft_of(program, thresholds)
    before = {member.pk: level(member, NOW) for member in members}

    said = forecast.measure(program=program, draft=draft, now=NOW)
    save(program, draft)
    regrading.regrade(program=program, reason="Anew", by=staff(), now=NOW)

    after = {member.pk: level(member, NOW + timedelta(seconds=1)) for member in members}
    moved = {pk for pk in before if before[pk] != after[pk]}
    assert moved
    assert sum(said.moves.values()) == len(moved) == said.up + said.down
    assert said.moves == {
        pair: sum((before[pk], after[pk]) == pair for pk in moved)
        for pair in {(before[pk], after[pk]) for pk in moved}
    }
    assert said.members == said.looked_at == len(members)
    assert {one.member_id for one in said.largest} <= moved
    assert len(said.largest) == min(10, len(moved))


def test_members_whose_review_is_due_are_folded_one_by_one():
    program = open_program()
    member = join(program)
    spend(member, "2024-02-01", 600)
    draft = draft_of(program, {"basic": 0, "silver": 1, "gold": 2})

    said = forecast.measure(program=program, draft=draft, now=NOW)

    # Gold ended with 2025; nobody has reviewed it yet, and nothing was bought since.
    assert level(member, NOW) == "basic"
    assert (said.up, said.down) == (0, 0)


def test_nothing_is_written():
    program = open_program()
    crowd(program, seed=1, count=8)
    draft = draft_of(program, {"basic": 0, "silver": 1, "gold": 2})
    with scopes_disabled():
        before = list(Standing.objects.order_by("id").values())

    forecast.measure(program=program, draft=draft, now=NOW)

    with scopes_disabled():
        assert list(Standing.objects.order_by("id").values()) == before
    assert editing.read(program).tiers[1].threshold == 200


def test_the_largest_moves_come_first():
    program = open_program()
    near, far = join(program), join(program)
    spend(near, "2026-02-01", 250)
    spend(far, "2026-02-01", 600)

    said = forecast.measure(
        program=program, draft=draft_of(program, {"basic": 0, "silver": 5000, "gold": 9000}), now=NOW
    )

    assert [(one.member_id, one.before.key, one.after.key, one.total) for one in said.largest] == [
        (far.pk, "gold", "basic", 600),
        (near.pk, "silver", "basic", 250),
    ]


def test_members_of_other_programs_do_not_count():
    program, other = open_program(), open_program("cups")
    spend(join(other), "2026-02-01", 250)
    join(program)

    said = forecast.measure(
        program=program, draft=draft_of(program, {"basic": 0, "silver": 1, "gold": 2}), now=NOW
    )

    assert (said.members, said.up) == (1, 0)


def test_a_first_scheme_is_previewed_from_nothing():
    with scopes_disabled():
        program = Program.objects.create(slug="bare", name="bare", currency="EUR")
    join(program)
    draft = editing.Draft(
        tiers=(TierDraft("basic", {"en": "Basic"}, 0), TierDraft("gold", {"en": "Gold"}, 100))
    )

    said = forecast.measure(program=program, draft=draft, now=NOW)

    assert said.moves == {("", "basic"): 1}


def test_of_too_many_to_fold_a_sample_is_taken_and_said(monkeypatch):
    monkeypatch.setattr(forecast, "MOST_FOLDED", 3)
    program = open_program(window="since_reached")
    for _ in range(5):
        join(program)

    said = forecast.measure(program=program, draft=editing.read(program), now=NOW)

    assert (said.members, said.looked_at, said.is_sample) == (5, 3, True)


def test_it_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(forecast, "MOVES", "SELECT pg_sleep(600)")
    monkeypatch.setattr(forecast, "SECONDS", 1)
    program = open_program()

    with pytest.raises(forecast.ForecastTooSlow):
        forecast.measure(program=program, draft=editing.read(program), now=NOW)

    with scopes_disabled():
        assert Member.objects.filter(program=program).count() == 0
