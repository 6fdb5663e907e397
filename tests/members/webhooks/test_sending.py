"""Webhooks arrive at least once, signed, under the same number at each try; and never in the own network."""

from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django_scopes import scope
from standardwebhooks.webhooks import Webhook as Checker
from standardwebhooks.webhooks import WebhookVerificationError

from members import followers
from members.models import Webhook, WebhookMessage
from members.webhooks import addresses, endpoints, payloads, requests, sending
from tests.members.teams import hire
from tests.members.webhooks.receiver import certificate, listening
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with listening() as found:
        yield found


@pytest.fixture
def program():
    return b.open_program()


def make(program, receiver, *topics, **facts):
    """A webhook to the receiver, and its secret."""
    values = {"name": "Shop", "url": receiver.url, "wanted": topics, "by": hire(program), "now": NOW} | facts
    return endpoints.create(program=program, **values)


def send(now=NOW):
    """Turn events into messages and send what is due."""
    followers.deliver(clock=lambda: now, seconds=60)
    return sending.send(clock=lambda: now, seconds=60)


def messages(program):
    with scope(program=program):
        return list(WebhookMessage.objects.order_by("pk"))


def answer_here(host, port, *facts, **more):
    """As DNS would, had the name this machine's address."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def order(program, number="A", at="2026-01-31"):
    return b.record(program, b.order(number, at, 1000), now=NOW)


def test_it_works(program, receiver):
    make(program, receiver, "orders")

    order(program)
    send()

    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert told["type"] == "order"
    assert told["timestamp"].startswith("2026-01-31")
    assert told["data"]["order"] == {"source": "shop", "external_id": "A"}
    assert told["data"]["member"] == b.find(program, "anna").number
    assert headers["content-type"] == "application/json"
    assert [each.state for each in messages(program)] == ["sent"]


def test_another_library_believes_the_signature_and_no_other_bytes(program, receiver, time_machine):
    _webhook, secret = make(program, receiver)
    order(program)
    time_machine.move_to(NOW)
    send()
    headers, body = receiver.got[0]

    assert Checker(secret).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Checker(secret).verify(body.replace(b"order", b"odder"), headers)


def test_both_secrets_sign_for_a_day(program, receiver, time_machine):
    webhook, old = make(program, receiver, "orders")
    new = endpoints.renew_secret(webhook=webhook, by=hire(program), now=NOW)
    order(program)
    time_machine.move_to(NOW)
    send()
    headers, body = receiver.got[0]
    assert Checker(old).verify(body, headers) == Checker(new).verify(body, headers)

    order(program, "B")
    later = NOW + timedelta(days=1)
    time_machine.move_to(later)
    send(later)
    headers, body = receiver.got[1]
    Checker(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Checker(old).verify(body, headers)


def test_topics_choose_and_none_means_all(program, receiver):
    make(program, receiver, "members")

    order(program)
    send()

    assert [each.kind for each in messages(program)] == ["member.joined"]


def test_what_is_long_past_is_not_told(program, receiver):
    make(program, receiver, "orders")

    order(program, at="2025-06-01")
    send()

    assert messages(program) == []


def test_another_program_hears_nothing(program, receiver):
    make(program, receiver)
    other = b.open_program()

    order(other)
    send()

    assert receiver.got == []
    assert messages(other) == []


@pytest.mark.parametrize("trouble", [500, "reset", (302, {"location": "http://127.0.0.1/"}), 429, 404])
def test_it_is_tried_again_under_the_same_number(program, receiver, trouble):
    make(program, receiver, "orders")
    receiver.answers.extend([trouble, trouble])
    order(program)

    send()
    send(NOW + timedelta(seconds=6))
    send(NOW + timedelta(seconds=60))

    assert len(receiver.got) == 3
    assert len(set(receiver.numbers)) == 1
    assert len({body for _headers, body in receiver.got}) == 1
    (message,) = messages(program)
    assert (message.state, message.tries) == ("sent", 3)


def test_not_before_its_time(program, receiver):
    make(program, receiver, "orders")
    receiver.answers.append(500)
    order(program)

    send()
    send(NOW + timedelta(seconds=4))

    assert len(receiver.got) == 1


def test_a_receiver_may_ask_for_patience(program, receiver):
    make(program, receiver, "orders")
    receiver.answers.append((503, {"retry-after": "3600"}))
    order(program)

    send()
    send(NOW + timedelta(minutes=59))
    send(NOW + timedelta(minutes=61))

    assert len(receiver.got) == 2


def test_after_three_days_it_is_given_up_and_can_be_sent_once_more(program, receiver):
    webhook, _secret = make(program, receiver, "orders")
    receiver.answers.extend([500] * 12)
    order(program)
    now = NOW
    for _ in range(14):
        send(now)
        now += timedelta(days=1)
        with scope(program=program):
            Webhook.objects.filter(pk=webhook.pk).update(failing_since=now)

    (message,) = messages(program)
    assert (message.state, message.status, len(receiver.got)) == ("failed", 500, 12)

    endpoints.send_again(webhook=webhook, message_id=message.pk, now=now)
    send(now)

    assert messages(program)[0].state == "sent"


def test_gone_means_paused(program, receiver):
    webhook, _secret = make(program, receiver, "orders")
    receiver.answers.append(410)
    order(program)
    order(program, "B")

    send()
    send(NOW + timedelta(hours=1))

    with scope(program=program):
        webhook.refresh_from_db()
    assert (webhook.state, webhook.stopped_for) == ("paused", "gone")
    assert len(receiver.got) <= 2


def test_silence_for_five_days_means_paused(program, receiver):
    webhook, _secret = make(program, receiver, "orders")
    receiver.answers.extend([500] * 500)
    order(program)
    now = NOW
    while now < NOW + timedelta(days=6):
        send(now)
        now += timedelta(hours=12)
        order(program, f"more-{now}", at=now.date().isoformat())

    with scope(program=program):
        webhook.refresh_from_db()
    assert (webhook.state, webhook.stopped_for) == ("paused", "silent")


def test_what_waits_while_paused_goes_out_afterwards(program, receiver):
    webhook, _secret = make(program, receiver, "orders")
    owner = hire(program)
    endpoints.pause(webhook=webhook, by=owner, now=NOW)
    order(program)
    send()
    assert receiver.got == []

    endpoints.resume(webhook=webhook, by=owner, now=NOW)
    send()

    assert len(receiver.got) == 1


def test_an_ended_one_is_told_nothing_and_nothing_is_noted(program, receiver):
    webhook, _secret = make(program, receiver)
    endpoints.end(webhook=webhook, by=hire(program), now=NOW)

    order(program)
    send()

    assert messages(program) == []
    assert not followers.is_followed(program)
    with pytest.raises(endpoints.WebhookEnded):
        endpoints.resume(webhook=webhook, by=hire(program), now=NOW)


def test_who_dies_while_sending_has_it_sent_again_by_the_next(program, receiver, monkeypatch):
    make(program, receiver, "orders")
    order(program)
    monkeypatch.setattr(sending, "_record", lambda *facts: None)
    send()
    monkeypatch.undo()

    send(NOW + timedelta(minutes=1))
    send(NOW + timedelta(minutes=3))

    assert len(receiver.got) == 2
    assert len(set(receiver.numbers)) == 1
    assert messages(program)[0].state == "sent"


def test_a_slow_receiver_does_not_hold_up_another(program, receiver, settings):
    with listening() as quick:
        make(program, receiver, "orders", name="slow")
        make(program, quick, "orders", name="quick")
        receiver.answers.extend([0.2] * 40)
        b.record(program, *[b.order(str(n), "2026-01-31", 1000) for n in range(12)])

        send()

        assert len(quick.got) == len(receiver.got) == 12


def test_an_answer_without_end_is_cut_off(program, receiver, monkeypatch):
    monkeypatch.setattr(requests, "WHOLE", 0.5)
    make(program, receiver, "orders")
    receiver.answers.append("drip")
    order(program)

    send()

    (message,) = messages(program)
    assert (message.state, message.status) == ("waiting", None)
    assert message.trouble


def test_a_fault_with_one_message_touches_no_other(program, receiver, monkeypatch):
    make(program, receiver, "orders")
    b.record(program, *[b.order(str(n), "2026-01-31", 1000) for n in range(3)], now=NOW)
    followers.deliver(clock=lambda: NOW, seconds=60)
    broken = messages(program)[1].pk
    body, record = payloads.body, sending._record
    monkeypatch.setattr(
        payloads, "body", lambda message, program: 1 / 0 if message.pk == broken else body(message, program)
    )
    monkeypatch.setattr(
        sending, "_record", lambda message, *more: 1 / 0 if message.pk == broken else record(message, *more)
    )

    send()

    assert [each.state for each in messages(program)] == ["sent", "waiting", "sent"]


def test_a_time_beyond_all_calendars_is_no_wish(program, receiver):
    make(program, receiver, "orders")
    receiver.answers.append((503, {"retry-after": "Mon, 01 Jan 99999999999 00:00:00 GMT"}))
    order(program)

    send()
    send(NOW + timedelta(seconds=6))

    assert messages(program)[0].state == "sent"


def test_the_certificate_must_be_that_of_the_name(program, settings, tmp_path, monkeypatch):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    context, authority = certificate(tmp_path, "shop.example.com")
    settings.WEBHOOK_CA_FILE = str(authority)
    monkeypatch.setattr(socket, "getaddrinfo", answer_here)

    with listening(context) as receiver:
        right = requests.post(requests.Call(f"https://shop.example.com:{receiver.port}/x", b"{}", {}))
        wrong = requests.post(requests.Call(f"https://other.example.com:{receiver.port}/x", b"{}", {}))

    assert (right.status, right.is_taken) == (200, True)
    assert (wrong.status, wrong.trouble) == (None, "tls")


def test_what_nobody_vouches_for_is_not_believed(program, settings, tmp_path, monkeypatch):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    context, _authority = certificate(tmp_path, "shop.example.com")
    monkeypatch.setattr(socket, "getaddrinfo", answer_here)

    with listening(context) as receiver:
        answer = requests.post(requests.Call(f"https://shop.example.com:{receiver.port}/x", b"{}", {}))

    assert answer.trouble == "tls"
    assert receiver.got == []


INSIDE = [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("literal", INSIDE)
def test_no_way_into_the_own_network(literal, monkeypatch):
    host = f"[{literal}]" if ":" in literal else literal
    family = socket.AF_INET6 if ":" in literal else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (literal, 443))]

    with pytest.raises(addresses.AddressRefused):
        addresses.parse(f"https://{host}/x")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *facts, **more: found)
    assert requests.post(requests.Call("https://shop.example.com/", b"", {})).trouble == "address_refused"


def test_one_address_inside_is_enough_to_refuse(monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.216.34", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *facts, **more: found)

    assert requests.post(requests.Call("https://shop.example.com/", b"", {})).trouble == "address_refused"


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
def test_odd_spellings_of_this_machine_are_found_out(host):
    answer = requests.post(requests.Call(f"https://{host}/", b"", {}))

    assert answer.trouble in {"address_refused", "host_unknown"}


@pytest.mark.parametrize(
    "url",
    [
        "", "shop.example.com", "ftp://shop.example.com", "https://", "http://shop.example.com/", "https://a b/",
        "https://user:word@shop.example.com/", "https://shop.example.com/#x", "https://shop.example.com:99999/",
        "https://" + "a" * 600, "javascript:alert(1)", "https://exa\nmple.com/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(program, url):
    with pytest.raises(addresses.AddressRefused) as refused:
        endpoints.create(program=program, name="Shop", url=url, wanted=(), by=hire(program), now=NOW)

    assert refused.value.field == "url"


def test_a_name_of_another_script_is_understood():
    assert addresses.parse("https://bücher.example/x?y=1").host == "xn--bcher-kva.example"
    assert addresses.parse("https://bücher.example/x?y=1").path == "/x?y=1"


def test_the_database_holds_no_secret(program, receiver):
    webhook, secret = make(program, receiver)

    with scope(program=program):
        row = Webhook.objects.values().get(pk=webhook.pk)

    assert secret not in str(row)
    assert secret.removeprefix("whsec_") not in str(row)
    assert configured.SECRET_KEY not in str(row)


def test_old_messages_are_forgotten(program, receiver):
    make(program, receiver)
    order(program)
    send()

    assert sending.forget(now=NOW + timedelta(days=29)) == 0
    assert sending.forget(now=NOW + timedelta(days=31)) == len(receiver.got)
    assert messages(program) == []
