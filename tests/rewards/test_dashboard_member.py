"""A member's page: tier, wallets with every last day, and a history in which every line has its reasons."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags
from django_scopes import scope

from members import numbers
from members.models import Member
from rewards import redemptions
from rewards.models import EarningRule
from rewards.views.member import SIZE
from tests.members.teams import as_staff, enrol, list_of
from tests.rewards.builders import (
    BASE,
    ONE_PER_MAJOR,
    adjust,
    bring_back,
    cancel,
    find,
    moment,
    open_program,
    order,
    record,
    record_each,
    spend,
)
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
TIERS = {"base": (0, {}), "silver": (5_000, {"points": "3/2"}), "gold": (50_000, {})}
UNITS = {"points": {"names": {"en": {"one": "Star", "other": "Stars"}}, "worth_denominator": 1}}
RULES = BASE | {
    "big": {"amount": {"kind": "fixed", "points": "500"}, "conditions": {"field": "order.total", "op": ">=", "value": 90_000}},
    "capped": {"amount": ONE_PER_MAJOR, "caps": {"order": "4"}},
}  # fmt: skip


@pytest.fixture
def program():
    return open_program(tiers=TIERS, units=UNITS, rules=RULES, stores=["quay"])


@pytest.fixture
def staff(program):
    return as_staff(program)


def page_of(program, name="anna"):
    return f"{list_of(program)}{find(program, name).number}/"


def words(response):
    """The text of a page, each run of blanks as one."""
    return re.sub(r"\s+", " ", strip_tags(response.text.split("<main", 1)[-1]))


def test_a_new_member_has_an_honest_page(program, staff):
    member = enrol(program, "amelia", name="Amelia Hart", at="2026-01-31")

    text = words(staff.get(f"{list_of(program)}{member.number}/"))

    assert "Amelia Hart" in text
    assert f"{member.number} · member since 31 January 2026" in text
    assert "amelia@example.com" in text
    assert "Nothing earned yet" in text
    assert "No history yet" in text


def test_the_tier_says_where_how_much_is_left_and_by_when(program, staff):
    record(program, order("1", "2026-02-01", 6000))

    text = words(staff.get(page_of(program)))

    assert "silver" in text
    assert "€60.00" in text
    assert "gold €500.00" in text
    assert re.search(r"€440\.00 more by 31 Dec 20\d\d for gold\.|€500\.00 more by", text)


def test_a_wallet_shows_its_worth_and_every_last_day(program, staff):
    from tests.rewards.builders import change_unit

    change_unit(program, expiry={"kind": "months", "count": 12})
    record_each(program, *(order(str(day), f"2026-02-{day:02}", 1000, member="anna") for day in range(1, 11)))

    page = staff.get(page_of(program))
    text = words(page)

    assert "Show all 10 lots" in text
    for day in range(1, 11):
        assert f"{day} Feb 2027" in text


def test_a_line_unfolds_to_rule_version_arithmetic_cap_and_rounding(program, staff):
    record_each(program, order("1", "2026-02-01", 6000), order("2", "2026-02-02", 1050))

    text = words(staff.get(page_of(program)))

    assert "Order 2, €10.50" in text
    assert "€10.50 of €10.50 earn" in text
    assert "base version 1 €10.50 × 1 per €1 10.5" in text
    assert "10.5 × 1.5" in text
    assert "Limit for one order Cut by" in text
    assert "Rounded once, at the end" in text


def test_a_return_says_where_the_points_were_taken(program, staff):
    record_each(program, order("1", "2026-02-01", 1000, 3000))
    spend(program, 40, "2026-02-02")
    record(program, bring_back("r1", "2026-02-03", "sku-3000", order="1"))

    text = words(staff.get(page_of(program)))

    assert "Taken back, order 1" in text
    assert "The order as it was 44" in text
    assert "What is left of it, priced again with the same rules 14" in text
    assert "From the order’s own lots −4" in text
    assert "Owed as arrears −26" in text
    assert "The member now owes 26 Stars" in text
    assert "26 owed" in text


def test_points_that_were_used_name_their_lots(program, staff):
    record(program, order("1", "2026-02-01", 1000))
    spend(program, 5, "2026-02-02")

    text = words(staff.get(page_of(program)))

    assert "Stars used" in text
    assert "Lot of 1 Feb 2026 5" in text


def test_lines_of_rewards_name_them(program, staff):
    record(program, order("1", "2026-02-01", 9_000))
    put_up(program, price={"points": 40}, names={"en": "Blue mug"}, handover="code")
    put_up(program, "film", price={"points": 30})
    given, held = (
        redemptions.reserve(
            program=program, member=find(program, "anna"), reward=key, key=key, now=moment("2026-02-02")
        )
        for key in ("mug", "film")
    )
    redemptions.release(program=program, redemption_id=held.pk, now=moment("2026-02-02"))
    redemptions.cancel(program=program, redemption_id=given.pk, reason="Broken", now=moment("2026-02-03"))
    spend(program, 5, "2026-02-04")

    text = words(staff.get(page_of(program)))

    told = ("Spent: Blue mug", "Reserved: Film", "Released: Film", "Given back: Blue mug")
    assert [text.count(line) for line in told] == [1, 1, 1, 1]
    assert "Stars used" in text


def test_what_was_not_given_is_loaded_when_a_line_unfolds(program, staff):
    record(program, order("1", "2026-02-01", 1000))
    page = staff.get(page_of(program))
    address = re.search(r'hx-get="([^"]+/reasons/[^"]+)"', page.text)[1]

    fragment = staff.get(address, headers=HX)
    whole = staff.get(address)

    assert f'<a href="{address}">' in page.text
    assert "<html" not in fragment.text
    assert "big." in words(fragment)
    assert "€900.00" in words(fragment)
    assert "base" not in words(fragment)
    assert words(fragment).strip() in words(whole)
    assert "Back to the member" in whole.text


def test_reasons_belong_to_the_member_in_the_address(program, staff):
    record_each(
        program, order("1", "2026-02-01", 1000, member="anna"), order("2", "2026-02-01", 1000, member="berta")
    )
    address = re.search(r'hx-get="([^"]+/reasons/[^"]+)"', staff.get(page_of(program)).text)[1]
    other = address.replace(find(program, "anna").number, find(program, "berta").number)

    assert staff.get(other).status_code == 404
    assert as_staff(open_program()).get(address).status_code == 404


def test_history_pages_lose_and_double_nothing(program, staff):
    record_each(
        program,
        *(order(str(place), f"2026-03-{1 + place // 4:02}", 100 * (place + 1)) for place in range(SIZE * 2)),
    )

    shown, url = [], page_of(program)
    while url:
        page = staff.get(url)
        shown += re.findall(r"Order (\d+), ", page.text)
        earlier = re.search(r'href="([^"]+)" rel="next"', page.text)
        url = earlier and earlier[1].replace("&amp;", "&")

    assert len(shown) == len(set(shown)) == SIZE * 2


def test_orders_and_returns_are_a_list_of_their_own(program, staff):
    record_each(
        program,
        order("A-1", "2026-02-01", 1000, store="quay"),
        order("A-2", "2026-02-02", 2000),
        bring_back("R-1", "2026-02-03", "sku-1000", order="A-1"),
        cancel("A-2", "2026-02-04"),
    )

    text = words(staff.get(page_of(program) + "?tab=orders"))

    assert "A-1 1 Feb 2026 quay" in text
    assert "€10.00 returned" in text
    assert "A-2 2 Feb 2026 – Cancelled" in text
    assert "R-1 3 Feb 2026 order A-1 Return −€10.00" in text


@pytest.mark.parametrize("before", ["x", "2026-01-01", "9999-99-99T00:00Z", "2026-01-01T00:00:00", "\0"])
def test_a_moment_from_nowhere_does_no_harm(program, staff, before):
    record(program, order("1", "2026-02-01", 1000))

    for tab in ("", "orders"):
        assert staff.get(page_of(program), {"before": before, "tab": tab}).status_code == 200


def test_members_of_other_programs_and_unknown_numbers_are_not_found(program, staff):
    other = enrol(open_program(), "amelia", name="Amelia Hart")

    assert staff.get(f"{list_of(program)}{other.number}/").status_code == 404
    assert staff.get(f"{list_of(program)}{numbers.draw()}/").status_code == 404
    assert staff.get(f"{list_of(program)}12/").status_code == 404


def test_names_and_rules_are_never_markup(program, staff):
    record(program, order("<b>1</b>", "2026-02-01", 1000))
    with scope(program=program):
        Member.objects.update(name="<i>Anna</i>")
        EarningRule.objects.filter(key="base").update(name="<u>base</u>")

    page = staff.get(page_of(program))

    for tag in ("<i>Anna", "<b>1</b>", "<u>base"):
        assert tag not in page.text
    assert "&lt;u&gt;base" in page.text


@pytest.mark.parametrize("tab", ["", "?tab=orders"])
def test_statements_do_not_grow_with_the_history(program, staff, tab):
    put_up(program, "pin", price={"points": 1}, handover="code")

    def statements():
        with CaptureQueriesContext(connection) as asked:
            staff.get(page_of(program) + tab)
        return len(asked)

    def live(day):
        record_each(
            program,
            order(f"o{day}", f"2026-02-{day:02}", 1000, 3000),
            bring_back(f"r{day}", f"2026-02-{day:02}T13:00", "sku-3000", order=f"o{day}"),
        )
        spend(program, 5, f"2026-02-{day:02}T14:00")
        adjust(program, 5, f"2029-02-{day:02}T15:00")
        redemptions.reserve(
            program=program,
            member=find(program, "anna"),
            reward="pin",
            key=f"k{day}",
            now=moment(f"2026-02-{day:02}T16:00"),
        )

    live(1)
    statements()
    few = statements()
    for day in range(2, 6):
        live(day)

    assert statements() == few
    assert few <= 31
