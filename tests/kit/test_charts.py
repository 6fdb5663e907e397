"""Geometry of charts: scales, gaps, dots, labels, and the table behind them."""

import pytest
from django.template import engines

from loyaltysite.kit import charts

DAYS = [f"{day} Nov" for day in range(1, 22)]


def draw(template: str, **context: object) -> str:
    return engines["django"].from_string("{% load ui %}" + template).render(context)


def a_line(values: list[float | None], **options: object) -> charts.Chart:
    labels = [str(place) for place in range(len(values))]
    return charts.line(
        title="Stars",
        sentence="They rise.",
        labels=labels,
        series=[charts.Series("Earned", values)],
        **options,
    )


@pytest.mark.parametrize(
    ("values", "low", "high", "step"),
    [
        ([620, 1940], 0, 2000, 500),
        ([0.2, 0.9], 0, 1, 0.25),
        ([3], 0, 3, 1),
        ([0, 0], 0, 1, 0.25),
        ([], 0, 1, 0.25),
        ([-120, 530], -200, 600, 200),
        ([-5, -1], -6, 0, 2),
        ([8_911_407], 0, 10_000_000, 2_500_000),
    ],
)
def test_a_scale_is_round_and_begins_at_zero(values, low, high, step):
    scale = charts.fit_scale(values=values)

    assert (scale.low, scale.high, scale.step) == pytest.approx((low, high, step))
    assert len(scale.marks) <= charts.MOST_LINES


def test_only_a_line_may_be_cut_and_its_lowest_label_says_so():
    chart = a_line([11_200, 14_862], cut=True)

    assert chart.y_labels[-1] == "from 11,000"
    assert chart.zero is None


def test_a_line_is_drawn_from_start_to_end_with_its_dot():
    chart = a_line([0, 50, 100])

    area, stroke, dot = chart.paths
    assert area.d == "M0 100L50 50L100 0L100 100L0 100z"
    assert (stroke.css, stroke.d) == ("l1", "M0 100L50 50L100 0")
    assert (dot.css, dot.d) == ("pt l1", "M100 0h0")


def test_a_missing_value_leaves_a_gap():
    chart = a_line([0, 50, None, 100, 100])

    assert chart.paths[-2].d == "M0 100L25 50M75 0L100 0"
    assert chart.rows[2] == ["2", "–"]


def test_a_forecast_is_dashed_inside_its_range():
    known = charts.Series("Known", [10, 12, None])
    guess = charts.Series("Expected", [None, 12, 13], "forecast", within=[None, (12, 12), (11, 16)])

    chart = charts.line(title="", sentence="", labels=["a", "b", "c"], series=[known, guess], area=False)

    assert [path.css for path in chart.paths] == ["area", "l1 dash", "l1", "pt l1"]
    assert chart.paths[0].d == "M50 40L100 20L100 45L50 40z"


def test_at_most_four_series():
    with pytest.raises(ValueError, match="use a table"):
        charts.line(
            title="", sentence="", labels=["a"], series=[charts.Series(str(n), [1]) for n in range(5)]
        )


def test_series_and_labels_must_agree():
    with pytest.raises(ValueError, match="2 values for 1 labels"):
        charts.bar(title="", sentence="", labels=["a"], series=[charts.Series("Earned", [1, 2])])


def test_stacked_bars_stand_on_each_other():
    series = [charts.Series("One", [25]), charts.Series("Two", [75])]

    chart = charts.bar(title="", sentence="", labels=["May"], series=series, stacked=True)

    assert [(rect.css, rect.y, rect.height) for rect in chart.rects] == [("f1", 75, 25), ("f3", 0, 75)]


def test_a_negative_bar_hangs_from_zero():
    chart = charts.bar(title="", sentence="", labels=["a", "b"], series=[charts.Series("Net", [50, -50])])

    assert [(rect.y, rect.height) for rect in chart.rects] == [(0, 50), (50, 50)]
    assert chart.zero == 50


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 21, 28, 30, 31, 365])
def test_labels_are_few_in_order_and_keep_their_ends(count):
    labels = [f"{place} Nov" for place in range(count)]

    chart = charts.line(title="", sentence="", labels=labels, series=[charts.Series("Earned", [1] * count)])

    shown = chart.x_labels
    places = [label.at for label in shown]
    assert len(shown) <= charts.MOST_LABELS
    assert places == sorted(set(places))
    assert (shown[0].text, shown[-1].text) == (labels[0], labels[-1])
    assert not shown[0].spare
    assert not shown[-1].spare


def test_long_labels_leave_room_for_each_other():
    labels = [f"September {year}" for year in range(1990, 2020)]

    chart = charts.line(title="", sentence="", labels=labels, series=[charts.Series("Earned", [1] * 30)])

    assert sum(len(label.text) + 3 for label in chart.x_labels) <= charts.MOST_LETTERS


def test_a_sparkline_shows_no_cliff_for_a_small_fall():
    path = charts.spark([100, 98])

    heights = [float(point.split()[1]) for point in path.d[1:].split("L")]
    assert abs(heights[1] - heights[0]) < 20


def test_a_sparkline_needs_two_values():
    assert charts.spark([]) is None
    assert charts.spark([None, 3]) is None


def test_the_drawing_tells_its_finding_and_has_the_table_behind_it():
    page = draw("{% chart chart %}", chart=a_line([1180, 1940]))

    assert 'role="img" aria-label="They rise."' in page
    assert "Show the numbers" in page
    assert '<th scope="row">0</th><td><bdi dir="ltr">1,180</bdi></td>' in page


def test_geometry_is_never_written_with_a_decimal_comma(settings):
    from django.utils import translation

    with translation.override("de"):
        page = draw(
            "{% chart chart %}",
            chart=charts.bar(title="", sentence="", labels=["a"] * 7, series=[charts.Series("x", [1.5] * 7)]),
        )

    assert 'x="2.1"' in page


def test_an_empty_chart_says_so():
    page = draw("{% chart chart %}", chart=a_line([None, None]))

    assert "Nothing to draw yet." in page
    assert "<svg" not in page


def test_a_pointer_over_a_step_of_a_line_is_told_its_values():
    chart = a_line([1, 2, None])

    assert [(spot.x, spot.width) for spot in chart.spots] == [(0, 25), (25, 50), (75, 25)]
    assert [spot.text for spot in chart.spots] == ["0\nEarned: 1", "1\nEarned: 2", "2\nEarned: –"]


def test_each_bar_has_a_strip_of_its_own_that_the_drawing_holds():
    chart = charts.bar(
        title="Stars",
        sentence="They rise.",
        labels=["North", "<South>"],
        series=[charts.Series("Earned", [1, 2]), charts.Series("Used", [0, 1])],
    )

    assert [(spot.x, spot.width) for spot in chart.spots] == [(0, 50), (50, 50)]
    drawn = draw("{% chart one %}", one=chart)
    assert "<title>North\nEarned: 1\nUsed: 0</title>" in drawn
    assert "<title>&lt;South&gt;\nEarned: 2\nUsed: 1</title>" in drawn
