"""A person who is forgotten is nowhere any more, and the books stay as they were."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django_scopes import scope

from members import addresses, consent, erasure, identities, people
from members.addresses import Place
from members.models import (
    Fact,
    Identity,
    Member,
    Merge,
    Note,
    Order,
    Preference,
    User,
    WaitingFact,
)
from members.portal import people as portal_people
from rewards import checking, ledger
from rewards.imports import jobs
from rewards.intake.items import Who
from rewards.models import Entry, PendingAdjustment, Unit, Wallet
from tests.members import teams
from tests.members.erasure.person import (
    EMAIL,
    MARKER,
    NOW,
    erase,
    everywhere,
    in_files,
    order,
    rejoin,
    sign_in,
)
from tests.rewards import builders

# A rule that looks at the person, so that prices keep a copy of the tags and the birthday.
PERSONAL = {
    "amount": {"kind": "fixed", "points": "5"},
    "conditions": {
        "any": [
            {"field": "member.tags", "op": "has any", "value": [MARKER]},
            {"field": "member.birthday", "op": "is set"},
        ]
    },
}


def leave_files(program, staff):
    """Imports of the person's orders: one that was never begun, one that left rows out, one of others."""
    header = "order_id,occurred_at,member_email,member_name,sku,quantity,unit_price"
    rows = [f"F1,never,{EMAIL},Anna,TEA,1,1.00", "F2,never,bob@example.com,Bob,TEA,1,1.00"]
    contents = [f"{header}\n{row}\n".encode() for row in rows]
    with scope(program=program):
        for content in (gzip.compress(contents[0]), contents[1]):
            jobs.upload(program=program, name="orders.csv", chunks=[content], by=staff, now=NOW)
        both = "\n".join([header, *rows, ""]).encode()
        run = jobs.upload(program=program, name="orders.csv", chunks=[both], by=staff, now=NOW)
        jobs.start(run=run, by=staff, now=NOW)
    assert jobs.work(run_id=run.pk, clock=lambda: NOW)
    assert len(in_files()) == 2
    return run


def books(program):
    """Everything that the ledger says, row by row."""
    with scope(program=program):
        wallets = list(
            Wallet.objects.order_by("pk").values("pk", "seq", "pending", "active", "arrears", "digest")
        )
        return wallets, list(Entry.objects.order_by("pk").values())


def fill(program, anna):
    """Put the marker wherever the product writes about a person."""
    staff = teams.hire(program)
    with scope(program=program):
        identities.add(member=anna, kind="card", value=f"{MARKER} 1")
        identities.add(member=anna, kind="social", value=f"insta:{MARKER}")
        Member.objects.filter(pk=anna.pk).update(tags=[MARKER], birthday=date(1990, 2, 3))
        Preference.objects.create(member=anna, program=program, likes=[MARKER])
    addresses.save(member=anna, place=Place([MARKER], "", "Leeds", "GB"), now=NOW, by=staff)
    consent.grant(member=anna, channel="email", topic="offers", source="portal", now=NOW)
    builders.publish(program, "personal", PERSONAL)
    builders.record(program, order("A", "2026-01-10", 6000), order("B", "2026-01-11", 2000, revision=1))
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-1", order="later", member=MARKER))
    reason = f"called {MARKER} on the phone"
    ledger.adjust(
        program=program, member=anna, unit="points", amount=5, reason=reason, by=staff, key="k", now=NOW
    )
    people.block(member=anna, reason=reason, by=staff, now=NOW)
    with scope(program=program):
        facts = {"program": program, "member": anna}
        Note.objects.create(**facts, author=staff, text=f"likes {MARKER}")
        unit = Unit.objects.get(key="points")
        PendingAdjustment.objects.create(**facts, unit=unit, amount=5, reason=reason, key="1", asked_by=staff)
        gone = builders.join(program, f"{MARKER}.old", name=MARKER, state="closed", merged_into=anna)
        Merge.objects.create(
            program=program, kept=anna, gone=gone, reason=reason, author=staff, fact_id=0, merged_at=NOW
        )
    user = portal_people.prove(program=program, email=EMAIL, now=NOW)
    LogEntry.objects.create(
        user=User.objects.create_superuser("root@example.com"),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=user.email,
        action_flag=CHANGE,
    )
    sign_in(user)
    leave_files(program, staff)
    return user


def test_the_person_is_gone_wherever_one_can_look(program, anna):
    user = fill(program, anna)
    before = everywhere()

    erase(anna)

    # The search itself must be able to see: these are the places that the product writes to.
    assert len([place for place in before if place.startswith("files.")]) == 2
    assert {
        "account_emailaddress.email",
        "django_admin_log.object_repr",
        "members_address.lines",
        "members_auditentry.reason",
        "members_identity.value",
        "members_member.name",
        "members_member.tags",
        "members_merge.reason",
        "members_note.text",
        "members_preference.likes",
        "members_user.email",
        "members_waitingfact.payload",
        "rewards_pendingadjustment.reason",
        "rewards_pricing.context",
    } <= set(before)
    # The rule itself names the tag: that is the shop's own word.
    assert everywhere() == ["rewards_ruleversion.definition"]
    assert not User.objects.filter(pk=user.pk).exists()
    assert not any(s.get_decoded().get("_auth_user_id") == str(user.pk) for s in Session.objects.all())


def test_birthday_language_consents_and_preferences_go_too(program, anna):
    fill(program, anna)
    old = anna.number

    erase(anna)

    with scope(program=program):
        left = Member.objects.get(pk=anna.pk)
        assert (left.name, left.language, left.birthday, left.tags, left.state) == (
            "",
            "",
            None,
            [],
            "closed",
        )
        assert left.number != old
        assert not Identity.objects.filter(member=anna).exists()
        assert not Preference.objects.exists()
    assert not any(state.is_given for state in consent.states_of(member=anna))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rewards_pricing WHERE context::text LIKE '%%1990%%'")
        assert cursor.fetchone()[0] == 0


def test_the_books_stay_as_they_were(program, anna):
    fill(program, anna)
    before = books(program)

    erase(anna)

    assert books(program) == before
    assert checking.run(program=program, verify=True).wrong == 0
    with scope(program=program):
        assert Order.objects.filter(member_id=anna.pk, state="paid").count() == 2


def test_a_return_after_it_keeps_the_books_right(program, anna):
    fill(program, anna)
    erase(anna)

    told = builders.record(program, builders.bring_back("R2", "2026-05-02", "sku-6000", order="A"))

    assert told[0].status == "recorded"
    assert checking.run(program=program, verify=True).wrong == 0


def test_an_import_does_not_bring_the_person_back(program, anna):
    fill(program, anna)
    erase(anna)
    with scope(program=program):
        members = Member.objects.count()

    told = builders.record(
        program,
        order("C", "2026-05-02", 5000),
        builders.order("D", "2026-05-02", 5000, member=Who("card", f"{MARKER}1", joins=True, name=MARKER)),
        builders.order("E", "2026-05-02", 5000, member="bob"),
    )

    assert [one.status for one in told] == ["recorded"] * 3
    assert [one.awarded for one in told] == [{}, {}, {"points": 150}]
    with scope(program=program):
        assert Member.objects.count() == members + 1
        assert list(Order.objects.filter(external_id__in="CD").values_list("member_id", flat=True)) == [
            None,
            None,
        ]
    assert everywhere() == ["rewards_ruleversion.definition"]


def test_a_changed_order_says_nothing_of_who_left(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)
    builders.record(program, order("C", "2026-05-02", 5000))

    told = builders.record(
        program, order("A", "2026-05-02", 4000, revision=1), order("C", "2026-05-03", 4000, revision=1)
    )

    assert [one.status for one in told] == ["recorded", "recorded"]
    assert checking.run(program=program, verify=True).wrong == 0
    assert everywhere() == []


def test_an_event_of_somebody_gone_is_refused_and_others_are_not(program, anna):
    erase(anna)

    told = builders.record(
        program,
        builders.event("1", "review", "2026-05-02", MARKER),
        builders.event("2", "review", "2026-05-02", "bob"),
    )

    assert [(one.status, one.code) for one in told] == [("refused", "member_unknown"), ("recorded", "")]


def test_newcomers_cost_no_more_where_nobody_ever_left(program, django_assert_num_queries):
    builders.record(program, builders.order("1", "2026-05-02", 1000, member="zoe"))

    with django_assert_num_queries(2):
        builders.record(program, builders.order("2", "2026-05-02", 1000, member="bob"))


def test_a_mark_says_nothing_without_the_key(program, anna, settings):
    erase(anna)
    known = [("email", EMAIL)]

    assert erasure.marked(program=program, known=known) == set(known)
    assert erasure.marked(program=program, known=[("email", "bob@example.com")]) == set()
    settings.SECRET_KEY = "another"
    assert erasure.marked(program=program, known=known) == set()
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests"]
    assert erasure.marked(program=program, known=known) == set(known)


def test_another_program_does_not_know_of_it(program, anna):
    other = builders.open_program()
    erase(anna)

    assert builders.record(other, order("A", "2026-05-02", 6000))[0].awarded == {"points": 60}
    assert erasure.marked(program=other, known=[("email", EMAIL)]) == set()


def test_a_waiting_return_still_finds_its_order(program, anna):
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-6000", order="A", member=MARKER))
    erase(anna)
    with scope(program=program):
        assert WaitingFact.objects.get().payload["member"] is None

    told = builders.record(program, order("A", "2026-05-02", 6000))

    assert told[0].status == "recorded"
    with scope(program=program):
        assert not WaitingFact.objects.exists()
        assert Order.objects.get().returned_minor == 6000


def test_a_fact_of_the_person_still_has_effect_once(program, anna):
    item = order("A", "2026-01-10", 6000)
    builders.record(program, item)
    erase(anna, now=NOW + timedelta(days=1))

    told = builders.record(program, item)

    assert told[0].status == "repeated"
    with scope(program=program):
        assert Fact.objects.filter(kind="order").count() == 1


def test_the_log_says_whom_to_forget_again_after_a_restore(
    program, anna, caplog, django_capture_on_commit_callbacks
):
    with caplog.at_level("INFO", logger="members.erasure"), django_capture_on_commit_callbacks(execute=True):
        erasure.erase(member=anna, now=NOW)
    (line,) = [record for record in caplog.records if record.name == "members.erasure"]
    assert (line.program, line.holder) == (program.slug, anna.pk)
    assert MARKER not in str(line.__dict__)

    back = rejoin(program)
    out = StringIO()
    call_command("erase_members", program.slug, str(back.pk), "999999999", stdout=out)

    assert out.getvalue().strip() == "1 forgotten, 1 not here."
    assert everywhere() == []


def test_the_command_refuses_an_unknown_program(db):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("erase_members", "nowhere", "1")
