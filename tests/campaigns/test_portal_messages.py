"""On the portal: what stands on the home page, and why something came or did not."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_scopes import scope

from campaigns.channels import providers
from campaigns.messages import sending
from campaigns.models import Message, PushDevice, Whereabouts
from loyaltysite.kit import clock
from tests.campaigns import letters
from tests.rewards import builders as b
from tests.rewards.test_portal_rewards import enter as come_in


@pytest.fixture
def program(db):
    made = b.open_program()
    letters.behave(made)
    return made


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


def enter(program, name):
    return come_in(program, f"{name}@example.com")


def banner(**changes):
    said = {
        "place": "banner",
        "title": "Rain",
        "text": "<b>Tea</b> for {{ member.name }}",
        "button": "See",
        "link": "/p/",
    }
    return {"inapp": {"en": said | changes}}


def show(program, member, **changes):
    template = letters.template(program, content=banner(**changes))
    message = letters.say(program, member, template=template.pk, channel="inapp", now=clock.now())
    sending.send(clock=clock.now, seconds=60)
    return message


def fresh(program):
    with scope(program=program):
        return Message.objects.get()


def home(program):
    return reverse("portal:home", args=[program.slug])


def test_a_banner_stands_on_the_home_page_and_is_delivered(program, anna):
    show(program, anna)

    page = enter(program, "anna").get(home(program)).content.decode()

    assert "&lt;b&gt;Tea&lt;/b&gt; for Anna" in page
    assert fresh(program).state == "delivered"


def test_what_is_put_away_does_not_come_back(program, anna):
    message = show(program, anna)
    client = enter(program, "anna")

    client.post(reverse("portal:placement_close", args=[program.slug, message.pk]))

    assert "Tea" not in client.get(home(program)).content.decode()
    assert fresh(program).closed_at is not None


def test_the_button_leads_on_and_counts(program, anna):
    message = show(program, anna)

    response = enter(program, "anna").get(reverse("portal:placement_go", args=[program.slug, message.pk]))

    assert response.headers["Location"] == "/p/"
    assert fresh(program).clicked_at is not None


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "http://plain.example"])
def test_the_button_leads_to_no_strange_place(program, anna, link):
    message = show(program, anna, link=link)

    response = enter(program, "anna").get(reverse("portal:placement_go", args=[program.slug, message.pk]))

    assert response.status_code == 404


def test_another_member_s_message_does_not_exist(program, anna):
    letters.join(program, "ben")
    message = show(program, anna)
    ben = enter(program, "ben")

    for name in ("placement_close", "placement_go"):
        path = reverse(f"portal:{name}", args=[program.slug, message.pk])
        assert (ben.post(path) if name == "placement_close" else ben.get(path)).status_code == 404
    assert fresh(program).closed_at is None


def test_the_member_reads_why_something_did_not_come(program):
    ben = letters.join(program, "ben", agrees=())
    letters.say(program, ben, template=letters.template(program).pk)

    page = enter(program, "ben").get(reverse("portal:messages", args=[program.slug])).content.decode()

    assert "has not agreed to this topic" in page


def test_a_member_says_by_which_clock_to_be_quiet(program, anna):
    client = enter(program, "anna")
    path = reverse("portal:messages", args=[program.slug])

    client.post(path, {"zone": "Asia/Tehran"})
    refused = client.post(path, {"zone": "Mars/Base"})

    with scope(program=program):
        assert Whereabouts.objects.get().time_zone == "Asia/Tehran"
    assert refused.status_code == 404
    client.post(path, {"zone": ""})
    with scope(program=program):
        assert not Whereabouts.objects.exists()


# --- notices on a browser ---------------------------------------------------------------------------------------------

POINT, SECRET = "B" + "A" * 86, "A" * 22


@pytest.fixture
def notices(program):
    """The program sends notices."""
    return providers.choose(
        program=program, channel="push", kind="webpush", settings={}, secret="", per_second=0, by=b.staff(), now=clock.now()
    )  # fmt: skip


def allow(client, program, **changes):
    told = {"endpoint": "https://push.example/1", "p256dh": POINT, "auth": SECRET} | changes
    return client.post(reverse("portal:device_allow", args=[program.slug]), told)


def test_a_browser_is_allowed_and_taken_back(program, anna, notices):
    client = enter(program, "anna")

    page = client.get(reverse("portal:messages", args=[program.slug])).content.decode()
    allow(client, program)
    allow(client, program)

    assert notices.settings["public"] in page
    with scope(program=program):
        assert PushDevice.objects.get().member_id == anna.pk
    client.post(reverse("portal:device_refuse", args=[program.slug]))
    with scope(program=program):
        assert not PushDevice.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example/"},
        {"endpoint": "https://127.0.0.1/"},
        {"p256dh": "AA"},
        {"auth": "?"},
    ],
    ids=["plain", "inside", "point", "secret"],
)
def test_what_is_no_browser_is_not_kept(program, anna, notices, wrong):
    allow(enter(program, "anna"), program, **wrong)

    with scope(program=program):
        assert not PushDevice.objects.exists()


def test_the_oldest_browser_makes_room(program, anna, notices):
    client = enter(program, "anna")

    for n in range(12):
        allow(client, program, endpoint=f"https://push.example/{n}")

    with scope(program=program):
        assert PushDevice.objects.count() == 10
        assert not PushDevice.objects.filter(endpoint="https://push.example/0").exists()


def test_the_worker_stands_below_the_portal(client, program):
    response = client.get(f"/p/{program.slug}/push-worker.js")

    assert response.headers["content-type"].startswith("text/javascript")
    assert "showNotification" in response.content.decode()
