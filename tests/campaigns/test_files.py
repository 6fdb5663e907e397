"""Files that leave the house: the printer's list, and hashed contacts of those who agreed."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from django_scopes import scope

from campaigns.messages import printing, sending
from campaigns.models import Message, PrintList, Segment
from members import addresses, consent, identities
from members.addresses import Place
from members.models import AudienceMember, AuditEntry, Identity, Member, Role
from tests.campaigns import letters
from tests.campaigns.letters import NOON
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
PAPER = {"print": {"en": {"text": "=Dear {{ member.name }}"}}}


@pytest.fixture
def program():
    made = b.open_program()
    letters.behave(made)
    return made


def join(program, name, *agrees):
    return letters.join(program, name, agrees=agrees)


def write(program, *members, content=PAPER):
    template = letters.template(program, content=content)
    return letters.ask(program, template, *members, channel="print", now=NOON)


def make(program, now=NOON):
    by = hire(program, Role.MANAGER)
    made = printing.begin(program=program, by=by, now=now)
    printing.work(clock=lambda: now)
    with scope(program=program):
        made.refresh_from_db()
    return made


def take(program, made, now=NOON):
    with scope(program=program):
        text = "".join(printing.take(made=made, by=hire(program, Role.MANAGER), now=now))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def states(program):
    return [(each.state, each.reason) for each in letters.messages(program)]


def test_letters_wait_for_their_list_and_stand_on_it_once(program):
    anna, ben = join(program, "anna", "post"), join(program, "ben", "post")
    assert write(program, anna) == {"queued": 1}
    sending.send(clock=lambda: NOON, seconds=60)
    assert states(program) == [("queued", "")]

    first = make(program)
    write(program, ben)
    second = make(program)

    assert (first.rows, second.rows, first.finished_at) == (1, 1, NOON)
    assert [row["Name"] for row in take(program, first)] == ["Anna"]
    assert [row["Name"] for row in take(program, second)] == ["Ben"]
    assert states(program) == [("sent", "")] * 2


def test_letters_bear_the_address_and_those_without_one_are_counted(program):
    anna, ben = join(program, "anna", "post"), join(program, "ben", "post")
    place = Place(["=Flat 2", "12 Harbour Lane"], "BS1 4RN", "Bristol", "GB")
    addresses.save(member=anna, place=place, now=NOON)
    write(program, anna, ben)
    manager = as_staff(program, Role.MANAGER)
    before = manager.get(f"/dashboard/{program.slug}/messages/files/").text

    made = make(program)

    first, second = take(program, made)
    assert "1 without a postal address" in strip_tags(before)
    assert (made.rows, made.without_address) == (2, 1)
    assert list(first.values())[2:9] == ["'=Flat 2", "12 Harbour Lane", "", "", "BS1 4RN", "Bristol", "GB"]
    assert (second["Name"], second["Address line 1"], second["City"]) == ("Ben", "", "")


def test_the_heads_stand_in_the_language_of_whoever_takes_the_list(program):
    write(program, join(program, "anna", "post"))
    made = make(program)

    english = take(program, made)
    with translation.override("fa"), scope(program=program):
        lines = printing.take(made=made, by=hire(program, Role.MANAGER), now=NOON)
        first = translation.gettext("Address line %(number)s") % {"number": "۱"}
    # As in a view: by the time the rows are written, its language is over.
    persian = list(csv.DictReader(io.StringIO("".join(lines).removeprefix("\ufeff"))))

    assert list(english[0]) == [
        "Member number", "Name", "Address line 1", "Address line 2", "Address line 3", "Address line 4", "Postcode",
        "City", "Country", "Language", "Shop customer id", "Topic", "Text",
    ]  # fmt: skip
    assert list(persian[0])[2] == first
    assert list(persian[0].values()) == list(english[0].values())


def test_who_withdraws_takes_the_address_off_the_list(program):
    anna = join(program, "anna", "post")
    addresses.save(member=anna, place=Place(["12 Harbour Lane"], "", "Bristol", "GB"), now=NOON)
    write(program, anna)
    made = make(program)

    consent.withdraw(member=anna, channel="post", topic="offers", source="portal", now=NOON)

    assert take(program, made) == []


def test_a_cell_is_no_formula_and_the_file_is_audited(program):
    anna = join(program, "anna", "post")
    with scope(program=program):
        identities.add(member=anna, kind="shop", value="C-77")
    write(program, anna)
    made = make(program)

    (row,) = take(program, made)

    assert (row["Text"], row["Shop customer id"], row["Member number"]) == (
        "'=Dear Anna",
        "C-77",
        anna.number,
    )
    with scope(program=program):
        assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))[-2:] == [
            "print_list.make",
            "print_list.take",
        ]


def test_who_did_not_agree_or_withdraws_is_on_no_list(program):
    silent, early, late = (
        join(program, "silent"),
        join(program, "early", "post"),
        join(program, "late", "post"),
    )
    assert write(program, silent, early, late) == {"consent": 1, "queued": 2}
    consent.withdraw(member=early, channel="post", topic="offers", source="test", now=NOON)
    made = make(program)
    consent.withdraw(member=late, channel="post", topic="offers", source="test", now=NOON)

    assert made.rows == 1
    assert take(program, made) == []
    assert ("cancelled", "consent") in states(program)
    assert [each.reason for each in letters.decisions(program)] == ["consent", "consent"]


def test_a_letter_that_cannot_be_written_is_left_out_with_its_reason(program):
    anna = join(program, "anna", "post")
    write(program, anna, content={"print": {"en": {"text": '{{ abort("no") }}'}}})

    made = make(program)

    assert (made.rows, made.left_out) == (0, 1)
    assert states(program) == [("cancelled", "content")]


def test_asking_twice_makes_one_list_and_a_killed_worker_goes_on(program):
    write(program, join(program, "anna", "post"))
    by = hire(program, Role.MANAGER)

    first, again = (printing.begin(program=program, by=by, now=NOON) for _ in range(2))
    assert first.pk == again.pk
    assert printing.go_on(program=program, list_id=first.pk, now=NOON)
    assert not printing.go_on(program=program, list_id=first.pk, now=NOON)
    assert not printing.go_on(program=program, list_id=first.pk, now=NOON)


def test_a_batch_of_late_letters_does_not_end_the_list(program, monkeypatch):
    monkeypatch.setattr(printing, "BATCH", 2)
    write(program, *(join(program, name, "post") for name in ("anna", "ben", "cleo")))
    with scope(program=program):
        late = Message.objects.order_by("not_before", "pk").values("pk")[:2]
        Message.objects.filter(pk__in=list(late.values_list("pk", flat=True))).update(
            expires_at=NOON - timedelta(days=1), not_before=NOON - timedelta(days=2)
        )

    made = make(program)

    assert (made.rows, made.left_out, made.finished_at) == (1, 2, NOON)


def segment_of(program, *members):
    with scope(program=program):
        made = Segment.objects.create(
            program=program, key="vip", name="Best", kind="list", state="live", size=len(members)
        )
        AudienceMember.objects.bulk_create(
            AudienceMember(program=program, audience_id=made.pk, member=member, since=NOON)
            for member in members
        )
    return made


def prove(program, member, kind, value):
    with scope(program=program):
        found = Identity.objects.filter(member=member, kind=kind).first()
        if found is None:
            found = identities.add(member=member, kind=kind, value=value)
        Identity.objects.filter(pk=found.pk).update(value=value, verified_at=NOON)


def code(text):
    return hashlib.sha256(text.encode()).hexdigest()


def audience(program, role=Role.MANAGER, segment="vip"):
    path = reverse("campaigns:audience_file", args=[program.slug, segment])
    answer = as_staff(program, role).post(path)
    return answer, b"".join(answer.streaming_content).decode().splitlines() if answer.streaming else []


def test_an_audience_holds_hashes_of_proven_contacts_of_who_agreed(program):
    anna, ben, cora, dora = (join(program, name, *agreed) for name, agreed in (
        ("anna", ["social", "email"]), ("ben", ["email"]), ("cora", ["social"]), ("dora", ["social"])))  # fmt: skip
    segment_of(program, anna, ben, cora)
    prove(program, anna, "email", "Anna@Example.com")
    prove(program, anna, "phone", "+447700900123")
    prove(program, ben, "email", "ben@example.com")
    prove(program, dora, "email", "dora@example.com")

    answer, lines = audience(program)

    assert answer.status_code == 200
    assert lines == [
        "email_sha256,phone_e164_sha256,phone_digits_sha256",
        f"{code('anna@example.com')},{code('+447700900123')},{code('447700900123')}",
    ]
    with scope(program=program):
        entry = AuditEntry.objects.get(action="segment.retarget")
        assert (entry.subject_id, entry.after) == ("vip", {"members": 1})


def test_an_analyst_and_another_program_get_no_file(program):
    segment_of(program, join(program, "anna", "social"))
    other = b.open_program()

    assert audience(program, Role.ANALYST)[0].status_code == 403
    assert audience(other)[0].status_code == 404


def test_the_page_says_how_many_and_hands_out_the_list(program):
    write(program, join(program, "anna", "post"))
    manager = as_staff(program, Role.MANAGER)
    path = reverse("campaigns:files", args=[program.slug])
    assert "1 letter waits" in manager.get(path).content.decode().replace("<bdi>", "").replace("</bdi>", "")

    manager.post(reverse("campaigns:print_list", args=[program.slug]))
    printing.work(clock=lambda: NOON)
    with scope(program=program):
        made = PrintList.objects.get()
    answer = manager.post(reverse("campaigns:print_file", args=[program.slug, made.pk]))

    assert b"Anna" in b"".join(answer.streaming_content)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert "Take the file" in manager.get(path).content.decode()


def test_who_was_blocked_since_is_not_in_the_file(program):
    anna = join(program, "anna", "post")
    write(program, anna)
    made = make(program)
    with scope(program=program):
        Member.objects.filter(pk=anna.pk).update(state="blocked")
        assert Message.objects.get().provider_id == made.mark

    assert take(program, made) == []
