"""From shares to levels: examples of every window, and a plain model that reads the words literally."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.badges import folding, goals
from rewards.badges.deeds import Share
from tests.rewards import builders as b

BERLIN = ZoneInfo("Europe/Berlin")
JOINED = b.moment("2026-01-01T00:00")


def goal(*targets, count="orders", zone=UTC, **more):
    keys = ("one", "two", "three")
    levels = [{"key": key, "target": target} for key, target in zip(keys, targets, strict=False)]
    return goals.parse({"count": count, "levels": levels} | more, zone=zone)


def shares(*days, keys=None):
    keys = keys or [""] * len(days)
    return [
        Share(number, b.moment(day), Decimal(1), key)
        for number, (day, key) in enumerate(zip(days, keys, strict=True))
    ]


def fold(goal, shares, now="2026-06-15", joined=JOINED):
    return folding.fold(goal, shares, joined_at=joined, now=b.moment(now))


def reached(tally):
    return {level: at.date().isoformat() for (level, period), at in tally.reached.items() if not period}


def test_levels_are_reached_when_the_sum_passes_them():
    tally = fold(goal(2, 4), shares("2026-01-05", "2026-01-03", "2026-02-01"))

    assert tally.value == 3
    assert tally.at == b.moment("2026-02-01")
    assert reached(tally) == {"one": "2026-01-05"}
    assert tally.until is None


def test_different_ones_count_once():
    days = [f"2026-01-0{n}" for n in range(1, 6)]

    tally = fold(goal(2, 3, count="stores"), shares(*days, keys="aabbc"))

    assert tally.value == 3
    assert reached(tally) == {"one": "2026-01-03", "two": "2026-01-05"}


def test_a_calendar_window_begins_anew_and_what_was_reached_stays():
    window = {"kind": "calendar", "unit": "month"}

    tally = fold(goal(2, window=window), shares("2026-01-05", "2026-01-31", "2026-06-02"))

    assert (tally.value, tally.best, tally.period) == (1, 2, "2026-06-01")
    assert reached(tally) == {"one": "2026-01-31"}
    assert tally.until == b.moment("2026-07-01T00:00")


def test_a_repeating_window_is_won_in_every_period():
    window = {"kind": "calendar", "unit": "month", "repeats": True}
    days = ("2026-01-05", "2026-01-31", "2026-02-02", "2026-03-01", "2026-03-02")

    tally = fold(goal(2, window=window), shares(*days))

    assert set(tally.reached) == {("one", "2026-01-01"), ("one", "2026-03-01")}


def test_the_last_days_slide_and_a_day_belongs_to_the_programs_clock():
    seven = goal(3, window={"kind": "days", "count": 7}, zone=BERLIN)
    # 23:30 in UTC is the next day in Berlin.
    done = shares("2026-03-01T23:30", "2026-03-05", "2026-03-08T12:00")

    tally = fold(seven, done, now="2026-03-08T22:30")

    assert reached(tally) == {"one": "2026-03-08"}
    assert (tally.value, tally.until) == (3, datetime(2026, 3, 8, 23, 0, tzinfo=UTC))
    after = fold(seven, done, now="2026-03-08T23:00")
    assert (after.value, after.best) == (2, 3)
    assert fold(seven, done, now="2026-04-01").at is None


def test_only_the_first_days_after_joining_count():
    tally = fold(
        goal(2, window={"kind": "joining", "days": 30}),
        shares("2026-01-30T23:59", "2026-01-31T00:00"),
        joined=b.moment("2026-01-01T15:00"),
    )

    assert tally.value == 1


def test_a_row_of_weeks_goes_on_until_one_is_left_out():
    weeks = goal(3, count="days", streak={"unit": "week", "each": 2})
    days = ["2026-05-11", "2026-05-13", "2026-05-20", "2026-05-21", "2026-05-26", "2026-05-31", "2026-06-02"]
    done = shares(*days, keys=days)

    tally = fold(weeks, done, now="2026-06-03")

    assert (tally.value, tally.best) == (3, 3)
    assert reached(tally) == {"one": "2026-05-31"}
    assert tally.until == b.moment("2026-06-08T00:00")
    assert fold(weeks, done, now="2026-06-08").value == 0
    assert reached(fold(weeks, done, now="2027-06-08")) == {"one": "2026-05-31"}


def test_a_late_fact_mends_a_row():
    days = goal(3, streak={"unit": "day"})
    done = shares("2026-06-01", "2026-06-03")

    assert fold(days, done, now="2026-06-03").value == 1
    late = Share(9, b.moment("2026-06-02"), Decimal(1))
    mended = fold(days, [*done, late], now="2026-06-03")
    assert (mended.value, reached(mended)) == (3, {"one": "2026-06-03"})


def test_months_of_different_length_follow_each_other():
    months = goal(4, streak={"unit": "month"})

    tally = fold(months, shares("2025-11-30", "2025-12-01", "2026-01-31", "2026-02-28"), now="2026-03-31")

    assert tally.value == 4


@pytest.mark.parametrize("unit", ["day", "week", "month", "quarter", "year"])
def test_periods_follow_each_other_without_a_gap(unit):
    day = date(2023, 12, 28)
    for _ in range(500):
        start = folding.first_day(day, unit)
        following = folding.next_first(start, unit)
        assert start <= day < following
        assert folding.first_day(following, unit) == following
        day += timedelta(days=1)


# --- the plain model --------------------------------------------------------------------------------------------------

WINDOWS = [
    {},
    {"window": {"kind": "calendar", "unit": "week"}},
    {"window": {"kind": "calendar", "unit": "month", "repeats": True}},
    {"window": {"kind": "days", "count": 5}},
    {"window": {"kind": "joining", "days": 20}},
    {"streak": {"unit": "day", "each": 2}},
    {"streak": {"unit": "week", "each": 2}},
]
DONE = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 23), st.integers(1, 3), st.sampled_from("abc")), max_size=25
)


class Plain:
    """The best figure and the present one, by looking at every window by itself."""

    def __init__(self, asked, done, now):
        self.asked, self.done = asked, done
        self.today = self.day(now)

    def day(self, at):
        return at.astimezone(self.asked.zone).date()

    def worth(self, some):
        return len({s.key for s in some}) if self.asked.is_distinct else sum(s.value for s in some)

    def within(self, start, unit):
        return [s for s in self.done if folding.first_day(self.day(s.at), unit) == start]

    def figures(self):
        if self.asked.streak:
            return self.row()
        kind, days = self.asked.window.kind, timedelta(days=self.asked.window.days)
        if kind == "calendar":
            unit = self.asked.window.unit
            starts = {folding.first_day(self.day(s.at), unit) for s in self.done}
            best = max((self.worth(self.within(start, unit)) for start in starts), default=0)
            return best, self.worth(self.within(folding.first_day(self.today, unit), unit))
        if kind == "days":
            best = max((self.worth(self.last(self.day(t.at), days, t.at)) for t in self.done), default=0)
            return best, self.worth(self.last(self.today, days))
        first = [s for s in self.done if kind == "ever" or self.day(s.at) < JOINED.date() + days]
        return self.worth(first), self.worth(first)

    def last(self, last, days, at=None):
        return [s for s in self.done if last - days < self.day(s.at) <= last and (at is None or s.at <= at)]

    def row(self):
        unit = self.asked.streak.unit
        starts = {folding.first_day(self.day(s.at), unit) for s in self.done}
        full = {start for start in starts if self.worth(self.within(start, unit)) >= self.asked.streak.each}

        def length(start):
            found = 0
            while start in full:
                found, start = found + 1, folding.first_day(start - timedelta(days=1), unit)
            return found

        today = folding.first_day(self.today, unit)
        present = length(today) or length(folding.first_day(today - timedelta(days=1), unit))
        return max(map(length, full), default=0), present


@settings(deadline=None)
@given(
    done=DONE,
    later=st.integers(0, 30),
    more=st.sampled_from(WINDOWS),
    count=st.sampled_from(["orders", "stores"]),
    zone=st.sampled_from([UTC, BERLIN]),
)
def test_it_is_what_the_words_say(done, later, more, count, zone):
    asked = goal(2, 4, 7, count=count, zone=zone, **more)
    did = [
        Share(n, JOINED + timedelta(days=day, hours=hour), Decimal(value), key)
        for n, (day, hour, value, key) in enumerate(done)
    ]
    now = max([JOINED, *(s.at for s in did)]) + timedelta(days=later)

    tally = folding.fold(asked, did, joined_at=JOINED, now=now)

    best, present = Plain(asked, did, now).figures()
    assert (tally.best, tally.value) == (best, present)
    assert {key for key, _period in tally.reached} == {one.key for one in asked.levels if one.target <= best}
    for place, at in tally.reached.items():
        before = folding.fold(asked, [s for s in did if s.at < at], joined_at=JOINED, now=now)
        assert place not in before.reached
    if tally.until:
        eve = folding.fold(asked, did, joined_at=JOINED, now=tally.until - timedelta(seconds=1))
        assert eve.value == tally.value
