"""What the program brought back: its costs, members' margin, and both ways to say what it may claim."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django_scopes import scope

from analytics.models import Payback, ProgramCost, ScoreRun
from analytics.roi import acquisition, costs, measuring, paying
from analytics.roi.costs import Costs
from loyaltysite.kit import clock
from members.models import AuditEntry, Member, Role
from tests.analytics.money.shop import TODAY, fold_all, measure, open_shop
from tests.members.teams import as_staff, hire
from tests.rewards.builders import find, join, moment, open_program, order, record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: moment(TODAY))


@pytest.fixture
def program(db):
    """Every line leaves half of what it costs."""
    program = open_shop(margin_rate=5_000)
    measure(program)
    with scope(program=program):
        measuring.measure(program=program, now=moment(TODAY))
        yield program


def page_of(program, query=""):
    return f"/dashboard/{program.slug}/return/{query}"


def test_the_margin_of_members_in_twelve_whole_months(program):
    result = Payback.objects.get().result

    # January to June: two orders of 100.00 each month, less the 40.00 that came back.
    assert result["trade"] == {
        "buyers": 2, "orders": 12, "margin_minor": 58_000, "revenue_minor": 116_000, "buyers_before": 0, "came_back": 0,
    }  # fmt: skip
    assert result["source"] == "rate"
    assert measuring.year_before(date(2026, 7, 15)) == (date(2025, 7, 1), date(2026, 6, 30))


def test_costs_are_points_that_will_be_used_and_what_falls_on_the_days(program):
    enter = {"program": program, "by": hire(program), "now": moment(TODAY)}
    costs.add(
        kind="design",
        name="Launch",
        first=date(2026, 6, 1),
        last=date(2026, 7, 30),
        amount_minor=6_000,
        **enter,
    )
    costs.add(
        kind="upkeep", name="Old", first=date(2024, 1, 1), last=date(2024, 1, 31), amount_minor=999, **enter
    )

    found = costs.read(program=program, first=date(2025, 7, 1), last=date(2026, 6, 30))

    assert found.by_kind["design"] == 3_000  # 30 of 60 days
    assert "upkeep" not in found.by_kind
    # 1,160 Stars of a cent were kept by June; 300 were used and no more than half of the rest will be.
    assert 300 <= found.by_kind["points"] < 700
    assert found.by_kind["gifts"] == 0


def test_before_and_after_joining_compares_each_with_the_own_past(db, monkeypatch):
    monkeypatch.setattr(measuring, "LEAST", 2)
    program = open_program(margin_rate=10_000)
    with scope(program=program):
        for name, before, after in (("anna", 2_000, 5_000), ("berta", 1_000, 2_000), ("carla", None, 9_000)):
            join(program, name)
            if before:
                record(program, order(f"{name}-b", "2025-08-20", before, member=name), at_own_time=True)
            record(program, order(f"{name}-a", "2025-11-20", after, member=name), at_own_time=True)
        Member.objects.update(joined_at=moment("2025-10-01"))
        result = measuring.measure(program=program, now=moment(TODAY)).result

    # Anna 30.00 more, Berta 10.00 more; Carla had bought nothing before. A year has twice as many days.
    assert result["joining"]["members"] == 2
    mean, low, high = result["joining"]["each"]
    assert mean == round(2_000 * 365 / 182)
    assert low < mean < high
    (gain,) = paying.gains_of(result)
    assert (gain.method, gain.is_estimate, gain.minor) == ("joining", True, mean * result["trade"]["buyers"])


def test_a_return_on_investment_and_what_it_takes_to_break_even():
    found = Costs({"points": 600, "design": 400})
    result = {"trade": {"margin_minor": 20_000, "buyers": 10}, "holdout": None, "joining": None}

    (gain,) = paying.gains_of(result, assumed=0.08)

    assert gain.minor == 1_600
    assert paying.roi(gain.minor, found) == pytest.approx(0.6)
    assert paying.break_even(result, found) == pytest.approx(0.05)
    assert paying.roi(5, Costs({})) is None


def test_what_was_measured_by_lot_comes_first_and_is_no_estimate():
    result = {
        "trade": {"margin_minor": 20_000, "buyers": 10}, "joining": {"members": 40, "each": [10, 5, 15]},
        "holdout": {"members": 900, "others": 100, "minor": [500, 100, 900], "mismatch": 0.5},
    }  # fmt: skip

    first, second = paying.gains_of(result)

    assert (first.method, first.is_estimate, first.minor, first.low, first.high) == (
        "lot",
        False,
        500,
        100,
        900,
    )
    assert second.method == "joining"


def test_costs_are_entered_audited_and_removed(program):
    client = as_staff(program, Role.MANAGER)
    values = {
        "kind": "administration",
        "name": "Team",
        "first": "2026-01-01",
        "last": "2026-06-30",
        "amount_minor": "1,200.50",
    }

    wrong = client.post(page_of(program, "costs/"), values | {"last": "2025-12-31"})
    right = client.post(page_of(program, "costs/"), values)

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert 'aria-invalid="true"' in wrong.content.decode()
    cost = ProgramCost.objects.get()
    assert cost.amount_minor == 120_050
    assert "Team" in client.get(page_of(program)).content.decode()
    assert client.post(page_of(program, f"costs/{cost.pk}/remove/")).status_code == 302
    assert client.post(page_of(program, f"costs/{cost.pk}/remove/")).status_code == 404
    assert list(AuditEntry.objects.filter(subject="cost").order_by("pk").values_list("action", flat=True)) == [
        "cost.add", "cost.remove",
    ]  # fmt: skip


def test_the_page_says_what_is_measured_and_what_is_assumed(program):
    client = as_staff(program, Role.ANALYST)

    plain, assumed = (client.get(page_of(program, query)).content.decode() for query in ("", "?share=10"))

    assert "nothing to compare with yet" in plain
    assert "by the margin in the settings" in plain
    assert "Assumed by you" in assumed
    assert "Not measured" in assumed
    assert client.get(page_of(program, "?share=200")).status_code == 422
    assert "Points," in client.get(f"/dashboard/{program.slug}/return.csv").content.decode()


# --- acquisition ------------------------------------------------------------------------------------------------------


def inputs(**values):
    facts = {
        "margin": 1_000, "orders": Decimal(2), "retention": Decimal("0.6"), "discount": Decimal("0.1"),
        "acquisition": 1_500, "more": Decimal(0), "longer": Decimal(0), "cost": 0,
    }  # fmt: skip
    return acquisition.Inputs(**(facts | values))


def test_the_value_of_a_customer_is_the_sum_over_the_years():
    by_hand = sum(2_000 * (0.6 / 1.1) ** year for year in range(200))

    assert acquisition.work_out(inputs()).without == round(by_hand) == 4_400
    assert acquisition.lasting(Fraction(2_000), Fraction(0), Fraction(1, 10)) == 2_000


def test_a_program_pays_when_it_brings_more_than_it_costs():
    nothing = acquisition.work_out(inputs(cost=100))
    better = acquisition.work_out(inputs(cost=100, more=Decimal("0.1"), longer=Decimal("0.05")))

    assert nothing.gain < 0 < better.gain
    assert better.worth_with == better.with_program - 1_500
    assert nothing.pays_back == 9
    assert acquisition.work_out(inputs(margin=0)).pays_back is None


def test_the_calculator_begins_with_presets_and_takes_ones_own(program):
    client = as_staff(program, Role.ANALYST)
    path = page_of(program, "acquisition/")

    for preset in ("shop", "b2b"):
        page = client.get(f"{path}?preset={preset}")
        assert page.status_code == 200
        assert "Months until that is earned back" in page.content.decode()
    typed = {
        "margin": "10", "orders": "2", "retention": "60", "discount": "10", "acquisition": "15", "more": "0",
        "longer": "0", "cost": "0",
    }  # fmt: skip
    assert "44.00" in client.get(path, typed).content.decode()
    wrong = client.get(path, typed | {"retention": "100"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count('aria-invalid="true"') == 1


def test_the_mean_that_was_foretold_stands_beside(program):
    """From the newest scoring that is done: nobody adds up the scores of a million members for a page."""
    path = page_of(program, "acquisition/")
    staff = as_staff(program, Role.ANALYST)
    without = staff.get(path).text
    with scope(program=program):
        for state, mean in (("done", 1_000.0), ("done", 1_234.4), ("failed", 9_900.0)):
            ScoreRun.objects.create(
                program=program, asked_at=moment(TODAY), state=state, customers=2, result={"mean": mean}
            )

    page = staff.get(path).text

    assert "Predicted margin" not in without
    assert 'mean of <bdi dir="ltr">2</bdi> members: €12.34.' in page


def test_the_programs_own_figures(program):
    record(
        program,
        *(order(f"old-{name}", "2025-02-01", 4_000, member=name) for name in ("anna", "berta")),
        now=TODAY,
    )
    fold_all()
    measuring.measure(program=program, now=moment(TODAY) + timedelta(hours=1))

    page = as_staff(program, Role.ANALYST).get(page_of(program, "acquisition/")).content.decode()

    assert find(program, "anna").joined_at < moment("2025-01-01")
    assert "My data" in page
    assert 'value="48.33"' in page  # 580.00 of margin in 12 orders
    assert 'value="99"' in page  # both came back
