"""Erasure: the person is gone wherever one can look, the books stay as they were, and nobody comes back unasked."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, TestCase
from django_scopes import scope

from members import accounts, consent, erasure, identities, people, proofs
from members.models import (
    AuditEntry,
    Erasure,
    ErasureMark,
    Event,
    Fact,
    Holder,
    Identity,
    Member,
    Merge,
    Note,
    Order,
    Preference,
    User,
    WaitingFact,
)
from members.portal import codes
from members.portal import people as portal_people
from rewards import checking, ledger, redemptions
from rewards.imports import jobs
from rewards.intake.items import Who
from rewards.models import Entry, PendingAdjustment, Redemption, Reward, Unit, Wallet
from rewards.redemptions import tickets
from rewards.redemptions.refusals import CodeInvalid
from tests.members import teams
from tests.rewards import builders
from tests.rewards.catalogue import put_up

# A word that appears nowhere else; every place that may hold a person's data gets it.
MARKER = "xylophagous"
EMAIL = f"{MARKER}@example.com"
NOW = builders.moment("2026-05-01")
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


@pytest.fixture
def program(db):
    return builders.open_program(
        rules={"base": builders.BASE["base"], "welcome": {"amount": {"kind": "fixed", "points": "100"}, "frequency": {"once": True}}}
    )  # fmt: skip


@pytest.fixture
def anna(program):
    return builders.join(program, MARKER, name=f"Anna {MARKER}")


def order(number, at, *lines, **others):
    return builders.order(number, at, *lines, member=MARKER, **others)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


def erase(member, now=NOW, by=None):
    with TestCase.captureOnCommitCallbacks(execute=True):
        erasure.erase(member=member, now=now, by=by)


def everywhere() -> list[str]:
    """Every table and column of the database that holds the marker as text, in JSON, in an array or in bytes, and every
    file that is kept."""
    found = [f"files.{path.name}" for path in in_files()]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name, data_type = 'bytea' FROM information_schema.columns
               WHERE table_schema = 'public' AND (data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY',
                   'bytea') OR data_type = 'USER-DEFINED')"""
        )
        for table, column, is_bytes in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if is_bytes else f'"{column}"::text'
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {text} ILIKE %s', [f"%{MARKER}%"])
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return sorted(found)


def in_files() -> list[Path]:
    kept = [path for path in Path(settings.IMPORT_DIR).rglob("*") if path.is_file()]
    packed = (path for path in kept if path.read_bytes()[:2] == b"\x1f\x8b")
    texts = {path: gzip.decompress(path.read_bytes()) for path in packed}
    return [path for path in kept if MARKER.encode() in texts.get(path, path.read_bytes()).lower()]


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


def sign_in(user):
    """A session as a browser gets one, which allauth keeps a list of."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    UserSession.objects.get_or_create(
        session_key=client.session.session_key, defaults={"user": user, "ip": "127.0.0.1", "user_agent": "x"}
    )


def test_the_person_is_gone_wherever_one_can_look(program, anna):
    user = fill(program, anna)
    before = everywhere()

    erase(anna)

    # The search itself must be able to see: these are the places that the product writes to.
    assert len([place for place in before if place.startswith("files.")]) == 2
    assert {
        "account_emailaddress.email",
        "django_admin_log.object_repr",
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


def rejoin(program):
    return people.join(program=program, name="Anna", contacts=[("email", EMAIL)], source="portal", now=NOW)


def test_who_comes_back_by_own_will_is_a_new_member(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)

    back = rejoin(program)
    told = builders.record(program, order("C", "2026-05-02", 5000))

    assert back.pk != anna.pk
    assert told[0].member_id == back.pk
    assert builders.balance(program, MARKER).active == 50


def test_there_is_no_second_welcome(program, anna):
    first = builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)
    rejoin(program)

    second = builders.record(program, order("C", "2026-05-02", 6000))

    assert (first[0].awarded, second[0].awarded) == ({"points": 160}, {"points": 60})


def test_what_was_owed_is_owed_again(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    builders.spend(program, 160, "2026-01-11", member=MARKER)
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-6000", order="A"))
    owed = builders.balance(program, MARKER).arrears
    erase(anna)

    rejoin(program)

    assert owed > 0
    assert builders.balance(program, MARKER) == builders.Balance(arrears=owed)
    assert checking.run(program=program, verify=True).wrong == 0


def leave_in_debt(program, anna, phone="+447700900123"):
    """Anna owes 60 points, has had her welcome, and is gone."""
    with scope(program=program):
        identities.add(member=anna, kind="phone", value=phone)
    builders.record(program, order("A", "2026-01-10", 6000), order("B", "2026-01-10", 6000))
    builders.spend(program, 220, "2026-01-11", member=MARKER)
    builders.record(program, builders.bring_back("R", "2026-01-12", "sku-6000", order="B"))
    owed = builders.balance(program, MARKER).arrears
    assert owed == 60
    erase(anna)
    return owed


def join_by_phone(program, phone="+447700900123"):
    """As anybody may, with any number."""
    attempt = codes.begin(program=program, email="", phone=phone, person="Zoe", language="en", purpose="join")
    assert portal_people.enroll_by_phone(program=program, attempt=attempt, now=NOW)
    with scope(program=program):
        return Identity.objects.select_related("member__program").get(value=phone)


def arrears_of(member):
    with scope(program=member.program):
        return sum(Wallet.objects.filter(holder_id=member.pk).values_list("arrears", flat=True))


def test_a_stranger_with_the_phone_frees_nobody_of_what_they_owe(program, anna):
    owed = leave_in_debt(program, anna)

    stranger = join_by_phone(program).member
    back = rejoin(program)

    assert arrears_of(back) == owed
    # And nobody sheds it by joining without a proof.
    assert arrears_of(stranger) == owed
    assert builders.record(program, order("C", "2026-05-02", 6000))[0].awarded == {"points": 60}


def test_joining_by_an_unproven_phone_gives_no_second_welcome(program, anna):
    leave_in_debt(program, anna)
    join_by_phone(program)

    told = builders.record(
        program, builders.order("C", "2026-05-02", 6000, member=Who("phone", "+447700900123"))
    )

    assert told[0].awarded == {"points": 60}


def test_who_proves_the_phone_owes_it_once(program, anna):
    owed = leave_in_debt(program, anna)
    claim = join_by_phone(program)

    proofs.accept(claim=claim, source="till", now=NOW)

    assert arrears_of(claim.member) == owed
    with scope(program=program):
        assert Erasure.objects.get().burden == {}
    assert arrears_of(rejoin(program)) == 0


def test_who_left_twice_under_different_contacts_takes_up_both(program, anna):
    owed = leave_in_debt(program, anna)
    other = people.join(program=program, name="A", contacts=[("card", "77")], source="till", now=NOW)
    ledger.owe(program=program, member=other, unit="points", amount=7, key="x", now=NOW)
    builders.record(program, builders.order("D", "2026-04-01", 100, member=Who("card", "77")))
    more = arrears_of(other)
    erase(other)

    back = people.join(
        program=program, name="Anna", contacts=[("email", EMAIL), ("card", "77")], source="till", now=NOW
    )

    assert arrears_of(back) == owed + more
    assert checking.run(program=program, verify=True).wrong == 0


def test_leaving_and_coming_back_twice_changes_nothing_of_that(program, anna):
    builders.record(program, order("A", "2026-01-10", 6000))
    erase(anna)
    erase(rejoin(program))
    rejoin(program)

    assert builders.record(program, order("C", "2026-05-02", 6000))[0].awarded == {"points": 60}
    with scope(program=program):
        assert ErasureMark.objects.count() == 1
        assert [one.burden for one in Erasure.objects.order_by("pk")] == [{}, {}]


def test_a_repeat_changes_nothing(program, anna):
    erase(anna)
    with scope(program=program):
        before = Event.objects.count(), Member.objects.get(pk=anna.pk).number

    erase(anna)

    with scope(program=program):
        assert (Event.objects.count(), Member.objects.get(pk=anna.pk).number) == before


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


def test_a_user_who_is_needed_elsewhere_stays(program, anna):
    other = builders.open_program()
    twin = builders.join(other, MARKER)
    portal_people.prove(program=program, email=EMAIL, now=NOW)
    user = portal_people.prove(program=other, email=EMAIL, now=NOW)

    erase(anna)
    assert User.objects.filter(pk=user.pk).exists()
    assert EmailAddress.objects.filter(user=user).exists()

    erase(twin)
    assert not User.objects.filter(pk=user.pk).exists()


def test_staff_keep_their_sign_in(program, anna):
    user = teams.hire(program)
    User.objects.filter(pk=user.pk).update(email=EMAIL)

    erase(anna)

    assert User.objects.filter(pk=user.pk, email=EMAIL).exists()


def test_former_staff_stay_in_the_audit_without_a_name(program, anna):
    user = User.objects.create_user(EMAIL, name=MARKER)
    people.block(member=builders.join(program, "bob"), reason="abuse", by=user, now=NOW)

    erase(anna)

    assert everywhere() == []
    with scope(program=program):
        assert AuditEntry.objects.get().actor_id == user.pk
    assert not User.objects.get(pk=user.pk).is_active


def test_staff_who_erase_are_audited_by_the_new_number(program, anna):
    staff = teams.hire(program)

    erase(anna, by=staff)

    with scope(program=program):
        entry = AuditEntry.objects.get(action="member.erase")
        assert (entry.actor, entry.subject_id) == (staff, Member.objects.get(pk=anna.pk).number)


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


def test_sessions_of_others_go_on(program, anna):
    other = User.objects.create_user("bob@example.com")
    for user in (other, portal_people.prove(program=program, email=EMAIL, now=NOW)):
        sign_in(user)

    erase(anna)

    assert [s.get_decoded()["_auth_user_id"] for s in Session.objects.all()] == [str(other.pk)]
    assert accounts.end_sessions(user=other) == 1


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


def test_what_is_reserved_is_given_back_and_codes_are_dead(program, anna):
    builders.record(program, order("A", "2026-01-10", 60_00))
    put_up(program, "mug", price={"points": 40}, stock=3)
    put_up(program, "film", price={"points": 30}, handover="code")
    held, issued = (
        redemptions.reserve(program=program, member=anna, reward=key, key=key, now=NOW)
        for key in ("mug", "film")
    )
    with scope(program=program):
        seq = Holder.objects.get(pk=anna.pk).seq

    erase(anna)

    with scope(program=program):
        assert Redemption.objects.get(pk=held.pk).state == "released"
        assert Reward.objects.get(key="mug").taken == 0
        assert Wallet.objects.get(holder_id=anna.pk).active == 130
        # One for the release, one for being forgotten.
        assert Holder.objects.get(pk=anna.pk).seq == seq + 2
    for one in (held, issued):
        code = tickets.unseal(program_id=program.pk, sealed=bytes(one.code_sealed))
        with pytest.raises(CodeInvalid):
            redemptions.use(program=program, code=code, now=NOW)
    assert checking.run(program=program, verify=True).wrong == 0
