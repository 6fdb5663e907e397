"""Tables for spreadsheets: figures stay figures, and no text is run."""

import csv
import io
from datetime import date

from analytics.liability.triangles import NEVER
from analytics.views import sheets
from analytics.views.money.sheets import Column, Sheet, as_csv
from members.models import Program
from rewards.models import Unit


def rows_of(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_figures_below_zero_stay_figures_and_texts_are_not_run():
    response = sheets.as_csv("figures", ["Figure", "=1"], [("=1+1", -1200.0), (" -1", -3), (None, 0.25)])

    assert response.text[0] == "\ufeff"
    assert rows_of(response) == [["Figure", "'=1"], ["'=1+1", "-1200.0"], ["' -1", "-3"], ["", "0.25"]]


def test_a_sheet_is_written_for_machines():
    kinds = ("text", "month", "month", "day", "units", "money", "share", "count", "money")
    row = (" @sum", date(2026, 5, 1), NEVER, date(2026, 5, 2), -1_250, -1_250, -0.5, -3, None)
    sheet = Sheet("all", "All", [Column(kind, kind) for kind in kinds], [row])

    response = as_csv(sheet, name="all", program=Program(currency="JOD"), unit=Unit(precision=1))

    assert rows_of(response) == [
        list(kinds),
        ["' @sum", "2026-05", "", "2026-05-02", "-125.0", "-1.250", "-0.5000", "-3", ""],
    ]
