"""The UCI data: what its oddities mean, and its published figures."""

import pytest
from django_scopes import scope

from loyaltysite.demo.pack import FOLDER
from rewards.imports.categories import category_of
from rewards.models import Wallet
from tests.rewards import builders as b
from tests.rewards.imports.files import retail, run, write

SALE = "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
RETAIL = {"profile": "online-retail", "source": "uci"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return b.open_program(currency="GBP", time_zone="Europe/London", prices_include_tax=True)


def points(program, customer: str) -> int:
    with scope(program=program):
        return Wallet.objects.get(holder__member__identities__value=customer).active


def imported(program, tmp_path, *rows: str):
    return run(program, write(tmp_path / "retail.csv", retail(*rows)), **RETAIL)


def test_an_invoice_is_an_order_at_its_first_timestamp(program, tmp_path):
    later = "536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:27:00,3.39,17850.0,United Kingdom"

    report = imported(program, tmp_path, SALE, later)

    stored = b.stored_order(program, "536365", source="uci")
    assert (report["orders"], report["lines"], report["revenue_minor"]) == (1, 2, 3564)
    assert stored.occurred_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert points(program, "17850") == 35


def test_what_an_invoice_says_once_may_be_left_out_below(program, tmp_path):
    report = imported(program, tmp_path, SALE, ",71053,LANTERN,6,,3.39,,")

    assert (report["member_orders"], report["lines"], report["revenue_minor"]) == (1, 2, 3564)


def test_rows_that_are_there_twice_were_bought_twice(program, tmp_path):
    assert imported(program, tmp_path, SALE, SALE)["revenue_minor"] == 3060


def test_without_a_customer_an_order_is_anonymous_and_earns_nothing(program, tmp_path):
    report = imported(program, tmp_path, SALE.replace("17850.0", ""))

    assert (report["orders"], report["anonymous_orders"], report["members_created"]) == (1, 1, 0)
    assert (report["revenue_minor"], report["anonymous_revenue_minor"], report["points"]) == (0, 1530, {})


def test_an_invoice_with_c_is_a_return_that_names_no_order(program, tmp_path):
    back = (
        "C536379,85123A,WHITE HANGING HEART T-LIGHT HOLDER,{},2010-12-02 09:41:00,2.55,17850.0,United Kingdom"
    )

    report = imported(program, tmp_path, SALE, back.format(-2), back.format(-5).replace("379", "380"))

    assert (report["returns"], report["return_lines"]) == (2, 2)
    assert (report["matched_lines"], report["partly_matched_lines"], report["unmatched_lines"]) == (1, 1, 0)
    assert points(program, "17850") == 0


SET_ASIDE = {
    "bad debt": (
        "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom",
        "bad debt adjusted",
    ),
    "write-off": ("536589,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom", "stock written off"),
    "free": ("536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom", "nothing sold"),
}


@pytest.mark.parametrize(("row", "reason"), SET_ASIDE.values(), ids=SET_ASIDE)
def test_what_is_neither_order_nor_return_is_set_aside_and_counted(program, tmp_path, row, reason):
    report = imported(program, tmp_path, SALE, row)

    assert (report["orders"], report["rejected_rows"]) == (1, 0)
    assert report["set_aside"] == {reason: 1}


def test_a_free_line_among_others_is_kept(program, tmp_path):
    report = imported(program, tmp_path, SALE, SALE.replace("2.55", "0.0"))

    assert (report["lines"], report["revenue_minor"]) == (2, 1530)


REFUSED = {
    "price below zero": SALE.replace("2.55", "-2.55"),
    "sale of less than nothing": SALE.replace(",6,", ",-6,"),
    "cancellation of something": SALE.replace("536365", "C536365"),
    "no date": SALE.replace("2010-12-01 08:26:00", "soon"),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_rejected(program, tmp_path, row):
    assert imported(program, tmp_path, row)["rejected_rows"] == 1


@pytest.mark.parametrize(
    ("description", "category"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "Lights and candles"),
        ("JUMBO BAG RED RETROSPOT", "Bags"),
        ("REGENCY CAKESTAND 3 TIER", "Cake stands"),
        ("SPACEBOY CHILDRENS CUP", "Mugs and cups"),
        ("PACK OF 72 RETROSPOT CAKE CASES", "Baking"),
        ("PARTY BUNTING", "Party"),
        ("", "Other"),
    ],
)
def test_categories_come_from_the_words(description, category):
    assert category_of(description) == category


def test_a_month_agrees_with_the_published_figures(program):
    """December 2010 of the packed data, against figures taken from the original file by a script of its own."""
    report = run(program, FOLDER / "2010-12.csv.xz", dry_run=True, **RETAIL)

    assert (report["rows"], report["member_orders"]) == (42_481, 1_400)
    assert report["revenue_minor"] == 57_271_389
    assert report["rejected_rows"] == 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_agrees_with_the_published_sales(program):
    """REFERENCE: sales rule, order = invoice. Four lines cost a tenth of a penny, which rounds to nothing."""
    reports = [run(program, path, dry_run=True, **RETAIL) for path in sorted(FOLDER.glob("*.csv.xz"))]

    total = {
        name: sum(report[name] for report in reports) for name in ("rows", "member_orders", "revenue_minor")
    }
    assert total == {"rows": 541_909, "member_orders": 18_532, "revenue_minor": 891_140_790}
    assert sum(report["return_lines"] for report in reports) == 8_905
    assert sum(report["rejected_rows"] for report in reports) == 0
