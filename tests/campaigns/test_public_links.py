"""What mails and providers call: a token serves one purpose, GET changes nothing, one click is enough (RFC 8058)."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from campaigns.channels import providers
from campaigns.messages import links, sending
from campaigns.models import Message, Provider, Suppression
from members import consent
from members.models import Event
from tests.campaigns import letters
from tests.campaigns.letters import NOON
from tests.rewards import builders as b

SITE = "https://shop.example"


@pytest.fixture
def program(db, settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    made = b.open_program()
    letters.behave(made, site=SITE)
    return made


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


@pytest.fixture
def message(program, anna):
    content = {
        "email": {
            "en": {"subject": "Hi", "html": '<p><a href="https://shop.example/sale?a=1&amp;b=2">Sale</a></p>'}
        }
    }
    return letters.say(program, anna, template=letters.template(program, content=content).pk)


@pytest.fixture
def mail(program, message, sink):
    """The message as it arrived."""
    with scope(program=program):
        Provider.objects.create(
            program=program, channel="email", kind="smtp", settings={"host": "localhost", "port": sink.port, "security": "-"}
        )  # fmt: skip
    sending.send(clock=lambda: NOON, seconds=60)
    return sink.mails[0]


def stranger():
    return Client(enforce_csrf_checks=True)


def path_of(url):
    assert url.startswith(SITE)
    return url.removeprefix(SITE)


def agrees(member):
    return consent.has_consent(member=member, channel="email", topic="offers")


def fresh(program):
    with scope(program=program):
        return Message.objects.get()


def test_one_click_takes_the_consent_back_without_a_redirect(mail, anna):
    path = path_of(mail["list-unsubscribe"].strip("<>"))

    response = stranger().post(path, {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert not agrees(anna)


def test_following_the_link_changes_nothing(mail, anna):
    path = path_of(mail["list-unsubscribe"].strip("<>"))

    response = stranger().get(path)

    assert response.status_code == 200
    assert agrees(anna)


def test_a_token_serves_one_purpose_and_cannot_be_made_up(message, anna):
    opening = links.opening("", message.pk).rpartition("/")[2].removesuffix(".gif")

    for token in (opening, "x", links.unsubscribe("", message.pk).strip("/").rpartition("/")[2] + "x"):
        assert stranger().post(reverse("campaigns:unsubscribe", args=[token])).status_code == 404
    assert agrees(anna)


def test_a_link_leads_through_ours_and_counts_once(mail, program):
    html = mail.get_body(["html"]).get_content()
    url = re.search(r'href="(https://shop\.example/m/c/[^"]+)"', html)[1]

    first = stranger().get(path_of(url))
    stranger().get(path_of(url))

    assert first.headers["Location"] == "https://shop.example/sale?a=1&b=2"
    assert fresh(program).clicked_at is not None
    with scope(program=program):
        assert Event.objects.filter(kind="message.clicked").count() == 1


def test_a_link_that_we_did_not_sign_leads_nowhere(db):
    assert stranger().get(reverse("campaigns:click", args=["https:evil"])).status_code == 404


def test_the_words_without_html_hold_plain_links(mail):
    assert "/m/c/" not in mail.get_body(["plain"]).get_content()


def test_an_opening_counts_only_while_the_member_agrees(mail, program, anna, message):
    html = mail.get_body(["html"]).get_content()
    path = path_of(re.search(r'src="([^"]+\.gif)"', html)[1])
    consent.withdraw(member=anna, channel="email", topic="offers", source="test", now=NOON)

    response = stranger().get(path)

    assert response["content-type"] == "image/gif"
    assert fresh(program).opened_at is None


def test_an_opening_counts(mail, program):
    html = mail.get_body(["html"]).get_content()

    stranger().get(path_of(re.search(r'src="([^"]+\.gif)"', html)[1]))

    assert fresh(program).opened_at is not None


def report(program, told, *, settings, kind="anymail", token=None):
    with scope(program=program):
        provider = Provider.objects.create(program=program, channel="email", kind=kind, settings=settings)
        Message.objects.update(provider_id="abc", state="sent")
    path = reverse("campaigns:hook", args=[provider.pk, token or providers.hook_token(provider)])
    return stranger().post(path, json.dumps(told), content_type="application/json")


def test_a_provider_reports_a_delivery(program, message):
    told = {
        "RecordType": "Delivery",
        "MessageID": "abc",
        "Recipient": "anna@example.com",
        "DeliveredAt": "2026-06-10T12:01:00Z",
    }

    assert report(program, told, settings={"esp": "postmark"}).status_code == 200
    assert fresh(program).state == "delivered"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("HardBounce", "bounce"), ("SpamComplaint", "complaint")],
    ids=["bounce", "complaint"],
)
def test_a_bounce_and_a_complaint_stop_the_address(program, message, anna, kind, reason):
    told = {"RecordType": "SpamComplaint" if reason == "complaint" else "Bounce", "Type": kind, "MessageID": "abc",
            "Email": "anna@example.com", "BouncedAt": "2026-06-10T12:01:00Z", "ID": 1}  # fmt: skip

    report(program, told, settings={"esp": "postmark"})

    with scope(program=program):
        assert Suppression.objects.get().reason == reason
    assert letters.ask(program, letters.template(program), anna) == {"suppressed": 1}


def test_nobody_else_reports(program, message):
    told = {"RecordType": "Delivery", "MessageID": "abc"}

    assert report(program, told, settings={"esp": "postmark"}, token="wrong").status_code == 404
    assert fresh(program).state == "sent"


def test_what_is_no_report_is_refused(program, message):
    assert report(program, ["?"], settings={}, kind="http").status_code == 400


def test_another_program_s_provider_cannot_touch_this_message(program, message):
    other = b.open_program()
    with scope(program=program):
        Message.objects.update(provider_id="abc", state="sent")
    told = {"status": "bounced", "id": "abc"}

    assert report(other, told, settings={}, kind="http").status_code == 200
    assert fresh(program).state == "sent"
