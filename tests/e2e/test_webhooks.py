"""An owner makes a webhook in the browser, tries it, and sees how the shop answered."""

import re

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from loyaltysite.kit import clock
from members.models import Role, Webhook
from members.webhooks import payloads, sending
from tests.e2e import entering
from tests.e2e.test_every_page import QUICK, enter, visitor
from tests.members import teams
from tests.members.webhooks.receiver import listening
from tests.rewards import builders as b

pytestmark = [pytest.mark.e2e]


@pytest.fixture
def program():
    return b.open_program(currency="GBP")


@pytest.mark.parametrize(("language", "size", "theme"), QUICK)
def test_made_tried_and_looked_at(new_page, assert_accessible, program, settings, language, size, theme):
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    owner = teams.hire(program, Role.OWNER)
    home = f"/dashboard/{program.slug}/webhooks/"
    page = visitor(new_page, language, size, theme)
    enter(page, owner, home)
    assert_accessible(page)

    entering.press(page.locator(".head .btn.primary"))
    assert_accessible(page)
    page.locator("input[name=name]").fill("Web shop")
    page.locator("input[name=url]").fill("https://10.0.0.1/wafa")
    page.locator("form button.primary").click()
    expect(page.locator("input[name=url][aria-invalid=true]")).to_be_visible()
    page.locator("input[name=url]").fill("https://shop.example.com/wafa")
    page.locator("input[value=orders]").check()
    page.locator("form button.primary").click()
    expect(page.locator("#secret")).to_have_value(re.compile("^whsec_"))
    assert_accessible(page)
    entering.press(page.locator(".pane .btn.primary"))

    with listening() as receiver:
        with scope(program=program):
            # The site seals with a key of its own; this process stands for its worker.
            sealed = payloads.seal(payloads.draw(), program.pk)
            Webhook.objects.update(url=receiver.url, secret_sealed=sealed)
        receiver.answers.extend([500])
        for number in (1, 2):
            page.locator(".head form button").click()
            expect(page.locator("tbody tr")).to_have_count(number)
        # The time stands still: what failed is not due again before the test is over.
        now = clock.now()
        sending.send(clock=lambda: now, seconds=60)
    page.reload()

    expect(page.locator("tbody tr")).to_have_count(2)
    assert len(receiver.got) == 2
    if size != "phone":
        expect(page.get_by_text("500")).to_be_visible()
    assert_accessible(page)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
