"""Messages in a real browser: a template is written, seen, published, and a member's page says what came and what did
not; axe on every page."""

from __future__ import annotations

from functools import partial

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from campaigns.messages import sending
from campaigns.models import Template
from members.models import Role
from tests.campaigns import letters
from tests.campaigns.letters import NOON
from tests.e2e import entering
from tests.members import portal_shop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
HTML = "<h1>Welcome, {{ member.first_name }}</h1><p>You have {{ balance.text }}. {% if tier.name %}As {{ tier.name }} you get more.{% endif %}</p>"
ARABIC = "<h1>أهلا {{ member.first_name }}</h1><p>لديك {{ balance.text }}.</p>"


@pytest.fixture
def program(site):
    made = portal_shop.open_shop()
    letters.behave(made, site=site.url, caps=[{"channel": "", "kind": "marketing", "days": 7, "most": 1}])
    return made


@pytest.fixture
def anna(program):
    return letters.join(program, "amelia")


@pytest.fixture
def written(program, anna):
    """A template in two languages, one message sent and one that was too much."""
    email = {
        "en": {"subject": "Welcome, {{ member.first_name }}", "preview": "Your first stars", "html": HTML, "button": "See rewards", "link": "{{ links.rewards }}"},
        "ar": {"subject": "أهلا {{ member.first_name }}", "html": ARABIC},
    }  # fmt: skip
    inapp = {
        "en": {
            "place": "banner",
            "title": "It rains",
            "text": "Tea is on us.",
            "button": "See",
            "link": "/p/",
        }
    }
    welcome = letters.template(program, content={"email": email, "inapp": inapp})
    again = letters.template(program, content={"email": email})
    with scope(program=program):
        Template.objects.filter(pk=welcome.pk).update(name="Welcome")
        Template.objects.filter(pk=again.pk).update(name="Second thoughts")
    letters.say(program, anna, template=welcome.pk)
    sending.send(clock=lambda: NOON, seconds=60)
    letters.say(program, anna, template=again.pk, capped="skip")
    return welcome


@pytest.fixture
def sign_in(new_page, program):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, program, role=Role.OWNER)


def at(program, path=""):
    return f"/dashboard/{program.slug}/messages/{path}"


def test_a_template_is_written_seen_and_published(sign_in, program, anna, assert_accessible):
    page = sign_in()
    page.goto(at(program, "templates/new/"))
    page.get_by_label("Name").fill("Welcome")
    page.get_by_role("button", name="Write it").click()
    page.get_by_label("Subject").fill("Hello {{ member.first_name }}")
    page.get_by_label("Text in HTML").fill("<p>{{ member.salary }}</p>")
    page.get_by_role("button", name="Save").click()

    page.locator(".err", has_text="member.salary").first.wait_for()
    page.get_by_label("Text in HTML").fill("<p>Good {{ now.part }}</p>")
    page.get_by_role("button", name="Save").click()
    page.frame_locator("iframe.desk").get_by_text("Good").first.wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Version 1 is in force").wait_for()

    with scope(program=program):
        assert Template.objects.get().live.content["email"]["en"]["html"] == "<p>Good {{ now.part }}</p>"


def test_why_a_member_got_one_and_not_the_other(sign_in, program, anna, written, assert_accessible):
    page = sign_in(viewport=PHONE)
    page.goto(f"/dashboard/{program.slug}/members/{anna.number}/messages/")

    rows = page.locator("tbody tr")

    expect(rows).to_have_count(2)
    lost = rows.filter(has_text="Second thoughts")
    expect(lost).to_contain_text("had enough messages")
    expect(lost).to_contain_text("Welcome")
    assert_accessible(page)
    page.get_by_role("link", name="Welcome").click()
    page.get_by_text("What happened to it").wait_for()
    assert_accessible(page)


# How far the line that holds these words ends from the right edge of the text it stands in (pixels).
FROM_THE_RIGHT = """(words) => {
    const text = [...document.querySelectorAll("main p")].find((one) => one.textContent.includes(words));
    const line = document.createRange();
    line.selectNodeContents([...text.childNodes].find((one) => one.textContent.includes(words)));
    return text.getBoundingClientRect().right - line.getBoundingClientRect().right;
}"""


def test_every_line_of_a_message_runs_in_its_own_direction(sign_in, program, anna):
    both = "<p>Welcome home</p><p>أهلا بك في المتجر</p>"
    made = letters.template(program, content={"email": {"en": {"subject": "Welcome", "html": both}}})
    with scope(program=program):
        Template.objects.filter(pk=made.pk).update(name="Both")
    letters.say(program, anna, template=made.pk)
    page = sign_in(viewport=PHONE)

    page.goto(f"/dashboard/{program.slug}/members/{anna.number}/messages/")
    page.get_by_role("link", name="Both").click()
    page.get_by_text("What happened to it").wait_for()

    assert page.evaluate(FROM_THE_RIGHT, "أهلا بك") < 2
    assert page.evaluate(FROM_THE_RIGHT, "Welcome home") > 50
