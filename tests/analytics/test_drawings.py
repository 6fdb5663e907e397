"""The charts of the home page: a day that has only begun draws no line down to zero."""

import pytest

from analytics.queries import Course
from analytics.views import drawings

LABELS = ["1 May", "2 May", "3 May"]
ORDERS = Course((4, 6, 0), (3, 3, 3), 9)


@pytest.mark.parametrize(("over", "last"), [(True, "0"), (False, "–")])
def test_only_steps_that_have_ended_are_drawn(over, last):
    chart = drawings._orders(LABELS, ORDERS, over)

    assert [row[1] for row in chart.rows] == ["4", "6", last]
    assert [row[2] for row in chart.rows] == ["3", "3", "3"]


def test_a_single_step_is_drawn_although_it_goes_on():
    chart = drawings._orders(LABELS[:1], Course((4,), (3,), 3), over=False)

    assert chart.rows[0][1] == "4"
