"""The cashier's journey in a real browser: known and new members, the network cut in between, nothing counted twice."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django_scopes import scope

from loyaltysite.embedded.processes import wait_until
from members.models import Member, Order, Role, Store
from rewards.models import TillAction
from tests.members.teams import hire
from tests.rewards import builders
from tests.rewards.till.shop import amelia, open_shop, till_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1180, "height": 820}
PASSWORD = "correct horse battery"
WAITING = "[data-state=waiting]"


@pytest.fixture
def program(site):
    cache.clear()
    return open_shop()


@pytest.fixture
def member(program):
    found = amelia(program)
    candles = builders.line(1460, "candle-2", category="Candles", name="Candle pair")
    builders.record(program, builders.order("web-1", "2026-11-01", candles, member="amelia"))
    return found


@pytest.fixture
def new_cashier(program):
    def make(role=Role.CASHIER):
        user = hire(program, role, password=PASSWORD, name="Kaveh Parsa")
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    return make


@pytest.fixture
def sign_in(program):
    def enter(page, user):
        page.goto(till_of(program))
        page.locator("input[type=email]").fill(user.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button.give").click()
        page.wait_for_url(f"**{till_of(program)}")
        return page

    return enter


@pytest.fixture
def till(new_page, sign_in, new_cashier):
    """A till on a phone where a cashier is signed in and that has been kept for a bad network."""
    page = sign_in(new_page(viewport=PHONE), new_cashier())
    kept(page)
    return page


def kept(page):
    """Wait until the service worker has everything and serves this page."""
    page.evaluate(
        """async () => {
            await navigator.serviceWorker.ready;
            const home = document.querySelector("#till").dataset.config.match(/"home": "([^"]+)"/)[1];
            for (;;) {
                const shells = await caches.open(`till-shell ${home}`);
                if (navigator.serviceWorker.controller && await shells.match(home, { ignoreVary: true })) return;
                await new Promise((done) => setTimeout(done, 50));
            }
        }"""
    )


def find(page, typed):
    page.locator("#q").fill(typed)
    page.locator("#find-button").click()


def serve(page, member):
    find(page, member.number)
    page.locator("#step-sale").wait_for()


def press(page, figures):
    for figure in figures:
        page.locator(f"[data-pad='{figure}']").click()


def sold(program):
    with scope(program=program):
        return sorted(Order.objects.filter(source="till").values_list("total_minor", flat=True))


def test_a_known_member_gets_points_and_the_sale_is_undone(till, program, member):
    serve(till, member)
    assert till.locator("#who-name").inner_text() == "Amelia Hart"
    press(till, ["4", "2", "6", "0"])
    assert till.locator("#amount-shown").inner_text() == "£42.60"
    till.get_by_role("button", name="Give 42 Stars").click()

    done = till.locator("#done")
    done.get_by_text("Stars for Amelia Hart").wait_for()
    assert done.locator(".plus").inner_text() == "+42"
    assert "New balance: 71" in done.inner_text()
    done.get_by_text("What was not given").click()
    assert done.get_by_text("Candles count double").is_visible()
    assert re.search(r"9:\d\d left", done.get_by_role("button", name="Undo").inner_text())
    assert sold(program) == [4260]

    done.get_by_role("button", name="Undo").click()
    done.get_by_text("Undone").wait_for()
    assert builders.balance(program, "amelia").active == 29


def test_a_newcomer_joins_and_is_served_at_once(till, program, member):
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
    till.get_by_role("link", name="New member").click()
    till.get_by_label("Name").fill("Someone")
    till.get_by_label("Phone or e-mail").fill("amelia@example.com")
    till.get_by_role("button", name="Take in and go on").click()

    till.get_by_text("Amelia Hart is a member already").wait_for()
    assert till.locator("#who-name").inner_text() == "Amelia Hart"


def scan(till, code):
    """As quick as a scanner types, however busy this machine is."""
    till.evaluate(
        """code => [...code, "Enter"].forEach(key => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))""",
        code,
    )


def test_a_scanner_and_a_keyboard_do_it_all(till, program, member):
    till.keyboard.type(member.number)
    till.keyboard.press("Enter")
    till.locator("#who-name", has_text="Amelia Hart").wait_for()
    till.keyboard.type("4260", delay=80)
    assert till.locator("#amount-shown").inner_text() == "£42.60"
    till.keyboard.press("Backspace")
    assert till.locator("#amount-shown").inner_text() == "£4.26"

    # The next customer's code, scanned too early, changes the customer and not the amount.
    other = amelia(program, "berta", "Berta Lund")
    scan(till, other.number)
    till.locator("#who-name", has_text="Berta Lund").wait_for()
    assert till.locator("#amount-shown").inner_text() == "£0.00"

    till.keyboard.type("500", delay=80)
    till.keyboard.press("Enter")
    till.get_by_text("Stars for Berta Lund").wait_for()
    assert sold(program) == [500]


def test_items_are_tapped_and_earn_by_their_category(program, member, till):
    serve(till, member)
    till.get_by_text("Items and receipt number").click()
    till.get_by_role("button", name="Candle pair").click()
    till.get_by_role("button", name="Candle pair £14.60").click()
    till.locator("#give").click()

    # 29.20 at one Star for a pound, and candles count double, as far as the limit for one order goes.
    till.get_by_text("Stars for Amelia Hart").wait_for()
    assert till.locator("#done .plus").inner_text() == "+45"
    till.get_by_text("What was not given").click()
    assert till.get_by_text("left room for 16 of 29").is_visible()


def test_the_network_is_cut_between_two_customers_and_nothing_is_lost_or_doubled(till, program, member):
    serve(till, member)
    press(till, ["1", "00", "0"])
    till.context.set_offline(True)
    till.locator("#give").click()
    till.get_by_text("Kept on this device").wait_for()

    # A newcomer, and a member looked up before, while there is no network.
    till.get_by_role("link", name="New member").click()
    till.get_by_label("Name").fill("Noor")
    till.get_by_label("Phone or e-mail").fill("noor@example.com")
    till.get_by_role("button", name="Take in and go on").click()
    till.get_by_text("Taken in as soon as the network is back").wait_for()
    press(till, ["2", "00", "0"])
    till.locator("#give").click()
    till.get_by_text("Kept on this device").wait_for()
    till.reload()
    serve(till, member)
    till.get_by_text("Looked up here earlier").wait_for()
    press(till, ["3", "00", "0"])
    till.locator("#give").click()
    till.get_by_text("Kept on this device").wait_for()
    till.reload()
    assert till.locator(WAITING).count() == 4
    assert "Waiting for the network: 4" in till.locator("#net").inner_text()
    assert sold(program) == []

    till.context.set_offline(False)
    till.locator("#net", has_text="Connected").wait_for()

    till.wait_for_function("document.querySelectorAll('[data-state=sent]').length === 4")
    assert sold(program) == [1000, 2000, 3000]
    with scope(program=program):
        assert TillAction.objects.count() == 4
    till.reload()
    till.locator("[data-state=sent]").first.wait_for()
    assert sold(program) == [1000, 2000, 3000]


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(till, program, member):
    lost = []

    def lose(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch())
        return route.abort()

    till.context.route("**/actions/sale/", lose)
    serve(till, member)
    press(till, ["1", "00", "0"])
    till.locator("#give").click()

    till.get_by_text("Stars for Amelia Hart").wait_for()
    assert len(lost) == 1
    assert sold(program) == [1000]


def test_what_was_never_sent_is_undone_on_the_device(till, program, member):
    serve(till, member)
    press(till, ["1", "00", "0"])
    till.context.set_offline(True)
    till.locator("#give").click()
    till.get_by_text("Kept on this device").wait_for()

    till.locator("#queued-undo").click()
    till.context.set_offline(False)
    serve(till, member)
    till.locator("#who-balance").wait_for()

    def is_settled() -> bool:
        # Either it was dropped here, or a first try had gone out and the server undoes it in its turn.
        with scope(program=program):
            kinds = sorted(TillAction.objects.values_list("kind", flat=True))
        return kinds in ([], ["sale", "undo"]) and builders.balance(program, "amelia").active == 29

    assert wait_until(is_settled, seconds=30)


def test_another_cashier_does_not_send_what_the_first_one_tapped(till, new_cashier, sign_in, program, member):
    serve(till, member)
    press(till, ["1", "00", "0"])
    till.context.route("**/actions/**", lambda route: route.abort())
    till.locator("#give").click()
    till.get_by_text("Kept on this device").wait_for()
    till.locator(".t-bar details.menu").first.click()
    till.get_by_role("button", name="Sign out").click()
    till.wait_for_url(lambda url: "/till/" not in url)
    till.context.unroute("**/actions/**")

    sign_in(till, new_cashier())
    till.get_by_text("Of another cashier").wait_for()
    till.wait_for_load_state("networkidle")

    assert sold(program) == []
    assert till.locator(WAITING).count() == 0


def test_a_refusal_is_told_where_it_was_tapped(till, program, member):
    with scope(program=program):
        serve(till, member)
        press(till, ["1"])
        Store.objects.update(is_active=False)
        Store.objects.create(program=program, code="new", name="New")
    till.locator("#give").click()

    till.locator("#sale-note", has_text="Choose the store first").wait_for()
    assert till.locator("[data-state=refused]").count() == 1


def test_without_network_only_numbers_are_taken_and_wrong_ones_are_told(till, program, member):
    till.context.set_offline(True)
    find(till, "amelia@example.com")
    till.get_by_text("Without network only a member number").wait_for()
    find(till, member.number[:-1] + str((int(member.number[-1]) + 1) % 10))
    till.get_by_text("One digit of this number is wrong").wait_for()
    serve(till, member)

    till.get_by_text("Not looked up yet").wait_for()


def test_a_till_left_alone_is_locked_until_the_password(till, program, member):
    serve(till, member)
    till.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")
    till.locator("#locked").wait_for(timeout=15_000)
    assert not till.locator("#who-name").is_visible()

    till.get_by_role("button", name="Sign in again").click()
    till.wait_for_url("**/reauthenticate/**")
    till.goto(till_of(program))
    assert "/reauthenticate/" in till.url
    till.locator("input[type=password]").fill(PASSWORD)
    till.keyboard.press("Enter")
    till.wait_for_url(f"**{till_of(program)}")

    assert till.locator("#q").is_visible()
    assert not till.locator("#locked").is_visible()


def test_a_till_left_alone_locks_the_dashboard_of_its_session_untouched(
    new_page, new_cashier, sign_in, site, program
):
    till = sign_in(new_page(viewport=TABLET), new_cashier(Role.OWNER))
    till.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")
    with till.expect_response("**/lock/", timeout=15_000):
        till.locator("#locked").wait_for(timeout=15_000)

    till.goto(f"{site.url}/dashboard/{program.slug}/")

    assert "/reauthenticate/" in till.url


def test_work_on_the_dashboard_is_no_idleness(new_page, new_cashier, sign_in, site, program):
    till = sign_in(new_page(viewport=TABLET), new_cashier(Role.OWNER))
    dashboard = till.context.new_page()
    dashboard.goto(f"{site.url}/dashboard/{program.slug}/")
    dashboard.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")

    dashboard.keyboard.press("Shift")

    assert int(dashboard.evaluate(f"localStorage.getItem('till-active {program.slug}')")) > 1


SHELL = """async () => {
    const names = await caches.keys();
    return names.filter((name) => name.startsWith("till-shell ")).length;
}"""


def test_the_page_kept_for_one_cashier_is_gone_where_the_next_one_signs_in(
    till, new_cashier, sign_in, program
):
    assert till.evaluate(SHELL) == 1

    # Signed out elsewhere than at the till, which would have cleared up by itself.
    till.context.clear_cookies()
    till.goto(till_of(program))
    till.locator("input[type=password]").wait_for()

    till.wait_for_function(f"({SHELL})().then((count) => count === 0)")
    mia = new_cashier()
    sign_in(till, mia)
    assert f'"cashier": {mia.pk}' in till.locator("#till").get_attribute("data-config")


OLD = """async ([slug, cashier]) => {
    const day = (days) => new Date(Date.now() - days * 86_400_000).toISOString();
    const put = (entry) => Till.store.put({ slug, order: 1, state: "waiting", tries: 0, of: "", ...entry });
    const fields = { name: "Noor Haddad", contact: "noor@example.com" };
    await put({ key: "old", cashier, kind: "join", label: "n…@example.com", at: day(1.1), fields });
    await put({ key: "elsewhere", slug: "other", cashier, kind: "join", label: "n…@example.com", at: day(2), fields });
    await put({ key: "fresh", cashier, kind: "sale", label: "£1.00", at: day(0.5), fields: { number: "1" } });
    await put({ key: "ancient", cashier, kind: "sale", label: "£2.00", at: day(8), state: "expired" });
}"""
KEPT = """async () => {
    const database = await new Promise((done) => {
        const request = indexedDB.open("wafa-till", 1);
        request.onsuccess = () => done(request.result);
    });
    return new Promise((done) => {
        const request = database.transaction("queue").objectStore("queue").getAll();
        request.onsuccess = () => done(request.result);
    });
}"""


def test_what_an_absent_cashier_left_waiting_loses_its_contact_after_a_day(
    till, new_cashier, sign_in, program
):
    absent = new_cashier()
    till.evaluate(OLD, [program.slug, absent.pk])

    till.reload()
    till.wait_for_function(
        f"({KEPT})().then((all) => all.every((one) => one.key === 'fresh' || !one.fields))"
    )

    rows = {row["key"]: row for row in till.evaluate(KEPT)}
    assert set(rows) == {"old", "elsewhere", "fresh"}
    assert [rows[key]["state"] for key in ("old", "elsewhere", "fresh")] == ["expired", "expired", "waiting"]
    assert "noor@" not in str(rows)
    assert "Haddad" not in str(rows)
    till.locator(".t-bar details.menu").first.click()
    till.get_by_role("button", name="Sign out").click()
    till.wait_for_url(lambda url: "/till/" not in url)
    sign_in(till, absent)
    till.get_by_text("Not sent within a day").wait_for()
    assert till.locator("#journal-lines").get_by_text("n…@example.com").is_visible()


def test_everything_works_without_script(new_page, sign_in, new_cashier, program, member):
    page = sign_in(new_page(viewport=PHONE, java_script_enabled=False), new_cashier())
    serve(page, member)
    page.locator("#amount").fill("42,60")
    page.locator("#give").click()
    assert page.locator("#done .plus").inner_text() == "+42"
    page.get_by_role("button", name="Undo").click()

    assert "Undone" in page.locator("#done").inner_text()
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
    page.locator(".t-more > summary").click()
    check("sale")
    page.locator("#give").click()
    check("done")
    page.context.set_offline(True)
    serve(page, member)
    press(page, ["1"])
    page.locator("#give").click()
    check("queued")


SMALL = """() => [...document.querySelectorAll("main :is(a, button, summary)")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && (box.height < 47.5 || box.width < 47.5);
}).map((one) => one.outerHTML.slice(0, 120))"""
