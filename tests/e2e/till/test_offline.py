"""The till with a network that comes and goes: nothing is lost or counted twice, and nobody's device keeps what is another's."""

import re

import pytest
from django_scopes import scope
from playwright.sync_api import expect

from loyaltysite.embedded.processes import wait_until
from members.models import Role
from rewards.models import TillAction
from tests.e2e.entering import PASSWORD
from tests.e2e.till.moves import TABLET, find, press, serve, sold
from tests.rewards import builders
from tests.rewards.till.shop import till_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WAITING = "[data-state=waiting]"


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
    expect(till.locator(WAITING)).to_have_count(4)
    expect(till.locator("#net")).to_contain_text("Waiting for the network: 4")
    assert sold(program) == []

    till.context.set_offline(False)
    till.locator("#net", has_text="Connected").wait_for()

    till.locator("[data-state=sent]").nth(3).wait_for()
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
    expect(till.locator("#queued-undo")).to_be_hidden()
    till.context.set_offline(False)
    expect(till.locator(WAITING)).to_have_count(0)
    serve(till, member)
    till.locator("#who-balance").wait_for()

    def is_settled() -> bool:
        # Either it was dropped here, or a first try had gone out and the server undoes it in its turn.
        with scope(program=program):
            kinds = sorted(TillAction.objects.values_list("kind", flat=True))
        return kinds in ([], ["sale", "undo"]) and builders.balance(program, "amelia").active == 29

    assert wait_until(is_settled, seconds=90)


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
    serve(till, member)
    press(till, ["2", "00", "0"])
    till.locator("#give").click()
    till.get_by_text("Stars for Amelia Hart").wait_for()

    # What is of this cashier went out, in its order; what waited before it did not.
    expect(till.locator(WAITING)).to_have_count(0)
    assert sold(program) == [2000]


def test_without_network_only_numbers_are_taken_and_wrong_ones_are_told(till, program, member):
    till.context.set_offline(True)
    find(till, "amelia@example.com")
    till.get_by_text("Without network only a member number").wait_for()
    find(till, member.number[:-1] + str((int(member.number[-1]) + 1) % 10))
    till.get_by_text("One digit of this number is wrong").wait_for()
    serve(till, member)

    till.get_by_text("Not looked up yet").wait_for()


# --- left alone, and handed on -----------------------------------------------------------------------------------------


def test_a_till_left_alone_is_locked_until_the_password(till, program, member):
    serve(till, member)
    till.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")
    till.locator("#locked").wait_for()
    expect(till.locator("#who-name")).to_be_hidden()

    till.get_by_role("button", name="Sign in again").click()
    till.wait_for_url("**/reauthenticate/**")
    till.goto(till_of(program))
    expect(till).to_have_url(re.compile("/reauthenticate/"))
    till.locator("input[type=password]").fill(PASSWORD)
    till.keyboard.press("Enter")
    till.wait_for_url(lambda url: "/accounts/" not in url)

    expect(till.locator("#q")).to_be_visible()
    expect(till.locator("#locked")).to_be_hidden()


def test_a_till_left_alone_locks_the_dashboard_of_its_session_untouched(
    new_page, new_cashier, sign_in, site, program
):
    till = sign_in(new_page(viewport=TABLET), new_cashier(Role.OWNER))
    till.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")
    with till.expect_response("**/lock/"):
        till.locator("#locked").wait_for()

    till.goto(f"{site.url}/dashboard/{program.slug}/")

    expect(till).to_have_url(re.compile("/reauthenticate/"))


def test_work_on_the_dashboard_is_no_idleness(new_page, new_cashier, sign_in, site, program):
    till = sign_in(new_page(viewport=TABLET), new_cashier(Role.OWNER))
    dashboard = till.context.new_page()
    dashboard.goto(f"{site.url}/dashboard/{program.slug}/")
    dashboard.evaluate(f"localStorage.setItem('till-active {program.slug}', '1')")

    dashboard.keyboard.press("Shift")

    dashboard.wait_for_function(f"Number(localStorage.getItem('till-active {program.slug}')) > 1")


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
    expect(till.locator("#till")).to_have_attribute("data-config", re.compile(rf'"cashier": {mia.pk}\b'))


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
    expect(till.locator("#journal-lines").get_by_text("n…@example.com")).to_be_visible()
