"""A reward from the editor to the counter: staff put it up, a customer takes it on a phone, a cashier hands it over."""

import re
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django_scopes import scope

from members.models import Role
from rewards.models import Redemption, Reward
from tests.members import portal_shop
from tests.members.teams import hire
from tests.rewards.catalogue import put_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"
CUSTOMER = "anna@example.com"


@pytest.fixture
def shop(site):
    cache.clear()
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


@pytest.fixture
def staff(new_page, shop):
    """A page of somebody of the team, where they wanted to go."""

    def enter(address, role, **options):
        user = hire(shop, role, password=PASSWORD, name="Kaveh Parsa")
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        page = new_page(**({"viewport": DESKTOP} | options))
        page.goto(address)
        page.locator("input[type=email]").fill(user.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.give").click()
        page.wait_for_url(f"**{address}")
        return page

    return enter


@pytest.fixture
def customer(new_page, site, shop):
    def enter(**options):
        page = new_page(**({"viewport": PHONE} | options))
        page.goto(f"/p/{shop.slug}/")
        page.locator("input[type=email]").fill(CUSTOMER)
        page.locator("button.primary").click()
        page.locator(".otp").fill(re.search(r"^ +([A-Z0-9]{6})$", site.mails()[-1], flags=re.MULTILINE)[1])
        page.locator("button.primary").click()
        page.wait_for_url(f"**/p/{shop.slug}/")
        return page

    return enter


def test_staff_write_a_reward_see_its_ticket_and_put_it_up(staff, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/rewards/new/", Role.MANAGER)

    page.get_by_label("Key", exact=True).fill("mug")
    page.locator("[name=name_en]").fill("Lighthouse mug")
    page.locator("[name=price_points]").fill("200")
    page.locator("[name=stock]").fill("12")
    page.locator("[name=stock]").blur()
    page.locator("#preview .ticket h3", has_text="Lighthouse mug").wait_for()
    assert page.locator("#preview .price").inner_text().replace("\xa0", " ") == "200 Stars"
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/rewards/mug/")
    assert_accessible(page)
    page.get_by_role("button", name="Put it up").click()
    page.get_by_text("Members can see it now.").wait_for()

    with scope(program=shop):
        reward = Reward.objects.get()
    assert (reward.state, reward.price, reward.stock) == ("live", {"points": 200}, 12)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_customer_takes_it_and_a_cashier_hands_it_over(staff, customer, shop, assert_accessible, scripted):
    put_up(shop, "mug", names={"en": "Lighthouse mug"}, price={"points": 200}, money_minor=250)
    phone = customer(java_script_enabled=scripted)

    phone.get_by_role("link", name="Rewards").last.click()
    phone.get_by_role("link", name="Get it: Lighthouse mug").click()
    phone.get_by_role("button", name="Get it").click()
    phone.wait_for_url("**/mine/*/")
    code = phone.locator(".long-no").inner_text()
    if scripted:
        assert re.fullmatch(r"1[45]:\d\d", phone.locator("[role=timer]").inner_text())
        assert_accessible(phone)
    till = staff(f"/till/{shop.slug}/", Role.CASHIER, viewport=PHONE, java_script_enabled=scripted)
    till.locator("#q").fill(code)
    till.locator("#find-button").click()
    till.get_by_role("heading", name="Lighthouse mug").wait_for()
    assert till.get_by_text("To pay besides: £2.50").is_visible()
    if scripted:
        assert_accessible(till)
    till.get_by_role("button", name="Hand it over").click()
    till.get_by_text("Lighthouse mug for Amelia Hart").wait_for()

    if not scripted:
        phone.reload()
    phone.get_by_text("Used", exact=True).wait_for()
    with scope(program=shop):
        assert Redemption.objects.get().state == "fulfilled"
