"""A coupon from the editor to the counter: staff write it and give it to a customer, who finds it, and a cashier takes it."""

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.cache import cache
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Role
from rewards.models import Coupon, CouponUse
from tests.e2e import entering
from tests.e2e.till.moves import patient
from tests.members import portal_shop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def shop(site):
    cache.clear()
    program = portal_shop.open_shop()
    portal_shop.amelia(program, now=datetime.now(UTC))
    return program


@pytest.fixture
def staff(new_page, shop):
    """A page of somebody of the team, signed in."""
    return partial(entering.as_staff, new_page, shop)


@pytest.fixture
def customer(new_page, site, shop):
    """A phone of a member, signed in."""
    return partial(entering.as_customer, new_page, site, shop)


def test_staff_bring_codes_write_a_coupon_and_give_it_to_a_member(staff, customer, shop, assert_accessible):
    page = staff(f"/dashboard/{shop.slug}/codes/new/", Role.MANAGER)
    page.get_by_label("Key", exact=True).fill("letters")
    page.get_by_label("Name", exact=True).fill("Letters in May")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/codes/letters/")
    page.set_input_files(
        "input[type=file]", {"name": "may.csv", "mimeType": "text/csv", "buffer": b"A-100\nA-101\nA-100\n"}
    )
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("cell", name="twice in the file").wait_for()
    assert_accessible(page)

    page.goto(f"/dashboard/{shop.slug}/coupons/new/")
    page.get_by_label("Key", exact=True).fill("may")
    page.locator("[name=name_en]").fill("A present in May")
    page.locator("[name=pool]").select_option("letters")
    page.locator("[name=percent]").fill("10")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/coupons/may/")
    page.get_by_role("button", name="Put it up").click()
    page.get_by_text("Its codes work now.").wait_for()
    page.get_by_label("Member number").fill(portal_shop.number_of(shop, "anna"))
    page.get_by_role("button", name="Give a code").click()
    page.get_by_text("The member finds the code on the portal.").wait_for()
    assert_accessible(page)

    phone = customer()
    phone.goto(f"/p/{shop.slug}/mine/")
    phone.get_by_role("heading", name="A present in May").wait_for()
    expect(phone.locator(".ticket code")).to_have_text(re.compile(r"^\s*(\w{4}-){3}\w{4}\s*$"))
    assert_accessible(phone)
    with scope(program=shop):
        assert Coupon.objects.get().state == "live"


def write(page, shop, name="Summer", word="SUMMER"):
    """A coupon of 10 percent for everybody, once: its codes work only where the site itself has made them."""
    page.goto(f"/dashboard/{shop.slug}/coupons/new/")
    for field, value in {
        "key": "summer",
        "word": word,
        "name_en": name,
        "percent": "10",
        "most": "1",
    }.items():
        page.locator(f"[name={field}]").fill(value)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/coupons/summer/")
    page.get_by_role("button", name="Put it up").click()
    page.get_by_text("Its codes work now.").wait_for()


@pytest.mark.parametrize("scripted", [True, False])
def test_a_cashier_takes_a_coupon_and_undoes_it(staff, shop, assert_accessible, scripted):
    write(staff(f"/dashboard/{shop.slug}/coupons/", Role.MANAGER, java_script_enabled=scripted), shop)
    number = portal_shop.number_of(shop, "anna")

    till = staff(f"/till/{shop.slug}/", Role.CASHIER, viewport=entering.PHONE, java_script_enabled=scripted)
    patient(till)
    till.reload()
    till.locator("#q").fill(number)
    till.locator("#find-button").click()
    till.locator("#step-sale").wait_for()
    till.locator("details:has(#code) > summary").click()
    till.locator("#code").fill("summer")
    if scripted:
        for key in ("2", "0", "0", "0"):
            till.locator(f"[data-pad='{key}']").click()
        till.locator("#foreseen").get_by_text("Summer").wait_for()
        assert_accessible(till)
    else:
        till.locator("#amount").fill("20.00")
    till.locator("#give").click()
    till.get_by_text("To pay: £18.00.").wait_for()

    till.get_by_role("button", name=re.compile("Undo")).first.click()
    till.get_by_text("The sale does not count any more.").wait_for()
    with scope(program=shop):
        use = CouponUse.objects.get()
    assert (use.discount_minor, use.given_back_at is None) == (200, False)
