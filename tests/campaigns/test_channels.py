"""Ways out by HTTP: what is sent, and what each answer means."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from standardwebhooks import Webhook

from campaigns.channels import calls, providers
from campaigns.channels.letter import Letter
from members.webhooks import payloads


class Provider:
    """A real HTTP server that keeps what it gets and answers what it is told."""

    def __init__(self) -> None:
        self.status, self.answer = 200, {}
        self.got: list[tuple[str, dict, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, dict(self.headers.items()), body))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(json.dumps(outer.answer).encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def provider(settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


def letter(to="+49301234567", **fields):
    return Letter(7, "1:s1:0:sms", to, {"text": "Hi Anna"} | fields)


def send(way, one):
    ((_letter, outcome),) = list(way.send([one]))
    return outcome


def lowered(headers):
    return {name.lower(): value for name, value in headers.items()}


def test_any_provider_of_text_messages_gets_the_key_to_tell_repeats_by(provider):
    outcome = send(calls.http({"url": f"{provider.url}/sms", "from": "Shop"}, "hush"), letter())

    ((path, headers, body),) = provider.got
    told = lowered(headers)
    assert (path, outcome.fate) == ("/sms", "sent")
    assert json.loads(body) == {"to": "+49301234567", "text": "Hi Anna", "from": "Shop", "key": "1:s1:0:sms"}
    assert (told["authorization"], told["idempotency-key"]) == ("Bearer hush", "1:s1:0:sms")


@pytest.mark.parametrize(
    ("status", "fate"),
    [(200, "sent"), (202, "sent"), (400, "failed"), (410, "bounced"), (429, "retry"), (500, "unknown")],
)
def test_what_an_answer_means(provider, status, fate):
    provider.status = status

    assert send(calls.http({"url": provider.url}, ""), letter()).fate == fate


def test_who_is_not_there_surely_got_nothing_or_is_not_known(settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]

    assert send(calls.http({"url": "http://127.0.0.1:9/"}, ""), letter()).fate in {"retry", "unknown"}


def test_a_provider_inside_is_not_reached(settings):
    settings.WEBHOOK_NETWORKS = []

    assert send(calls.http({"url": "https://127.0.0.1/"}, ""), letter()).fate == "failed"


def test_twilio_gets_a_form_and_gives_the_message_a_name(provider, settings):
    settings.TWILIO_API = provider.url
    provider.status, provider.answer = 201, {"sid": "SM123"}

    outcome = send(calls.twilio({"account": "AC1", "from": "+1555"}, "token"), letter())

    ((path, headers, body),) = provider.got
    assert path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert parse_qs(body.decode()) == {"To": ["+49301234567"], "Body": ["Hi Anna"], "From": ["+1555"]}
    assert lowered(headers)["authorization"].startswith("Basic ")
    assert (outcome.fate, outcome.provider_id) == ("sent", "SM123")


@pytest.mark.parametrize(("code", "fate"), [(21211, "bounced"), (21610, "bounced"), (21606, "failed")])
def test_twilio_says_why_not(provider, settings, code, fate):
    settings.TWILIO_API = provider.url
    provider.status, provider.answer = 400, {"code": code}

    assert send(calls.twilio({"account": "AC1", "from": "+1555"}, "t"), letter()).fate == fate


def browser(url):
    """A browser's own keys, and what it tells us of them."""
    import base64

    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    secret = b"0123456789abcdef"
    told = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in (point, secret)]
    return key, secret, {"endpoint": url, "keys": {"p256dh": told[0], "auth": told[1]}}


def test_a_notice_reaches_the_browser_that_can_read_it(provider):
    private, public = providers.draw_push_key()
    key, secret, device = browser(f"{provider.url}/push/1")
    way = calls.webpush({"public": public, "contact": "a@shop.example"}, private)

    outcome = send(way, letter(to=json.dumps([device]), title="Hello"))

    ((path, headers, body),) = provider.got
    notice = json.loads(http_ece.decrypt(body, private_key=key, auth_secret=secret, version="aes128gcm"))
    told = lowered(headers)
    assert (path, outcome.fate) == ("/push/1", "sent")
    assert notice == {"title": "Hello", "text": "Hi Anna", "link": "", "id": 7}
    assert told["content-encoding"] == "aes128gcm"
    assert f"k={public}" in told["authorization"]


def test_a_browser_that_is_gone_came_back(provider):
    private, public = providers.draw_push_key()
    _key, _secret, device = browser(provider.url)
    provider.status = 410

    assert (
        send(calls.webpush({"public": public}, private), letter(to=json.dumps([device]), title="x")).fate
        == "bounced"
    )


def test_a_webhook_is_signed_as_standard_webhooks_has_it(provider):
    secret = payloads.draw()

    outcome = send(calls.webhook({"url": provider.url}, secret), letter(to="100000000000"))

    ((_path, headers, body),) = provider.got
    told = Webhook(secret).verify(body, lowered(headers))
    assert (outcome.fate, told["data"]) == (
        "sent",
        {"key": "1:s1:0:sms", "member": "100000000000", "text": "Hi Anna"},
    )
