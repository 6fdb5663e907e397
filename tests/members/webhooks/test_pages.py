"""Owners keep webhooks on the dashboard: the secret is seen once, each step is audited."""

from __future__ import annotations

import pytest
from django_scopes import scope

from members.models import AuditEntry, Webhook, WebhookMessage
from members.webhooks import endpoints, sending
from tests.members.teams import as_staff, hire, signed_in
from tests.members.webhooks.receiver import listening
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-02-01")


@pytest.fixture
def program():
    return b.open_program()


@pytest.fixture
def owner(program):
    return as_staff(program)


def page(program, rest=""):
    return f"/dashboard/{program.slug}/webhooks/{rest}"


def make(program, **facts):
    values = {
        "name": "Shop",
        "url": "https://shop.example.com/wafa",
        "wanted": ("orders",),
        "by": hire(program),
    } | facts
    return endpoints.create(program=program, now=NOW, **values)


def only(program):
    with scope(program=program):
        return Webhook.objects.get()


def actions(program):
    with scope(program=program):
        rows = AuditEntry.objects.filter(program=program, subject="webhook").order_by("pk")
        return list(rows.values_list("action", flat=True))


def test_it_works(program, owner):
    facts = {"name": "Shop", "url": "https://shop.example.com/wafa", "topics": ["orders", "points"]}

    answer = owner.post(page(program, "new/"), facts)

    text = answer.content.decode()
    secret = text.split('value="whsec_')[1].split('"')[0]
    assert "no-store" in answer["Cache-Control"]
    made = only(program)
    assert (made.name, made.url, made.topics) == (
        "Shop",
        "https://shop.example.com/wafa",
        ["orders", "points"],
    )
    for place in ("", f"{made.pk}/", f"{made.pk}/edit/"):
        shown = owner.get(page(program, place)).content.decode()
        assert "Shop" in shown
        assert secret not in shown
    assert actions(program) == ["webhook.create"]


def test_an_address_that_cannot_be_is_refused_at_its_field(program, owner):
    facts = {"name": "Shop", "url": "https://10.0.0.1/x", "topics": []}

    answer = owner.post(page(program, "new/"), facts)

    assert answer.status_code == 422
    assert "This address lies in a network that is not public." in answer.content.decode()
    with scope(program=program):
        assert not Webhook.objects.exists()


def test_it_can_be_changed_paused_resumed_given_a_secret_and_ended(program, owner):
    webhook, secret = make(program)

    owner.post(
        page(program, f"{webhook.pk}/edit/"), {"name": "Till", "url": "https://shop.example.com/other"}
    )
    assert (only(program).name, only(program).url, only(program).topics) == (
        "Till",
        "https://shop.example.com/other",
        [],
    )
    owner.post(page(program, f"{webhook.pk}/pause/"))
    assert only(program).state == "paused"
    owner.post(page(program, f"{webhook.pk}/resume/"))
    assert only(program).state == "live"
    shown = owner.post(page(program, f"{webhook.pk}/secret/")).content.decode()
    assert 'value="whsec_' in shown
    assert secret not in shown
    owner.post(page(program, f"{webhook.pk}/end/"))
    assert only(program).state == "ended"

    assert actions(program) == [
        "webhook.create", "webhook.change", "webhook.pause", "webhook.resume", "webhook.secret", "webhook.end",
    ]  # fmt: skip
    again = owner.post(page(program, f"{webhook.pk}/resume/"), follow=True).content.decode()
    assert "This webhook has ended. Make a new one." in again
    assert owner.post(page(program, f"{webhook.pk}/nonsense/")).status_code == 404


def test_the_audit_names_the_host_and_never_the_path(program, owner):
    webhook, _secret = make(program, url="https://shop.example.com/topsecret")

    owner.post(
        page(program, f"{webhook.pk}/edit/"), {"name": "Shop", "url": "https://shop.example.com/other"}
    )

    with scope(program=program):
        entries = list(
            AuditEntry.objects.filter(subject="webhook").order_by("pk").values_list("before", "after")
        )
    assert "shop.example.com" in str(entries[0])
    assert "topsecret" not in str(entries)
    assert entries[1] != ({}, {})


def test_a_test_is_sent_and_its_answer_shown(program, owner, settings):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with listening() as receiver:
        webhook, _secret = make(program, url=receiver.url)
        receiver.answers.append(500)

        owner.post(page(program, f"{webhook.pk}/test/"))
        sending.send(clock=_now, seconds=60)

        shown = owner.get(page(program, f"{webhook.pk}/")).content.decode()
    assert "webhook.test" in shown
    assert ">500<" in shown
    assert "Nothing arrives" in shown


def _now():
    from loyaltysite.kit import clock

    return clock.now()


def test_a_message_is_sent_once_more_only_for_ones_own(program, owner):
    webhook, _secret = make(program)
    other = b.open_program()
    theirs, _secret = make(other)
    with scope(program=other):
        foreign = endpoints.test(webhook=theirs, now=NOW)
        WebhookMessage.objects.filter(pk=foreign.pk).update(state="failed", due_at=None)
    with scope(program=program):
        mine = endpoints.test(webhook=webhook, now=NOW)
        WebhookMessage.objects.filter(pk=mine.pk).update(state="failed", due_at=None)

    assert owner.post(page(program, f"{webhook.pk}/messages/{foreign.pk}/")).status_code == 404
    owner.post(page(program, f"{webhook.pk}/messages/{mine.pk}/"))

    with scope(program=program):
        assert WebhookMessage.objects.get(pk=mine.pk).state == "waiting"
    with scope(program=other):
        assert WebhookMessage.objects.get(pk=foreign.pk).state == "failed"


def test_there_is_an_end_to_how_many(program, owner):
    by = hire(program)
    for number in range(endpoints.MOST):
        make(program, name=f"Shop {number}", by=by)

    answer = owner.post(page(program, "new/"), {"name": "One more", "url": "https://shop.example.com/"})

    assert answer.status_code == 422
    assert "at most 20 webhooks" in answer.content.decode()


def test_the_operators_page_shows_no_secret(program):
    webhook, _secret = make(program)
    operator = hire(program, is_staff=True, is_superuser=True)

    answer = signed_in(operator).get(f"/admin/members/webhook/{webhook.pk}/change/")

    assert answer.status_code == 200
    assert "sealed" not in answer.content.decode()
