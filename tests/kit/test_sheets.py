"""Files for spreadsheets: a cell is text or a figure and never a formula, and the answer is a download that nobody keeps."""

from decimal import Decimal

import pytest

from loyaltysite.kit.sheets import attach, safe


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x"]
)
def test_what_a_spreadsheet_would_run_is_text(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (-5, "-5"), (Decimal("-1.50"), "-1.50"), ("a=b", "a=b"), ("Anna", "Anna")]
)
def test_figures_and_words_stay_as_they_are(value, cell):
    assert safe(value) == cell


@pytest.mark.parametrize(("body", "is_streamed"), [("a,b\r\n", False), (["a,", "b\r\n"], True)])
def test_a_file_is_a_download_that_is_not_kept(body, is_streamed):
    answer = attach(body, "list.csv")

    assert (answer.streaming, b"".join(answer)) == (is_streamed, b"a,b\r\n")
    assert answer["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
