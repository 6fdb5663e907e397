"""The list of members: search, filters, pages, and the fragment that replaces a reload."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members.models import Member
from rewards.directory import Mark
from rewards.views.listing import SIZE
from tests import naughty
from tests.members.teams import as_staff, enrol, list_of
from tests.rewards.builders import adjust, open_program, order, record_each

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true", "HX-Target": "results"}
TIERS = {"base": (0, {}), "silver": (5_000, {}), "gold": (50_000, {})}


@pytest.fixture
def program():
    return open_program(tiers=TIERS, units={"points": {"names": {"en": {"one": "Star", "other": "Stars"}}}})


@pytest.fixture
def staff(program):
    return as_staff(program)


def names(response):
    return re.findall(r'<th scope="row">\s*<a [^>]*><bdi>([^<]*)</bdi>', response.text)


def crowd(program, count):
    """Members who joined day after day, the last one newest."""
    return [
        enrol(
            program,
            f"m{place:02}",
            name=f"Member {place:02}",
            at=f"2026-01-{1 + place % 28:02}T{place % 24:02}:00",
        )
        for place in range(count)
    ]


def results(page):
    """What the fragment replaces, from a whole page."""
    found = re.search(r'<div id="results">(.*?)</div>\s*<p class="keys', page.text, re.DOTALL)
    return re.sub(r"\s+", " ", found[1]).strip()


def test_it_shows_each_member_with_tier_balance_and_last_order(program, staff):
    record_each(program, order("1", "2026-02-01", 1000), order("2", "2026-03-01", 6000))
    with scope(program=program):
        Member.objects.update(name="Anna Berg")

    page = staff.get(list_of(program))

    assert names(page) == ["Anna Berg"]
    text = re.sub(r"<[^>]+>|\s+", " ", page.text)
    assert "Stars" in text
    assert re.search(r"silver\s+70\s+1 Mar 2026\s+1 Feb 2026", text)


def test_a_program_without_units_and_tiers_has_a_list_too():
    bare = open_program(units={}, rules={})
    enrol(bare, "amelia", name="Amelia Hart")

    assert names(as_staff(bare).get(list_of(bare))) == ["Amelia Hart"]


def test_a_new_program_says_what_to_do(program, staff):
    page = staff.get(list_of(program))

    assert "No members yet" in page.text
    assert "<table" not in page.text


@pytest.mark.parametrize("query", ["?q=amelia", "?q=nobody-at-all", "?tier=gold", "?state=active", "?q="])
def test_the_fragment_is_what_a_reload_shows(program, staff, query):
    enrol(program, "amelia", name="Amelia Hart")
    enrol(program, "joan", name="Joan Entwistle")

    page = staff.get(list_of(program) + query)
    fragment = staff.get(list_of(program) + query, headers=HX)

    assert "<html" not in fragment.text
    assert results(page) in re.sub(r"\s+", " ", fragment.text)
    assert re.search(r'id="count"[^>]*hx-swap-oob="true"', fragment.text)
    assert re.search(r'id="filters"[^>]*hx-swap-oob="true"', fragment.text)
    assert "hx-swap-oob" not in results(page)
    assert "HX-Request" in page["Vary"]


def test_the_address_keeps_what_was_searched(program, staff):
    enrol(program, "amelia", name="Amelia Hart")

    fragment = staff.get(f"{list_of(program)}?q=+Amelia++&tier=base&state=", headers=HX)

    assert fragment["HX-Replace-Url"] == f"{list_of(program)}?q=Amelia&tier=base"


def test_search_and_filters_work_together(program, staff):
    record_each(
        program, order("1", "2026-02-01", 9000, member="anna"), order("2", "2026-02-01", 100, member="berta")
    )
    with scope(program=program):
        Member.objects.filter(identities__value="anna@example.com").update(name="Mar One")
        Member.objects.filter(identities__value="berta@example.com").update(name="Mar Two", state="blocked")
    here = list_of(program)

    assert names(staff.get(f"{here}?q=mar&tier=silver")) == ["Mar One"]
    assert names(staff.get(f"{here}?q=mar&tier=base")) == ["Mar Two"]
    assert names(staff.get(f"{here}?q=mar&tier=gold")) == []
    assert names(staff.get(f"{here}?q=mar&state=blocked")) == ["Mar Two"]
    assert sorted(names(staff.get(f"{here}?tier=no-such-tier&state=weird"))) == ["Mar One", "Mar Two"]


def test_who_is_found_in_two_ways_is_listed_once(program, staff):
    enrol(program, "amelia", name="Amelia Hart")

    assert names(staff.get(f"{list_of(program)}?q=amelia")) == ["Amelia Hart"]


def test_pages_lead_through_everybody_and_back(program, staff):
    everybody = [member.name for member in crowd(program, SIZE * 2 + 3)]
    with scope(program=program):
        expected = list(Member.objects.order_by("-joined_at", "-holder_id").values_list("name", flat=True))

    pages, url = [], list_of(program)
    while url:
        page = staff.get(url)
        pages.append(names(page))
        older = re.search(r'href="([^"]+)" rel="next"', page.text)
        url = older and older[1].replace("&amp;", "&")
    back = re.search(r'href="([^"]+)" rel="prev"', page.text)
    before = names(staff.get(back[1].replace("&amp;", "&")))

    assert [name for page in pages for name in page] == expected
    assert sorted(expected) == sorted(everybody)
    assert [len(page) for page in pages] == [SIZE, SIZE, 3]
    assert before == pages[1]


def test_members_who_joined_in_the_same_moment_are_neither_lost_nor_doubled(program, staff):
    for place in range(SIZE + 5):
        enrol(program, f"m{place}", name=f"Member {place}", at="2026-01-01")

    first = staff.get(list_of(program))
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1]
    second = staff.get(older)

    assert len(set(names(first) + names(second))) == SIZE + 5


@pytest.mark.parametrize("mark", ["", "x", "1", "1.x", "-1.1", "9" * 40 + ".1", "1." + "9" * 40, "\0", "١.٢"])
def test_a_mark_from_nowhere_does_no_harm(program, staff, mark):
    enrol(program, "amelia", name="Amelia Hart")

    for name in ("after", "before"):
        assert staff.get(list_of(program), {name: mark}).status_code == 200


def test_a_mark_is_read_as_it_was_written(program):
    member = enrol(program, "amelia", name="Amelia Hart")
    mark = Mark(member.joined_at, member.pk)

    assert Mark.parse(str(mark)) == mark


def test_a_mistyped_number_is_answered_with_whom_it_may_mean(program, staff):
    member = enrol(program, "amelia", name="Amelia Hart")
    wrong = str((int(member.number[0]) + 1) % 10) + member.number[1:]

    page = staff.get(f"{list_of(program)}?q={wrong}")

    assert "one digit is wrong" in page.text
    assert f"{list_of(program)}{member.number}/" in page.text


@naughty.needed
def test_every_naughty_string_is_answered(program, staff):
    enrol(program, "amelia", name="Amelia Hart")

    for text in naughty.strings():
        response = staff.get(list_of(program), {"q": text}, headers=HX)

        assert response.status_code == 200, text


def test_a_name_is_never_markup(program, staff):
    enrol(program, "evil", name="<script>alert(1)</script>")

    page = staff.get(f"{list_of(program)}?q=evil@<script>")
    everybody = staff.get(list_of(program))

    assert "<script>" not in page.text.split("<body")[1]
    assert "<script>alert" not in everybody.text
    assert "&lt;script&gt;alert" in everybody.text


def test_members_of_other_programs_are_not_listed(program, staff):
    enrol(open_program(), "amelia", name="Amelia Hart")

    assert names(staff.get(list_of(program))) == []
    assert names(staff.get(f"{list_of(program)}?q=amelia")) == []


@pytest.mark.parametrize("query", ["", "?q=member", "?tier=base", "?q=m0&tier=base&state=active"])
def test_statements_do_not_grow_with_the_rows(program, staff, query):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            staff.get(list_of(program) + query)
        return len(asked)

    crowd(program, 2)
    adjust(program, 50, "2026-05-01", member="m00")
    statements()
    few = statements()
    for place in range(10, 20):
        enrol(program, f"m{place}", name=f"Member {place}")
        adjust(program, 50, "2026-05-01", member=f"m{place}")

    assert statements() == few
    assert few <= 12
