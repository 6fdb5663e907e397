"""Notes, tags and consent on a member's page: who writes, who reads, what stays of it."""

import re

import pytest
from django_scopes import scope

from members import consent, erasure, notes
from members.models import AuditEntry, Event, Member, Note, Role
from tests.members.teams import as_staff, enrol, hire, list_of, signed_in
from tests.rewards.builders import moment, open_program

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
NOW = moment("2026-11-01")


@pytest.fixture
def program():
    return open_program()


@pytest.fixture
def anna(program):
    return enrol(program, "anna", name="Anna Berg")


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def page_of(program, member):
    return f"{list_of(program)}{member.number}/"


def section(page, name):
    found = re.search(rf'<section id="{name}".*?</section>', page.text, re.DOTALL)
    return re.sub(r'\s+|name="csrfmiddlewaretoken" value="[^"]+"', " ", found[0])


def test_a_note_is_written_and_shown_with_author_and_time(program, anna, manager):
    page = manager.post(
        f"{page_of(program, anna)}notes/", {"text": "Likes <b>tea</b>\nand mugs"}, follow=True
    )

    with scope(program=program):
        note = Note.objects.get()
    assert note.text == "Likes <b>tea</b>\nand mugs"
    assert "Likes &lt;b&gt;tea&lt;/b&gt;" in section(page, "notes")
    assert note.author.email in section(page, "notes")


def test_the_fragment_is_what_a_reload_shows(program, anna, manager):
    note = manager.post(f"{page_of(program, anna)}notes/", {"text": "Likes tea"}, headers=HX)
    tags = manager.post(f"{page_of(program, anna)}tags/", {"tags": "vip, tea"}, headers=HX)

    page = manager.get(page_of(program, anna))

    assert "<html" not in note.text + tags.text
    assert section(note, "notes") == section(page, "notes")
    assert section(tags, "tags") == section(page, "tags")


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2_001])
def test_an_empty_or_endless_note_is_refused(program, anna, manager, text):
    page = manager.post(f"{page_of(program, anna)}notes/", {"text": text})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    with scope(program=program):
        assert not Note.objects.exists()


def test_only_its_author_deletes_a_note(program, anna, manager):
    author = hire(program, Role.MANAGER)
    note = notes.write(member=anna, text="Likes tea", by=author, now=NOW)
    url = f"{page_of(program, anna)}notes/{note.pk}/delete/"

    refused = manager.post(url)
    done = signed_in(author).post(url)

    assert refused.status_code == 403
    assert done.status_code == 302
    with scope(program=program):
        assert not Note.objects.exists()
        assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
            "note.write",
            "note.delete",
        ]
        assert "tea" not in str(list(AuditEntry.objects.values("before", "after", "reason")))


def test_notes_go_with_the_person(program, anna):
    notes.write(member=anna, text="Likes tea", by=hire(program), now=NOW)

    erasure.erase(member=anna, now=NOW)

    with scope(program=program):
        assert not Note.objects.exists()


def test_tags_are_replaced_and_lead_to_the_list(program, anna, manager):
    page = manager.post(f"{page_of(program, anna)}tags/", {"tags": " vip ,tea  time،vip"}, follow=True)

    with scope(program=program):
        assert Member.objects.get().tags == ["tea time", "vip"]
        assert [one.kind for one in Event.objects.all()] == ["member.tagged"]
        assert AuditEntry.objects.get().after == {"added": 2}
    assert f"{list_of(program)}?tag=tea%20time" in section(page, "tags")
    assert "Anna Berg" in manager.get(f"{list_of(program)}?tag=tea+time").text


def test_the_same_tags_again_change_nothing(program, anna, manager):
    manager.post(f"{page_of(program, anna)}tags/", {"tags": "vip"})
    manager.post(f"{page_of(program, anna)}tags/", {"tags": "vip, vip"})

    with scope(program=program):
        assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("tags", ["x" * 65, ", ".join(f"t{n}" for n in range(31))])
def test_too_long_and_too_many_tags_are_refused(program, anna, manager, tags):
    page = manager.post(f"{page_of(program, anna)}tags/", {"tags": tags})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    with scope(program=program):
        assert Member.objects.get().tags == []


def test_consent_is_shown_with_its_latest_changes(program, anna, manager):
    consent.grant(member=anna, channel="email", topic="offers", source="portal", now=NOW)
    consent.grant(member=anna, channel="sms", topic="surveys", source="till", now=NOW)
    consent.withdraw(member=anna, channel="sms", topic="surveys", source="portal", now=NOW)

    text = re.sub(
        r"<[^>]+>|\s+", " ", manager.get(page_of(program, anna)).text.split('id="consents-title"')[1]
    )

    assert re.search(r"Offers and news\s+E-mail", text)
    assert re.search(r"Questions about your visits\s+nothing", text)
    assert re.search(r"Text message: taken back\s+\(\s*portal", text)


def test_an_analyst_reads_and_does_not_write(program, anna):
    notes.write(member=anna, text="Likes tea", by=hire(program), now=NOW)
    analyst = as_staff(program, Role.ANALYST)

    page = analyst.get(page_of(program, anna))
    codes = [
        analyst.post(f"{page_of(program, anna)}{end}", {"text": "x", "tags": "x"})
        for end in ("notes/", "tags/")
    ]

    assert "Likes tea" in section(page, "notes")
    assert "<form" not in section(page, "notes") + section(page, "tags")
    assert [answer.status_code for answer in codes] == [403, 403]


def test_members_of_other_programs_are_not_there(program, anna):
    note = notes.write(member=anna, text="Likes tea", by=hire(program), now=NOW)
    other = open_program()
    stranger = as_staff(other)
    here = f"{list_of(other)}{anna.number}/"

    answers = [
        stranger.post(f"{here}notes/", {"text": "x"}),
        stranger.post(f"{here}notes/{note.pk}/delete/"),
        stranger.get(f"{here}tags/"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


def allowed(program, member):
    with scope(program=program):
        return {one.key for one in consent.states_of(member=member) if one.is_given}


def test_staff_take_back_what_a_member_allowed(program, anna, manager):
    consent.grant(member=anna, channel="email", topic="offers", source="portal", now=NOW)
    consent.grant(member=anna, channel="post", topic="offers", source="portal", now=NOW)
    ticked = {"shown": ["offers-email", "offers-post"], "allow": ["offers-post"]}

    part = manager.post(f"{page_of(program, anna)}consents/", ticked, headers=HX)

    assert allowed(program, anna) == {"offers-post"}
    assert section(part, "consents") == section(manager.get(page_of(program, anna)), "consents")
    assert "taken back" in part.text
    with scope(program=program):
        entry = AuditEntry.objects.get(action="member.change")
    assert entry.after == {"fields": ["consents"]}


def test_what_staff_tick_waits_for_the_proof_of_the_contact(program, anna, manager):
    page = manager.post(
        f"{page_of(program, anna)}consents/", {"allow": ["offers-sms", "offers-post"]}, follow=True
    )

    assert allowed(program, anna) == {"offers-post"}
    assert "once the number is proven" in section(page, "consents")


def test_what_the_member_changed_meanwhile_stays(program, anna, manager):
    """The page was shown with e-mails allowed; the member took that back before staff saved something else."""
    ticked = {"shown": ["offers-email"], "allow": ["offers-email", "offers-post"]}

    manager.post(f"{page_of(program, anna)}consents/", ticked)

    assert allowed(program, anna) == {"offers-post"}


def test_nothing_ticked_anew_leaves_no_trace(program, anna, manager):
    manager.post(f"{page_of(program, anna)}consents/", {"allow": ["nonsense"]})

    with scope(program=program):
        assert not AuditEntry.objects.filter(action="member.change").exists()


def test_who_only_reads_changes_no_consent(program, anna):
    analyst = as_staff(program, Role.ANALYST)

    assert f"{page_of(program, anna)}consents/" not in analyst.get(page_of(program, anna)).text
    assert analyst.post(f"{page_of(program, anna)}consents/", {"allow": ["offers-post"]}).status_code == 403
