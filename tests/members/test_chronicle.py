"""The audit log: sentences, before and after, filters, pages, the file; managers and owners only."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django_scopes import scope

from members import audit, chronicle, deeds, stores
from members.models import AuditEntry, Role
from tests.members.teams import as_staff, hire
from tests.rewards.builders import find, open_program, order, record

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HX = {"HX-Request": "true"}


@pytest.fixture
def program():
    return open_program(stores=["quay"], time_zone="Asia/Tehran")


@pytest.fixture
def layla(program):
    return hire(program, Role.MANAGER, name="Layla <b>Haddad</b>")


def address(program, rest=""):
    return f"/dashboard/{program.slug}/audit/{rest}"


def write(program, action="store.change", *, by=None, at=NOW, **columns):
    given = {"subject": "store", "subject_id": "quay"} | columns
    with scope(program=program):
        return audit.record(program=program, actor=by, action=action, now=at, **given)


def listed(program, role=Role.MANAGER, **query):
    return as_staff(program, role).get(address(program), query)


def shown(response):
    return response.text.count('<details class="why">')


def test_it_tells_who_did_what_with_before_and_after(program, layla):
    stores.change(program=program, code="quay", name="Old quay", is_active=False, by=layla, now=NOW)

    page = listed(program).text

    assert "Layla &lt;b&gt;Haddad&lt;/b&gt;</bdi> changed store <bdi" in page
    row = re.search(r"<bdi>Open</bdi></th>\s*<td class=\"soft\"><bdi>(\w+)</bdi></td>\s*<td><bdi>(\w+)", page)
    assert row.groups() == ("yes", "no")
    # In the program's own time: 12:00 UTC is half past three in Tehran.
    assert "20 Nov 2026, 15:30" in page


def test_members_are_linked_by_number_and_people_of_the_team_named(program, layla):
    record(program, order("1", "2026-01-01", 1000))
    number = find(program, "anna").number
    write(program, "member.block", subject="member", subject_id=number, reason="Fraud")
    write(program, "team.set_role", subject="user", subject_id=layla.pk)

    page = listed(program).text

    link = re.search(r"</details>\s*<a [^>]*href=\"([^\"]+)\".*?(\d{12})</span></a>", page)
    assert link.groups() == (f"/dashboard/{program.slug}/members/{number}/", number)
    assert f'blocked member <bdi dir="ltr">{number}</bdi>' in page
    assert "Fraud" in page
    assert "The system</bdi> gave <bdi" in page
    assert page.count("Layla") == 1


def test_an_action_it_does_not_know_is_told_by_its_parts():
    text = deeds.sentence("moon.landing", who="Neil", what="11", subject="moon 100%")

    assert re.sub(r"<[^>]+>", "", text) == "Neil: moon.landing · moon 100% 11"


def test_every_sentence_takes_its_names(program):
    for action in deeds.DEEDS:
        text = deeds.sentence(action, who="Layla", what="quay", subject="store")
        assert "Layla" in text, action
        assert "%(" not in text, action


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 4),
        ({"who": "layla"}, 1),
        ({"who": "manager-"}, 1),
        ({"who": "nobody"}, 0),
        ({"what": "store"}, 2),
        ({"what": "member"}, 1),
        ({"what": "drop table"}, 4),
        ({"subject": "quay"}, 2),
        ({"since": "2026-11-20"}, 2),
        ({"until": "2026-11-19"}, 2),
        ({"since": "2026-11-19", "until": "2026-11-19"}, 1),
        ({"since": "yesterday"}, 4),
        ({"until": "9999-12-31"}, 4),
        ({"who": "\x00"}, 4),
    ],
)
def test_it_is_filtered_by_person_deed_subject_and_time(program, layla, query, count):
    write(program, by=layla)
    write(program, at=NOW - timedelta(days=1))
    write(program, "member.block", subject="member", subject_id="7", at=NOW - timedelta(days=9))
    # Local midnight in Tehran is half past eight in the evening of the day before in UTC.
    write(
        program,
        "members.export",
        subject="members",
        subject_id="",
        at=datetime(2026, 11, 19, 20, 30, tzinfo=UTC),
    )

    assert shown(listed(program, **query)) == count


def test_pages_go_on_without_gap_or_repeat(program, monkeypatch):
    monkeypatch.setattr(chronicle, "SIZE", 3)
    for _ in range(7):
        write(program)
    with scope(program=program):
        found = chronicle.entries(program=program, asked=chronicle.Asked())
        seen, mark = chronicle.page(found)
        while mark:
            rows, mark = chronicle.page(found, after=mark)
            seen += rows

        assert [row.pk for row in seen] == [row.pk for row in AuditEntry.objects.order_by("-pk")]


@pytest.mark.parametrize("mark", ["x", "1.", "99999999999999999999.1", "1.99999999999999999999"])
def test_a_mark_that_is_none_is_no_error(program, mark):
    write(program)

    assert listed(program, after=mark).status_code == 200


def test_a_fragment_is_what_a_reload_shows(program):
    write(program)
    manager = as_staff(program, Role.MANAGER)

    page = manager.get(address(program), {"what": "store"}).text
    fragment = manager.get(address(program), {"what": "store"}, headers=HX).text

    def bare(text):
        return re.sub(r'csrfmiddlewaretoken" value="\w+"|\s+', " ", text)

    assert bare(fragment).strip() in bare(page)


def test_the_file_holds_what_the_filters_find_and_says_so(program, layla):
    write(program, by=layla, reason="＝cmd()", after={"name": "شاي"})
    write(program, "member.block", subject="member", subject_id="7")

    response = as_staff(program, Role.MANAGER).post(address(program, "export/?what=store"))
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))

    assert [row["action"] for row in rows] == ["store.change"]
    assert (rows[0]["reason"], rows[0]["after"], rows[0]["who"]) == (
        "'＝cmd()",
        '{"name": "شاي"}',
        layla.email,
    )
    with scope(program=program):
        assert AuditEntry.objects.get(action="audit.export").after == {"what": "store"}


def test_the_file_is_not_had_by_a_link(program):
    assert as_staff(program).get(address(program, "export/")).status_code == 405


@pytest.mark.parametrize("role", [Role.ANALYST, Role.CASHIER])
def test_lower_roles_do_not_see_it(program, role):
    assert listed(program, role).status_code == 403
    assert as_staff(program, role).post(address(program, "export/")).status_code == 403


def test_other_programs_are_not_in_it(program):
    other = open_program()
    write(other, subject_id="far")
    write(program)

    assert "far" not in listed(program, subject="far").text.split('id="entries"')[1]
    assert shown(listed(program)) == 1
    assert as_staff(other).get(address(program)).status_code == 404


def test_nested_settings_are_compared_field_by_field():
    found = deeds.differences(
        {"gold": {"threshold": 1, "names": {"en": "Gold"}}},
        {"gold": {"threshold": 2, "names": {"en": "Gold"}}},
    )

    assert found == [{"field": "gold › From", "before": "1", "after": "2"}]
