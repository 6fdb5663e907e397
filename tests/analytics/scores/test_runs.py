"""A run on real customers: the published parameters come out of the database, and every figure follows from them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django_scopes import scope

from analytics.lifetime.bgnbd import BgNbd
from analytics.lifetime.gammagamma import GammaGamma
from analytics.lifetime.value import lifetime_value
from analytics.models import Chosen, ModelFit, ScoreRun
from analytics.scores import foretelling, pasts, purchases, runs
from members.models import Member, MemberScore
from rewards.models import Standing
from tests.analytics.lifetime.customers import CALIBRATED, cdnow
from tests.analytics.scores.conftest import NOW, rows
from tests.members.teams import hire
from tests.rewards import builders as b

MARGIN, DISCOUNT = 0.3, 0.1


def scored(program, *names):
    with scope(program=program):
        return np.array(MemberScore.objects.order_by("pk").values_list(*names), dtype=float).T


def test_histories_are_those_that_the_papers_use(program):
    sample = cdnow()

    past = purchases.read(program=program, today=CALIBRATED, horizon=90)

    assert (past.histories.frequency == sample.histories.frequency).all()
    assert past.histories.recency == pytest.approx(sample.histories.recency)
    assert past.histories.age == pytest.approx(sample.histories.age)
    assert past.means / 100 == pytest.approx(sample.means)
    assert past.total_minor.sum() == sum(cents for _, day, cents in rows() if day <= "1997-09-30")


def test_the_fits_are_the_published_ones(program):
    with scope(program=program):
        run = ScoreRun.objects.get()
        fits = {fit.model: fit for fit in ModelFit.objects.filter(run=run, use="scores")}

    found = fits["bgnbd"]
    assert found.parameters == pytest.approx(
        {"r": 0.242595, "alpha": 4.413602, "a": 0.792922, "b": 2.425907}, rel=1e-3
    )
    assert found.log_likelihood == pytest.approx(-9582.4292, abs=1e-3)
    found = fits["paretonbd"]
    assert found.parameters == pytest.approx(
        {"r": 0.553277, "alpha": 10.577683, "s": 0.606240, "beta": 11.668734}, rel=1e-3
    )
    assert found.log_likelihood == pytest.approx(-9594.9762, abs=1e-3)
    found = fits["gammagamma"]
    assert found.customers == 946
    assert [found.parameters["p"], found.parameters["q"], found.parameters["gamma"] / 100] == pytest.approx(
        [6.249574, 3.744224, 15.443513], rel=1e-3
    )
    # The one that makes these customers more likely speaks.
    assert (run.model, run.spend_model, run.why, run.customers) == ("bgnbd", "gammagamma", "", 2357)


def test_each_member_has_what_follows_from_the_models(program):
    sample = cdnow()
    model, _ = BgNbd.fit(sample.histories)
    amounts, _ = GammaGamma.fit(sample.counts, sample.means)
    worth = lifetime_value(
        model, sample.histories, amounts.expected(sample.counts, sample.means) * 100,
        ends=[365 / 7 * part / 4 for part in range(1, 5)], discount=(1 + DISCOUNT) ** 0.25 - 1, margin=MARGIN,
    )  # fmt: skip

    alive, expected, value, silent = scored(program, "p_alive", "expected_orders", "value_minor", "churn")

    assert alive.mean() == pytest.approx(0.813439, rel=1e-3)
    assert alive == pytest.approx(model.alive(sample.histories), abs=1e-4)
    assert expected == pytest.approx(model.expected_from(sample.histories, 365 / 7), abs=1e-3)
    assert value == pytest.approx(worth, abs=1)
    assert silent == pytest.approx(model.silent(sample.histories, 90 / 7), abs=1e-4)


def test_the_risk_that_was_told_is_the_share_that_stayed_silent(program):
    with scope(program=program):
        checked = ScoreRun.objects.get().result["calibration"]
    before = {n for n, day, _ in rows() if day <= "1997-07-02"}
    later = {n for n, day, _ in rows() if "1997-07-02" < day <= "1997-09-30"}

    assert checked["customers"] == len(before) == 2357
    assert checked["seen"] == pytest.approx(1 - len(before & later) / len(before))
    assert sum(part[2] for part in checked["parts"]) == len(before)
    # Honest: no tenth is off by more than a few points, and it knows far more than the mean.
    assert max(abs(told - seen) for told, seen, _n in checked["parts"]) < 0.08
    assert checked["brier"] < 0.88 * checked["of_all"]


def test_actions_follow_the_rule_within_the_budget(program):
    names = (
        "action",
        "channel",
        "offer_minor",
        "stake_minor",
        "churn",
        "response",
        "priority_minor",
        "purchases",
        "upgrade",
    )
    with scope(program=program):
        found = list(
            MemberScore.objects.order_by("-priority_minor").values(*names, "is_held_out", "member_id")
        )
        allowed = set(Member.objects.order_by("pk").values_list("pk", flat=True)[:1500])

    assert {row["action"] for row in found if row["member_id"] not in allowed} == {"none"}
    acted = [row for row in found if row["action"] != "none"]
    assert {row["channel"] for row in acted} == {"email"}
    assert all(row["churn"] > Decimal("0.66") for row in acted if row["action"] == "win_back")
    assert all(row["purchases"] == 1 for row in acted if row["action"] == "welcome")
    assert all(row["upgrade"] >= Decimal("0.4999") for row in acted if row["action"] == "grow")
    # The money goes to the most urgent first, all of it within the budget, and no offer is above its share.
    offers = [row["offer_minor"] for row in acted]
    assert 0 < sum(offers) <= 5_000
    for row in acted:
        most = float(row["stake_minor"] + 1) * float(row["churn"] + Decimal("0.0001")) * 0.1
        assert row["offer_minor"] <= (0 if row["is_held_out"] else most)
        product = float(row["stake_minor"]) * float(row["churn"]) * float(row["response"])
        assert row["priority_minor"] == pytest.approx(product, rel=0.02, abs=2)
    paying = [
        row for row in acted if row["action"] in ("welcome", "keep", "win_back") and not row["is_held_out"]
    ]
    places = [place for place, row in enumerate(paying) if row["offer_minor"]]
    assert places == list(range(len(places)))
    assert 0.1 < sum(row["is_held_out"] for row in found) / len(found) < 0.3


def test_a_second_run_gives_the_same_and_keeps_who_was_drawn(program):
    with scope(program=program):
        before = list(
            MemberScore.objects.order_by("pk").values_list("pk", "value_minor", "is_held_out", "action")
        )
        drawn = list(Chosen.objects.order_by("pk").values_list("pk", "is_held_out", "since"))
    later = NOW + timedelta(hours=1)

    run = runs.ask(program=program, now=later)
    again = runs.ask(program=program, now=later)
    done = runs.carry_out(run=run, now=later)
    twice = runs.carry_out(run=run, now=later)

    assert (again, done, twice) == (run, True, False)
    with scope(program=program):
        after = list(
            MemberScore.objects.order_by("pk").values_list("pk", "value_minor", "is_held_out", "action")
        )
        assert list(Chosen.objects.order_by("pk").values_list("pk", "is_held_out", "since")) == drawn
        ScoreRun.objects.filter(pk=run.pk).delete()
    assert after == before
    assert drawn


@pytest.mark.django_db
def test_too_little_to_learn_from_says_so_and_is_plain():
    program = b.open_program(rules={}, units={})
    b.record_each(
        program,
        b.order("1", "2026-01-01", 4_000),
        b.order("2", "2026-02-01", 2_000),
        b.order("3", "2026-02-01", 1_000, member="ben"),
    )
    now = b.moment("2026-03-03")

    run = runs.ask(program=program, now=now, by=hire(program))
    runs.carry_out(run=run, now=now)

    run.refresh_from_db()
    assert (run.state, run.model, run.why, run.spend_model) == ("done", "plain", "few_customers", "plain")
    assert run.margin_source == "unknown"
    assert run.result["calibration"] == {"why": "few_customers"}
    with scope(program=program):
        anna, ben = MemberScore.objects.order_by("-purchases")
    # One return within 61 and 30 days of watching; the prior counts as one purchase and a year.
    rate = (1 + 1) / (91 + 365)
    assert float(anna.expected_orders) == pytest.approx(2 / (61 + 1 / rate) * 365, abs=1e-3)
    assert float(ben.churn) == pytest.approx((30 + 1 / rate) / (30 + 1 / rate + 90), abs=1e-4)
    assert anna.mean_minor == round((6_000 + 2 * 7_000 / 3) / 4)
    assert (anna.historic_minor, anna.p_alive) == (6_000, 1)


@pytest.mark.django_db
def test_returned_orders_are_no_purchases():
    program = b.open_program(rules={}, units={})
    b.record_each(
        program,
        b.order("1", "2026-01-01", 4_000),
        b.order("2", "2026-02-01", 2_000, 1_000),
        b.order("3", "2026-02-20", 700),
        b.bring_back("r1", "2026-02-21", ("sku-700", 1), order="3"),
        b.bring_back("r2", "2026-02-21", ("sku-1000", 1), order="2"),
        b.order("4", "2026-02-21", 900, member="ben"),
        b.cancel("4", "2026-02-22"),
    )

    past = purchases.read(program=program, today=date(2026, 3, 1), horizon=30)

    assert past.days.tolist() == [2]
    assert past.total_minor.tolist() == [6_000]
    assert past.repeats_minor.tolist() == [2_000]
    assert pasts.day_of(past.last[0]).isoformat() == "2026-02-01"
    known, histories, bought = past.before()
    # The cut is 30 January: the second day came after it.
    assert (known.tolist(), histories.frequency.tolist(), bought.tolist()) == ([True], [0.0], [True])


@pytest.mark.django_db
def test_the_last_customer_who_brought_all_back_loses_the_tier():
    tiers = {"base": (0, {}), "gold": (1_000, {})}
    program = b.open_program(rules={}, units={}, tiers=tiers, scheme={"counted": "value"}, margin_rate=5_000)
    b.record(program, b.order("1", "2026-01-01", 9_000), at_own_time=True)
    places = []

    for day in ("2026-01-10", "2026-01-20"):
        now = b.moment(day)
        runs.carry_out(run=runs.ask(program=program, now=now), now=now)
        with scope(program=program):
            places.append(list(Standing.objects.filter(ended_at=None).values_list("tier__key", flat=True)))
        if not places[1:]:
            b.record(program, b.bring_back("r", "2026-01-15", order="1"))

    assert places == [["gold"], []]


def test_plain_silence_is_a_gamma_mixture():
    plain = foretelling.Plain(rate=0.1)
    one = cdnow().histories
    chance = np.random.default_rng(3)

    rates = chance.gamma(one.frequency[0] + 1, 1 / (one.age[0] + 10), 200_000)

    assert plain.silent(one, 13)[0] == pytest.approx(np.exp(-13 * rates).mean(), abs=3e-3)
    assert plain.expected_from(one, 13)[0] == pytest.approx(13 * rates.mean(), rel=0.01)


@pytest.mark.django_db
def test_one_pass_over_the_orders_whatever_their_number(django_assert_max_num_queries):
    program = b.open_program(rules={}, units={})

    run = runs.ask(program=program, now=NOW)
    with django_assert_max_num_queries(25):
        runs.carry_out(run=run, now=NOW)

    assert connection.in_atomic_block
    run.refresh_from_db()
    assert (run.state, run.customers, run.why) == ("done", 0, "few_customers")
