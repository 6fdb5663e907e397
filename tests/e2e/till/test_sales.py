"""The cashier's journey in a real browser: known and new members, with a scanner, by taps and without script."""

import re

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from members.models import Member, Store
from tests.e2e.till.moves import PHONE, SMALL, TABLET, patient, press, serve, sold
from tests.fixtures.browser import rest
from tests.rewards import builders
from tests.rewards.till.shop import amelia

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_known_member_gets_points_and_the_sale_is_undone(till, program, member):
    serve(till, member)
    expect(till.locator("#who-name")).to_have_text("Amelia Hart")
    press(till, ["4", "2", "6", "0"])
    expect(till.locator("#amount-shown")).to_have_text("£42.60")
    till.get_by_role("button", name="Give 42 Stars").click()

    done = till.locator("#done")
    done.get_by_text("Stars for Amelia Hart").wait_for()
    expect(done.locator(".plus")).to_have_text("+42")
    expect(done).to_contain_text("New balance: 71")
    done.get_by_text("What was not given").click()
    expect(done.get_by_text("Candles count double")).to_be_visible()
    expect(done.get_by_role("button", name="Undo")).to_have_text(re.compile(r"^\D*[5-9]:\d\d left"))
    assert sold(program) == [4260]

    done.get_by_role("button", name="Undo").click()
    done.get_by_text("Undone").wait_for()
    assert builders.balance(program, "amelia").active == 29


def test_what_is_missing_is_said_until_it_is_there(till, program, member):
    till.locator("#find-button").click()
    till.locator("#find-note", has_text="Scan the code, or type").wait_for()
    serve(till, member)
    till.locator("#give").click()
    till.locator("#sale-note", has_text="Type the amount").wait_for()

    press(till, ["5"])

    expect(till.locator("#sale-note")).to_be_empty()


def test_a_newcomer_joins_and_is_served_at_once(till, program, member):
    patient(till, is_online=True)
    till.reload()
    till.get_by_role("link", name="New member").click()
    till.get_by_label("Name").fill("Noor")
    till.get_by_label("Phone or e-mail").fill("07700 900456")
    till.get_by_role("button", name="Take in and go on").click()
    till.get_by_text("Noor is a member now").wait_for()
    press(till, ["1", "00", "0"])
    till.locator("#give").click()

    till.get_by_text("Stars for Noor").wait_for()
    with scope(program=program):
        assert Member.objects.get(name="Noor").source == "till"
    assert sold(program) == [1000]


def test_a_contact_that_is_known_leads_to_its_member(till, program, member):
    patient(till, is_online=True)
    till.reload()
    till.get_by_role("link", name="New member").click()
    till.get_by_label("Name").fill("Someone")
    till.get_by_label("Phone or e-mail").fill("amelia@example.com")
    till.get_by_role("button", name="Take in and go on").click()

    till.get_by_text("Amelia Hart is a member already").wait_for()
    expect(till.locator("#who-name")).to_have_text("Amelia Hart")


def scan(till, code):
    """As quick as a scanner types, however busy this machine is."""
    till.evaluate(
        """code => {
            const begun = performance.now();
            [...code, "Enter"].forEach((key, place) => {
                const pressed = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
                Object.defineProperty(pressed, "timeStamp", { value: begun + place });
                document.activeElement.dispatchEvent(pressed);
            });
        }""",
        code,
    )


def test_a_scanner_and_a_keyboard_do_it_all(till, program, member):
    scan(till, member.number)
    till.locator("#who-name", has_text="Amelia Hart").wait_for()
    till.keyboard.type("4260", delay=80)
    expect(till.locator("#amount-shown")).to_have_text("£42.60")
    till.keyboard.press("Backspace")
    expect(till.locator("#amount-shown")).to_have_text("£4.26")

    # The next customer's code, scanned too early, changes the customer and not the amount.
    other = amelia(program, "berta", "Berta Lund")
    scan(till, other.number)
    till.locator("#who-name", has_text="Berta Lund").wait_for()
    expect(till.locator("#amount-shown")).to_have_text("£0.00")

    till.keyboard.type("500", delay=80)
    expect(till.locator("#amount-shown")).to_have_text("£5.00")
    till.keyboard.press("Enter")
    till.get_by_text("Stars for Berta Lund").wait_for()
    assert sold(program) == [500]


def test_items_are_tapped_and_earn_by_their_category(program, member, till):
    serve(till, member)
    till.get_by_text("Items, coupon and receipt").click()
    till.get_by_role("button", name="Candle pair").click()
    till.get_by_role("button", name="Candle pair £14.60").click()
    till.locator("#give").click()

    # 29.20 at one Star for a pound, and candles count double, as far as the limit for one order goes.
    till.get_by_text("Stars for Amelia Hart").wait_for()
    expect(till.locator("#done .plus")).to_have_text("+45")
    till.get_by_text("What was not given").click()
    expect(till.get_by_text("left room for 16 of 29")).to_be_visible()


def test_a_refusal_is_told_where_it_was_tapped(till, program, member):
    patient(till, is_online=True)
    till.reload()
    with scope(program=program):
        serve(till, member)
        press(till, ["1"])
        Store.objects.update(is_active=False)
        Store.objects.create(program=program, code="new", name="New")
    till.locator("#give").click()

    till.locator("#sale-note", has_text="Choose the store first").wait_for()
    expect(till.locator("[data-state=refused]")).to_have_count(1)


def test_everything_works_without_script(new_page, sign_in, new_cashier, program, member):
    page = sign_in(new_page(viewport=PHONE, java_script_enabled=False), new_cashier())
    serve(page, member)
    page.locator("#amount").fill("42,60")
    page.locator("#give").click()
    expect(page.locator("#done .plus")).to_have_text("+42")
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#done")).to_contain_text("Undone")
    assert builders.balance(program, "amelia").active == 29


@pytest.mark.parametrize(
    ("viewport", "theme", "language"),
    [(PHONE, "dark", "ar"), (PHONE, "light", "en"), (TABLET, "light", "en"), (TABLET, "dark", "fa")],
)
def test_every_step_is_accessible_and_can_be_touched(
    new_page, sign_in, new_cashier, program, member, site, assert_accessible, viewport, theme, language
):
    page = new_page(viewport=viewport, color_scheme=theme)
    page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
    sign_in(page, new_cashier())

    def check(step):
        page.locator(f"#till[data-step={step}]").wait_for()
        rest(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (step, language)
        assert page.evaluate(SMALL) == [], step
        assert_accessible(page)

    check("find")
    page.locator("#newcomer").click()
    check("join")
    page.locator("#step-join [data-back]").click()
    serve(page, member)
    check("sale")
    press(page, ["4", "2", "6", "0"])
    page.locator(".t-earns").wait_for()
    page.locator(".t-more > summary").last.click()
    check("sale")
    page.locator("#give").click()
    check("done")
    page.context.set_offline(True)
    serve(page, member)
    press(page, ["1"])
    page.locator("#give").click()
    check("queued")
