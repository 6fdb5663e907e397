"""Whatever happens: the past never changes, late reviews are as good as timely ones, and tiers are never too low."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.tiers.courses import Course
from rewards.tiers.records import MANUAL
from rewards.tiers.schemes import TICK, Scheme, day_of
from tests.rewards.tiers.timeline import scheme_of

BEGIN = datetime(2024, 1, 15, 12, tzinfo=UTC)
JOINED = date(2023, 2, 28)

schemes = st.builds(
    scheme_of,
    st.sampled_from(["calendar_year", "membership_year", "rolling", "since_reached", "lifetime"]),
    months=st.sampled_from([1, 6, 12]),
    review=st.sampled_from(["to_earned", "one_down", "keep"]),
    grace_days=st.sampled_from([0, 10]),
    return_days=st.sampled_from([0, 14, 40]),
    never_lost=st.sampled_from(["", "silver"]),
    zone=st.sampled_from(["UTC", "Asia/Tehran", "America/New_York"]),
)


@dataclass(frozen=True)
class Step:
    """`wait` days pass; then a fact of `late` days ago, or a review, or a tier set by staff."""

    wait: int
    kind: str
    late: int
    amount: int


steps = st.lists(
    st.builds(
        Step,
        wait=st.one_of(st.integers(0, 20), st.integers(0, 500)),
        kind=st.sampled_from(["fact", "fact", "fact", "fact", "review", "place", "withdraw"]),
        late=st.one_of(st.just(0), st.just(0), st.integers(0, 40), st.integers(0, 400)),
        amount=st.sampled_from([-300, -100, -20, 0, 20, 100, 200, 300, 600]),
    ),
    max_size=25,
)


def take(course: Course, step: Step, now: datetime) -> None:
    if step.kind == "review":
        course.review(now)
    elif step.kind == "place":
        level = course.scheme.levels[1 + step.late % 2]
        course.place(
            level, until=now + timedelta(days=30 + step.late), reason="A guest", author_id=1, now=now
        )
    elif step.kind == "withdraw":
        course.withdraw(now=now)
    else:
        moment = now - timedelta(days=step.late)
        course.add(moment, spend_minor=step.amount, orders=1, now=now)


def walk(scheme: Scheme, plan: list[Step]):
    course, now = Course(scheme, JOINED, [], {}), BEGIN
    for step in plan:
        now += timedelta(days=step.wait, seconds=1)
        take(course, step, now)
        yield course, step, now


def key_at(course: Course, moment: datetime) -> str:
    level = course.level_at(moment)
    return level.key if level else ""


@settings(deadline=None)
@given(schemes, steps)
def test_what_was_in_force_stays_so(scheme, plan):
    """SEMANTICS 21: later facts, however old, never change an earlier standing."""
    seen: dict[datetime, str] = {}

    for course, _step, now in walk(scheme, plan):
        assert {moment: key_at(course, moment) for moment in seen} == seen
        for days in (0, 1, 15, 100, 400):
            moment = now - timedelta(days=days)
            seen.setdefault(moment, key_at(course, moment))


@settings(deadline=None)
@given(schemes, steps)
def test_reviews_may_come_late_or_daily(scheme, plan):
    """SEMANTICS 34: a job that ran every few days leaves the same standings as none at all."""
    lazy, now = Course(scheme, JOINED, [], {}), BEGIN
    daily = Course(scheme, JOINED, [], {})
    for step in plan:
        for day in range(0, step.wait, 7):
            daily.review(now + timedelta(days=day))
        now += timedelta(days=step.wait, seconds=1)
        take(daily, step, now)
        take(lazy, step, now)
    daily.review(now)
    lazy.review(now)

    assert [_values(row) for row in daily.standings] == [_values(row) for row in lazy.standings]


def _values(row):
    return row.tier_id, row.origin, row.since, row.confirms_at, row.valid_until, row.ended_at


@settings(deadline=None)
@given(schemes, steps)
def test_standings_are_sound(scheme, plan):
    for course, _step, now in walk(scheme, plan):
        manual = [row for row in course.standings if row.origin == MANUAL]
        for row in course.standings:
            assert row.ended_at is None or row.since <= row.ended_at <= now + TICK
            assert row.since <= now + TICK
            assert row.confirms_at is None or row.confirms_at > row.since
        for one, two in pairwise(manual):
            assert one.ended_at is not None
            assert one.ended_at <= two.since


@settings(deadline=None)
@given(schemes, steps)
def test_a_loaded_course_goes_on_like_one_kept(scheme, plan):
    kept, now = Course(scheme, JOINED, [], {}), BEGIN
    for step in plan:
        now += timedelta(days=step.wait, seconds=1)
        loaded = Course(scheme, JOINED, deepcopy(kept.standings), deepcopy(kept.metrics))
        take(loaded, step, now)
        take(kept, step, now)

        assert [_values(row) for row in loaded.standings] == [_values(row) for row in kept.standings]
        assert loaded.metrics == kept.metrics


@settings(deadline=None)
@given(schemes, steps)
def test_nobody_is_below_what_was_just_earned(scheme, plan):
    """SEMANTICS 33: upgrades happen at once, by an independent sum of the window."""
    facts: list[tuple[date, int]] = []
    for course, step, now in walk(scheme, plan):
        if step.kind != "fact":
            continue
        day = day_of(now - timedelta(days=step.late), scheme.zone)
        facts.append((day, step.amount))
        if step.late or step.amount <= 0 or scheme.window == "since_reached":
            continue
        first = scheme.window_start(day, JOINED)
        earned = scheme.earned(sum(amount for on, amount in facts if first <= on <= day))
        assert course.level_at(now + TICK).rank >= earned.rank


@settings(deadline=None)
@given(schemes, steps)
def test_a_manual_tier_is_never_undone(scheme, plan):
    """SEMANTICS 35."""
    for course, step, now in walk(scheme, plan):
        for row in course.standings:
            if row.origin == MANUAL and row.ended_at is not None and row.ended_at < row.valid_until:
                assert (
                    any(other.origin == MANUAL and other.since == row.ended_at for other in course.standings)
                    or step.kind == "withdraw"
                    or row.ended_at < now
                )
        if step.kind in ("fact", "review"):
            open_manual = [row for row in course.standings if row.origin == MANUAL and row.ended_at is None]
            for row in open_manual:
                assert course.level_at(now + TICK).rank >= scheme.by_id[row.tier_id].rank
