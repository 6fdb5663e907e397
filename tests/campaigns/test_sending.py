"""Sending: claimed once, handed over once, and what is not known is never blindly sent again (L4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django_scopes import scope

from campaigns.channels import providers
from campaigns.messages import links, outbox, outcomes, sending, timing
from campaigns.models import Message, Provider, Suppression, Touch
from members import consent
from members.models import Identity
from tests.campaigns import letters
from tests.campaigns.letters import NOON, ask
from tests.rewards import builders as b

SITE = "https://shop.example"


@pytest.fixture
def program(db, settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    made = b.open_program(time_zone="Europe/Berlin", languages=["en", "ar"])
    letters.behave(made, site=SITE, sender_address="hello@shop.example", postal_address="1 Quay")
    return made


@pytest.fixture
def hello(program):
    return letters.template(program)


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


@pytest.fixture
def server(program, sink):
    """The program's own mail server."""
    with scope(program=program):
        return Provider.objects.create(
            program=program, channel="email", kind="smtp", settings={"host": "localhost", "port": sink.port, "security": ""}
        )  # fmt: skip


def send(now=NOON):
    return sending.send(clock=lambda: now, seconds=60)


def states(program):
    return [(message.state, message.reason) for message in letters.messages(program)]


def test_a_mail_arrives_with_html_words_and_the_headers_of_rfc_8058(program, hello, anna, server, sink):
    ask(program, hello, anna)

    send()

    (mail,) = sink.mails
    (message,) = letters.messages(program)
    assert (mail["subject"], mail["to"]) == ("Hello Anna", "anna@example.com")
    assert "hello@shop.example" in mail["from"]
    assert mail["list-unsubscribe"].startswith(f"<{SITE}/m/u/")
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert "Hello Anna" in mail.get_body(["html"]).get_content()
    assert "Hello Anna" in mail.get_body(["plain"]).get_content()
    assert "<p" not in mail.get_body(["plain"]).get_content()
    assert (message.state, message.provider, message.sent_at) == ("sent", "smtp", NOON)


def test_what_is_needed_has_no_unsubscribe_and_is_not_watched(program, anna, server, sink):
    needed = letters.template(program, kind="transactional")
    ask(program, needed, anna)

    send()

    (mail,) = sink.mails
    assert mail["list-unsubscribe"] is None
    assert "/m/" not in mail.get_body(["html"]).get_content()


def test_each_member_is_written_to_in_the_own_language(program, anna, server, sink):
    both = {
        "email": {
            "en": {"subject": "Hello", "html": "<p>Hello</p>"},
            "ar": {"subject": "مرحبا", "html": "<p>مرحبا</p>"},
        }
    }
    ben = letters.join(program, "ben", language="ar")
    ask(program, letters.template(program, content=both), anna, ben)

    send()

    arabic = next(mail for mail in sink.mails if mail["to"] == "ben@example.com")
    assert sorted(sink.subjects) == ["Hello", "مرحبا"]
    assert 'dir="rtl"' in arabic.get_body(["html"]).get_content()


def test_without_a_provider_it_stays_in_the_outbox(program, hello, anna):
    ask(program, hello, anna)

    send()

    (message,) = letters.messages(program)
    assert (message.state, message.provider) == ("sent", "outbox")


def test_a_second_sender_finds_nothing_to_send(program, hello, anna, server, sink):
    ask(program, hello, anna)

    assert (send(), send()) == (1, 0)
    assert len(sink.mails) == 1


def test_consent_withdrawn_between_queue_and_send_stops_it(program, hello, anna, server, sink):
    ask(program, hello, anna)
    consent.withdraw(member=anna, channel="email", topic="offers", source="portal", now=NOON)

    send()

    assert states(program) == [("cancelled", "consent")]
    assert sink.mails == []
    assert [row.reason for row in letters.decisions(program)] == ["consent"]
    with scope(program=program):
        assert Touch.objects.get().n == 0


def test_an_exit_before_the_send_stops_it(program, hello, anna, server, sink):
    ask(program, hello, anna, enrolments=[5])
    (waiting,) = letters.messages(program)
    outbox.take_back(program=program, ids=[waiting.pk], reason="exit", now=NOON)

    send()

    assert sink.mails == []
    assert states(program) == [("cancelled", "exit")]


def test_what_is_too_late_is_not_sent(program, hello, anna, server, sink):
    ask(program, hello, anna)

    send(NOON + timedelta(hours=25))

    assert states(program) == [("cancelled", "late")]
    assert sink.mails == []


def test_an_address_that_does_not_exist_is_not_written_to_again(program, hello, anna, server, sink):
    sink.refuses["anna@example.com"] = "550 no such person"
    ask(program, hello, anna, enrolments=[1])
    send()

    counts = ask(program, hello, anna, enrolments=[2])

    assert counts == {"suppressed": 1}
    assert states(program) == [("bounced", "")]
    with scope(program=program):
        kept = Suppression.objects.get()
        assert b"anna" not in bytes(kept.mark)
        assert kept.identity_id == Identity.objects.get(member=anna).pk


def test_one_bad_address_does_not_hold_up_the_others(program, hello, anna, server, sink):
    others = [letters.join(program, name) for name in ("ben", "cora", "dora")]
    sink.refuses["ben@example.com"] = "550 no"
    ask(program, hello, anna, *others)

    send()

    assert [state for state, _ in states(program)] == ["sent", "bounced", "sent", "sent"]
    assert len(sink.mails) == 3


def test_a_line_cut_in_the_middle_leaves_marketing_unknown_and_it_is_not_sent_again(
    program, hello, anna, server, sink
):
    sink.cuts = True
    ask(program, hello, anna)
    send()
    sink.cuts = False

    send(NOON + timedelta(hours=1))

    assert len(sink.mails) == 1
    assert states(program) == [("unknown", "")]


def test_a_line_cut_in_the_middle_sends_what_is_needed_again_under_the_same_name(program, anna, server, sink):
    needed = letters.template(program, kind="transactional")
    sink.cuts = True
    ask(program, needed, anna)
    send()
    sink.cuts = False

    send(NOON + timedelta(minutes=10))

    first, second = sink.mails
    assert first["message-id"] == second["message-id"]
    assert states(program) == [("sent", "")]


def test_a_server_that_is_away_is_asked_again_later(program, hello, anna, server, sink):
    with scope(program=program):
        Provider.objects.update(settings={"host": "localhost", "port": 9, "security": ""})
    ask(program, hello, anna)
    send()

    (message,) = letters.messages(program)
    assert (message.state, message.trouble, message.not_before) == (
        "queued",
        "no_connection",
        NOON + timedelta(seconds=10),
    )


def test_a_sender_that_died_leaves_marketing_unknown_and_what_is_needed_due(
    program, hello, anna, server, sink
):
    needed = letters.template(program, kind="transactional")
    ask(program, hello, anna, enrolments=[1])
    ask(program, needed, anna, enrolments=[2])
    sending.claim(program=program, channel="email", now=NOON)

    send(NOON + timedelta(minutes=4))
    assert sink.mails == []
    send(NOON + timedelta(minutes=6))

    assert [state for state, _ in states(program)] == ["unknown", "sent"]


def test_staff_settle_what_nobody_knows(program, hello, anna, server, sink):
    ask(program, hello, anna)
    sending.claim(program=program, channel="email", now=NOON)
    later = NOON + timedelta(hours=1)
    outcomes.recover(now=later)
    (message,) = letters.messages(program)

    assert outcomes.settle(message=message, state="queued", by=b.staff(), now=later)
    assert not outcomes.settle(message=message, state="failed", by=b.staff(), now=later)
    send(later)

    assert states(program) == [("sent", "")]


def test_a_template_may_say_no(program, anna, server, sink):
    picky = {
        "email": {
            "en": {"subject": "Hi", "html": "{% if member.name == 'Anna' %}{{ abort('not her') }}{% endif %}"}
        }
    }
    ask(program, letters.template(program, content=picky), anna)

    send()

    assert states(program) == [("cancelled", "content")]
    assert sink.mails == []


def test_what_waited_into_another_day_takes_a_place_of_that_day(program, hello, anna, server, sink):
    letters.behave(
        program, site=SITE, late_hours=72, caps=[{"channel": "", "kind": "marketing", "days": 1, "most": 1}]
    )
    tomorrow = NOON + timedelta(days=1)
    ask(program, hello, anna, enrolments=[1])
    ask(program, hello, anna, enrolments=[2], now=tomorrow)

    send(tomorrow)

    assert len(sink.mails) == 1
    assert sorted(states(program)) == [("cancelled", "capped"), ("sent", "")]


def test_a_backlog_does_not_go_out_at_night(program, hello, anna, server, sink):
    letters.behave(program, site=SITE, quiet_from="21:00", quiet_until="08:00")
    ask(program, hello, anna)
    night = b.moment("2026-06-10T21:30")

    send(night)
    assert sink.mails == []
    send(b.moment("2026-06-11T06:00"))

    assert len(sink.mails) == 1


def test_of_a_backlog_at_night_nothing_goes_however_long_it_is(program, hello, server, sink, monkeypatch):
    letters.behave(program, site=SITE, quiet_from="21:00", quiet_until="08:00")
    monkeypatch.setattr(timing, "MOST", 2)
    ask(program, hello, *[letters.join(program, f"m{n}") for n in range(6)])
    night = b.moment("2026-06-10T21:30")

    sending.send_some(program=program, channel="email", clock=lambda: night, most=2)

    assert sink.mails == []
    assert states(program) == [("queued", "")] * 6


def test_a_provider_takes_no_more_a_second_than_it_may(program, hello, server, sink, monkeypatch):
    with scope(program=program):
        Provider.objects.update(per_second=2)
    room = iter([True, True, False])
    monkeypatch.setattr(
        sending.buckets, "take", lambda *_a, **_k: type("Taken", (), {"is_allowed": next(room, False)})
    )
    many = [letters.join(program, f"m{n}") for n in range(5)]
    ask(program, hello, *many)

    assert send() == 2
    assert len(sink.mails) == 2


def test_many_messages_cost_as_many_statements_as_few(
    program, hello, server, sink, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def statements(n: int) -> int:
        ask(program, hello, *[letters.join(program, f"m{n}-{each}") for each in range(n)])
        with CaptureQueriesContext(connection) as captured:
            send()
        return len(captured)

    assert statements(2) == statements(20)


def test_a_hand_grows_while_letters_go_quickly_and_shrinks_when_they_do_not():
    assert sending._size(100, 100, 0.1) == 200
    assert sending._size(800, 800, 0.1) == 800
    assert sending._size(100, 40, 0.01) == 100
    assert sending._size(400, 400, 0.7) == 400
    assert sending._size(400, 400, 3.0) == 200
    assert sending._size(15, 15, 60.0) == 10


def test_what_is_not_begun_in_time_goes_back(program, hello, anna, server, sink, monkeypatch):
    monkeypatch.setattr(sending, "HAND_SECONDS", -1.0)
    ask(program, hello, anna, letters.join(program, "ben"))

    send()

    assert sink.mails == []
    assert [(each.state, each.trouble) for each in letters.messages(program)] == [("queued", "slow")] * 2
    assert states(program) == [("queued", "")] * 2


@pytest.mark.parametrize("url", ["https://shop.example/", "https://shop.example/é?q=" + "long" * 60])
def test_links_are_signed_as_the_framework_signs_them(url):
    made = links.click("", 7, url).strip("/").rpartition("/")[2]
    stop = links.unsubscribe("", 7).strip("/").rpartition("/")[2]

    assert links.read_click(made) == (7, url)
    assert signing.loads(stop, salt=links.UNSUBSCRIBE, max_age=60) == 7
    assert links.read(stop, links.OPEN) is None
    assert links.read(stop[:-1] + ("a" if stop[-1] != "a" else "b"), links.UNSUBSCRIBE) is None
    assert len(made) <= len(signing.dumps([7, url], salt=links.CLICK)) + 1


def test_a_secret_is_sealed_and_shown_to_nobody(program, sink):
    staff = b.staff()
    made = providers.choose(
        program=program, channel="email", kind="smtp", settings={"host": "mail.example.com", "username": "u"},
        secret="hush", per_second=5, by=staff, now=NOON,
    )  # fmt: skip

    assert b"hush" not in bytes(made.sealed)
    assert providers.secret_of(made) == "hush"


def test_another_provider_does_not_inherit_the_secret(program):
    staff = b.staff()
    providers.choose(
        program=program, channel="sms", kind="twilio", settings={"account": "AC1", "from": "+1"}, secret="hush",
        per_second=0, by=staff, now=NOON,
    )  # fmt: skip
    made = providers.choose(
        program=program, channel="sms", kind="http", settings={"url": "https://sms.example.com/"}, secret="",
        per_second=0, by=staff, now=NOON,
    )  # fmt: skip

    assert providers.secret_of(made) == ""


def test_a_mail_server_inside_is_not_reached(program, settings):
    settings.WEBHOOK_NETWORKS = []
    with pytest.raises(providers.addresses.AddressRefused):
        providers.choose(
            program=program, channel="email", kind="smtp", settings={"host": "127.0.0.1"}, secret="", per_second=0,
            by=b.staff(), now=NOON,
        )  # fmt: skip


def test_forgotten_members_are_not_written_to(program, hello, anna, server, sink):
    from campaigns import erasure

    ask(program, hello, anna)
    with scope(program=program):
        erasure.forget(anna, NOON)

    send()

    assert sink.mails == []
    assert states(program) == [("cancelled", "inactive")]


def test_reports_of_a_provider_are_kept_once(program, hello, anna):
    ask(program, hello, anna)
    send()
    (message,) = letters.messages(program)

    for kind in ("delivered", "opened", "opened", "bounced"):
        outcomes.report(
            message=message, kind=kind, now=NOON + timedelta(minutes=1), address="anna@example.com"
        )

    with scope(program=program):
        fresh = Message.objects.get()
        assert (fresh.state, fresh.delivered_at, fresh.opened_at) == (
            "bounced",
            NOON + timedelta(minutes=1),
            NOON + timedelta(minutes=1),
        )
        assert Suppression.objects.count() == 1
