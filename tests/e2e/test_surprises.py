"""Staff draw a surprise within a budget and its proof is there; a member reads it on a phone: in both directions."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from rewards import surprises
from rewards.models import Surprise
from tests.e2e import entering
from tests.e2e.test_referrals import DESKTOP, look
from tests.members import portal_shop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    cache.clear()
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


def test_staff_draw_a_surprise_and_a_member_reads_it(new_page, site, shop, assert_accessible):
    home = f"/dashboard/{shop.slug}/surprises/"
    page = entering.as_staff(new_page, shop, home)

    look(page, site, f"{home}new/", "surprise-new", assert_accessible)
    page.set_viewport_size(DESKTOP)
    page.goto(f"{home}new/")
    page.get_by_label("Who gets it").select_option("draw")
    page.get_by_label("How many are drawn").fill("1")
    page.locator("[name=amount]").fill("50")
    page.get_by_label("Reason").fill("Ten years")
    page.get_by_label("English").fill("Ten years of Harbour Lane: thank you")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("Shown after the draw").wait_for()
    page.get_by_role("button", name="Draw and give").click()
    page.get_by_text("Highest lot that won").wait_for()
    with scope(program=shop):
        one = Surprise.objects.get()
    while surprises.carry_on(program=shop, surprise_id=one.pk, now=datetime.now(UTC)):
        pass
    look(page, site, f"{home}{one.pk}/", "surprise", assert_accessible)
    look(page, site, home, "surprises", assert_accessible)

    phone = entering.as_customer(new_page, site, shop)
    look(phone, site, f"/p/{shop.slug}/", "home-surprised", assert_accessible)
    phone.goto(f"/p/{shop.slug}/")
    phone.get_by_text("Ten years of Harbour Lane").wait_for()
    entering.press(phone.get_by_role("button", name="Thank you"))

    expect(phone).to_have_url(f"{site.url}/p/{shop.slug}/")
    expect(phone.get_by_text("Ten years of Harbour Lane")).to_have_count(0)
