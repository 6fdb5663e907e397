"""The pages of bulk actions, of adding a member and of the export: each role, each refusal, the walls."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from loyaltysite.kit.sheets import safe
from members.models import AuditEntry, Identity, Member, Program, Role
from rewards import bulk
from rewards.models import BulkAction
from tests.members.teams import as_staff, enrol, hire, list_of, signed_in
from tests.rewards.builders import adjust, balance, open_program, order, record

pytestmark = pytest.mark.django_db

TIERS = {"base": (0, {}), "gold": (5_000, {})}
UNITS = {"points": {"names": {"en": {"one": "Star", "other": "Stars"}}, "worth_denominator": 1}}


@pytest.fixture
def program():
    return open_program(tiers=TIERS, units=UNITS, stores=["quay"])


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


@pytest.fixture
def people(program):
    return [enrol(program, f"m{place}", name=f"Member {place}") for place in range(3)]


def new_of(program, **query):
    return f"{list_of(program)}bulk/new/?" + "&".join(f"{name}={value}" for name, value in query.items())


def text_of(page):
    return re.sub(r"<[^>]+>|\s+", " ", page.text.split("<main")[1])


def test_ticked_members_are_shown_then_changed(program, manager, people):
    url = new_of(program, kind="adjust", member=people[0].number) + f"&member={people[2].number}"

    asked = manager.get(url)
    shown = manager.post(url, {"amount": "25", "unit": "points", "reason": "a kindness"}, follow=True)
    before = balance(program, "m0").active
    started = manager.post(shown.request["PATH_INFO"] + "decide/", follow=True)

    assert "2 members" in text_of(asked)
    assert "+25 Stars" in text_of(shown)
    assert "+50 Stars" in text_of(shown)
    assert "£" not in text_of(shown)
    assert "Member 0" in text_of(shown)
    assert before == 0
    assert "Finished" in text_of(started)
    assert [balance(program, f"m{place}").active for place in range(3)] == [25, 0, 25]


def test_all_that_are_found_and_no_others(program, manager, people):
    with scope(program=program):
        Member.objects.filter(name="Member 1").update(state="blocked")
    enrol(program, "other", name="Other")

    shown = manager.post(new_of(program, kind="tag", all=1, q="member"), {"tag": "vip"}, follow=True)
    manager.post(shown.request["PATH_INFO"] + "decide/")

    with scope(program=program):
        assert {member.name for member in Member.objects.filter(tags=["vip"])} == {
            "Member 0",
            "Member 1",
            "Member 2",
        }


def test_many_are_gathered_by_a_task(program, manager, people, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)

    shown = manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"}, follow=True)

    assert "3 members" in text_of(shown)


def test_the_fragment_of_the_progress_is_what_a_reload_shows(program, manager, people):
    shown = manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"}, follow=True)
    url = shown.request["PATH_INFO"]
    with scope(program=program):
        BulkAction.objects.update(state="running", done=1)

    page = re.sub(r"\s+", " ", manager.get(url).text)
    fragment = re.sub(r"\s+", " ", manager.get(url, headers={"HX-Request": "true"}).text).strip()
    token = r'name="csrfmiddlewaretoken" value="[^"]+"'

    assert "<html" not in fragment
    assert re.sub(token, "", fragment) in re.sub(token, "", page)
    assert 'hx-trigger="every 1s"' in fragment


def test_a_finished_action_asks_no_more(program, manager, people):
    shown = manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"}, follow=True)
    url = shown.request["PATH_INFO"]
    manager.post(f"{url}decide/")

    assert "hx-trigger" not in manager.get(url, headers={"HX-Request": "true"}).text


def test_cancel_before_it_begins(program, manager, people):
    shown = manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"}, follow=True)

    page = manager.post(shown.request["PATH_INFO"] + "decide/", {"cancel": "1"}, follow=True)
    again = manager.post(shown.request["PATH_INFO"] + "decide/")

    assert "Cancelled" in text_of(page)
    assert again.status_code == 409
    with scope(program=program):
        assert not Member.objects.filter(tags=["vip"]).exists()


def test_the_list_of_those_left_out_can_be_taken(program, manager, people):
    with scope(program=program):
        Member.objects.filter(name="Member 1").update(state="blocked", name="=1+1")
    shown = manager.post(
        new_of(program, kind="adjust", all=1), {"amount": "5", "unit": "points", "reason": "x"}, follow=True
    )

    answer = manager.get(shown.request["PATH_INFO"] + "left-out/")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[1:] for row in rows] == [["Name", "Reason"], ["'=1+1", "Blocked or closed"]]


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        ("adjust", {"amount": "", "unit": "points", "reason": "x"}, "Enter an amount."),
        ("adjust", {"amount": "0", "unit": "points", "reason": "x"}, "other than zero"),
        ("adjust", {"amount": "1.5", "unit": "points", "reason": "x"}, "More decimals"),
        ("adjust", {"amount": "5", "unit": "points", "reason": ""}, "Say why."),
        ("adjust", {"amount": "101", "unit": "points", "reason": "x"}, "at most 100"),
        ("tier", {"tier": "gold", "until": "2020-01-01", "reason": "x"}, "must not be in the past"),
        ("tier", {"tier": "base", "until": "2030-01-01", "reason": "x"}, "Select a valid choice"),
        ("tag", {"tag": "a,b"}, "no comma"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(program, manager, people, kind, data, error):
    Program.objects.filter(pk=program.pk).update(adjust_limits={"manager": {"points": 100}})

    page = manager.post(new_of(program, kind=kind, all=1), data)

    assert page.status_code == 422
    assert error in text_of(page)
    assert 'aria-invalid="true"' in page.text
    with scope(program=program):
        assert not BulkAction.objects.exists()


def test_nobody_ticked_is_said(program, manager, people):
    page = manager.get(new_of(program, kind="tag"))
    posted = manager.post(new_of(program, kind="tag"), {"tag": "vip"})

    assert "Nobody is chosen" in text_of(page)
    assert posted.status_code == 422


def test_unknown_kinds_and_programs_without_tiers_get_404(program, manager):
    bare = open_program(units={}, rules={})
    boss = as_staff(bare)

    assert manager.get(new_of(program, kind="delete")).status_code == 404
    assert boss.get(new_of(bare, kind="tier")).status_code == 404
    assert boss.get(new_of(bare, kind="adjust")).status_code == 404


def test_analysts_look_and_do_not_touch(program, people):
    analyst = as_staff(program, Role.ANALYST)

    page = analyst.get(list_of(program))

    assert "Add member" not in page.text
    assert '<input type="checkbox"' not in page.text
    assert analyst.get(new_of(program, kind="tag", all=1)).status_code == 403
    assert analyst.get(f"{list_of(program)}new/").status_code == 403
    assert analyst.get(f"{list_of(program)}bulk/").status_code == 403


def test_actions_of_another_program_are_not_there(program, manager, people):
    other = open_program()
    stranger = as_staff(other)
    shown = manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"}, follow=True)
    number = shown.request["PATH_INFO"].rstrip("/").rsplit("/", 1)[1]

    here = f"{list_of(other)}bulk/{number}/"
    codes = [stranger.get(here), stranger.get(f"{here}left-out/"), stranger.post(f"{here}decide/")]

    assert [answer.status_code for answer in codes] == [404] * 3
    assert "No bulk actions yet" in stranger.get(f"{list_of(other)}bulk/").text


def test_the_latest_actions_are_listed(program, manager, people):
    manager.post(new_of(program, kind="tag", all=1), {"tag": "vip"})

    assert re.search(
        r"Add a tag:\s+vip\s+Waits for you\s+3", text_of(manager.get(f"{list_of(program)}bulk/"))
    )


# --- add a member -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "kind", "value"),
    [(" Anna@Example.COM ", "email", "anna@example.com"), ("+44 7700 900123", "phone", "+447700900123")],
)
def test_a_member_is_added_with_a_name_and_one_contact(program, manager, contact, kind, value):
    page = manager.post(f"{list_of(program)}new/", {"name": "Anna Berg", "contact": contact}, follow=True)

    with scope(program=program):
        member = Member.objects.get()
        assert (member.name, member.source) == ("Anna Berg", "dashboard")
        assert list(member.identities.values_list("kind", "value")) == [(kind, value)]
        assert AuditEntry.objects.get().action == "member.join"
    assert page.request["PATH_INFO"] == f"{list_of(program)}{member.number}/"


def test_a_contact_that_is_taken_names_the_kind_and_nobody(program, manager):
    known = enrol(program, "anna", name="Anna Berg")

    page = manager.post(f"{list_of(program)}new/", {"name": "Other", "contact": "anna@example.com"})

    assert page.status_code == 422
    assert "Another member already has this E-mail" in text_of(page)
    assert "Anna" not in text_of(page).replace("anna@example.com", "")
    assert known.number not in page.text


@pytest.mark.parametrize(
    ("name", "contact"), [("", "a@b.example"), ("Anna", ""), ("Anna", "nonsense"), ("Anna", "a@")]
)
def test_a_wrong_contact_is_refused(program, manager, name, contact):
    page = manager.post(f"{list_of(program)}new/", {"name": name, "contact": contact})

    assert page.status_code == 422
    with scope(program=program):
        assert not Member.objects.exists()


# --- export -----------------------------------------------------------------------------------------------------------


def exported(client, program, query=""):
    answer = client.post(f"{list_of(program)}export/{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_present_filter_is_exported(program, manager, people):
    record(program, order("1", "2026-10-01", 6_000, member="m1", store="quay"))
    adjust(program, 5, "2026-10-02", member="m0")

    everybody = exported(manager, program)
    some = exported(manager, program, "?store=quay")

    assert [row["Name"] for row in everybody] == ["Member 0", "Member 1", "Member 2"]
    assert everybody[0]["E-mail"] == "m0@example.com"
    assert everybody[0]["Stars"] == "5"
    assert [(row["Name"], row["Tier"], row["Stars"], row["Last order"]) for row in some] == [
        ("Member 1", "gold", "60", "2026-10-01 12:00")
    ]


def test_an_analyst_gets_no_contacts(program, people):
    analyst = as_staff(program, Role.ANALYST)

    rows = exported(analyst, program)

    assert len(rows) == 3
    assert not {"E-mail", "Phone"} & set(rows[0])
    assert "example.com" not in str(rows)


def test_a_search_is_exported_and_more_than_one_chunk(program, manager, monkeypatch):
    monkeypatch.setattr("rewards.exports.CHUNK", 2)
    for place in range(5):
        enrol(program, f"m{place}", name=f"Member {place}")
    enrol(program, "other", name="Other")

    assert len(exported(manager, program)) == 6
    assert len(exported(manager, program, "?q=member")) == 5


def test_an_export_is_written_down_without_what_was_searched(program, manager, people):
    exported(manager, program, "?q=m0@example.com&state=active")

    with scope(program=program):
        row = AuditEntry.objects.get(action="members.export")
    assert row.after == {"columns": 12, "contacts": True, "filters": ["q", "state"]}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(program, manager, text):
    member = enrol(program, "evil", name="x")
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(name=text, tags=[text])

    row = exported(manager, program)[0]

    assert row["Name"] == f"'{text}"
    assert row["Tags"].startswith("'")
    assert (safe(-5), safe(-1200.0)) == ("-5", "-1200.0")


def test_a_phone_number_stays_readable(program, manager):
    member = enrol(program, "anna", name="Anna")
    with scope(program=program):
        Identity.objects.create(program=program, member=member, kind="phone", value="+447700900123")

    assert exported(manager, program)[0]["Phone"] == "'+447700900123"


def test_export_is_no_link(program, manager):
    assert manager.get(f"{list_of(program)}export/").status_code == 405


def test_the_statements_of_an_export_do_not_grow_with_its_rows(program, manager):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            exported(manager, program)
        return len(asked)

    enrol(program, "m0", name="M")
    statements()
    few = statements()
    for place in range(1, 20):
        enrol(program, f"m{place}", name="M")

    assert statements() == few


def test_the_author_is_who_is_signed_in(program, people):
    user = hire(program, Role.MANAGER)

    signed_in(user).post(new_of(program, kind="tag", all=1), {"tag": "vip"})

    with scope(program=program):
        assert BulkAction.objects.get().author == user
