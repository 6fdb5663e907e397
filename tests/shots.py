"""What is pictured, and how a browser gets there from an address of the demo."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
HOME = "/dashboard/harbour-lane/"
TILL = "/till/harbour-lane/"
PORTAL = "/p/harbour-lane/"
ORDERS = """Order,Bought on,E-mail,Buyer,SKU,Qty,Price
W-1,2026-11-01 10:00,noor@example.com,Noor Haddad,MUG,2,12.50
W-2,2026-11-02 11:30,daniel@example.com,Daniel Weiss,CANDLE,4,7.30
W-3,someday,lily@example.com,Lily Hughes,MUG,1,12.50
"""


def stay(page: Page) -> None:
    """Nothing to do before the picture."""


def ask_for_code(page: Page) -> None:
    page.locator("input[type=email]").fill("amelia.hart@example.com")
    page.locator("button.primary").click()
    page.locator(".otp").wait_for()


def type_wrong_code(page: Page) -> None:
    ask_for_code(page)
    page.locator(".otp").fill("4817")
    page.locator("button.primary").click()
    page.locator(".err").wait_for()


def type_wrong_password(page: Page) -> None:
    page.locator("input[type=email]").fill("amelia.hart@example.com")
    page.locator("input[type=password]").fill("not this one")
    page.locator("button.primary").click()
    page.locator(".note.bad").wait_for()


def ask_portal_code(page: Page, email: str = "") -> None:
    # Another address each time, since asking for one is limited.
    page.locator("input[type=email]").fill(email or f"{secrets.token_hex(4)}@example.com")
    page.locator("button.primary").click()
    page.locator(".otp").wait_for()


_portal_session: list[dict[str, str]] = []


def enter_portal(page: Page) -> None:
    """As the demo's customer, by the code that its page shows; once for all pictures, since asking is limited."""
    then = parse_qs(urlsplit(page.url).query)["next"][0]
    address = page.url.partition("/p/")[0]
    language = page.evaluate("navigator.language")
    if not _portal_session:
        ask_portal_code(page, "customer@example.com")
        page.locator(".otp").fill(page.locator("#demo-code").inner_text())
        page.locator("button.primary").click()
        page.locator(".tabbar").wait_for(state="attached")
        found = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
        _portal_session.append({"name": "sessionid", "value": found["value"], "url": address})
    chosen = {"name": "django_language", "value": language, "url": address}
    page.context.add_cookies([*_portal_session, chosen])
    page.goto(then)


def unfold_history(page: Page) -> None:
    enter_portal(page)
    page.evaluate("for (const line of document.querySelectorAll('details.why')) line.open = true")


def open_navigation(page: Page) -> None:
    enter_dashboard(page)
    if page.locator(".burger").is_visible():
        page.locator(".burger").click()


_staff_session: list[dict[str, str]] = []


def enter_dashboard(page: Page) -> None:
    """As the demo's owner, with the password that the demo wrote down; once for all pictures."""
    if "next=" not in page.url:  # open already, or its own way in
        return
    then = parse_qs(urlsplit(page.url).query)["next"][0]
    address = page.url.partition("/accounts/")[0]
    if not _staff_session:
        var = Path(os.environ.get("WAFA_VAR", ROOT / ".var"))
        logins = json.loads((var / "demo-logins.json").read_text())
        owner = next(login for login in logins if login["role"] == "owner")
        page.locator("input[type=email]").fill(owner["email"])
        page.locator("input[type=password]").fill(owner["password"])
        page.locator("button.primary").click()
        page.wait_for_url(lambda url: "next=" not in url)
        found = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
        _staff_session.append({"name": "sessionid", "value": found["value"], "url": address})
    page.context.add_cookies(_staff_session)
    page.goto(address + then)


def follow(selector: str, then: Callable[[Page], None] = stay) -> Callable[[Page], None]:
    """Enter the dashboard and follow the first link that fits."""

    def go(page: Page) -> None:
        enter_dashboard(page)
        link = page.locator(selector).first
        if link.count():
            page.goto(urljoin(page.url, link.get_attribute("href") or ""))
            then(page)

    return go


def of_member(part: str) -> Callable[[Page], None]:
    """The first found member's page, then a page under it."""

    def go(page: Page) -> None:
        enter_dashboard(page)
        page.locator("tbody th a").first.click()
        page.wait_for_url("**/members/*/")
        page.goto(urljoin(page.url, part))

    return go


def choose_store(page: Page) -> None:
    """Enter the till and say where it stands, which it asks once."""
    enter_dashboard(page)
    page.wait_for_load_state("networkidle")
    store = page.locator("form[action*='/store/'] button").first
    if store.count():
        store.click()
        page.wait_for_load_state("networkidle")


def find_at_till(page: Page) -> None:
    """A member found, nothing given."""
    choose_store(page)
    box = page.locator("input[name=q]:visible").first
    box.fill("customer@example.com")
    box.press("Enter")
    page.locator("#step-sale").wait_for()


def open_member(page: Page) -> None:
    """The first member of the list, with the latest line of the history unfolded."""
    enter_dashboard(page)
    page.locator("tbody th a").first.click()
    page.locator("details.why > summary").first.click()


def open_orders(page: Page) -> None:
    open_member(page)
    page.locator("nav.tabs a").nth(1).click()


def open_changes(page: Page) -> None:
    open_member(page)
    page.locator("nav.tabs a").last.click()


def press_amount(page: Page) -> None:
    """A member found and an amount typed, with what it would give."""
    find_at_till(page)
    for figure in ("4", "2", "6", "0"):
        page.locator(f"[data-pad='{figure}']").click()
    page.wait_for_load_state("networkidle")


def give(page: Page) -> None:
    press_amount(page)
    page.locator("#give").click()
    page.locator("#done .done").wait_for()


def take_in(page: Page) -> None:
    choose_store(page)
    page.locator("#newcomer").click()


_held: list[str] = []


def take_reward(page: Page) -> None:
    """The code of a reward that the demo's customer has taken; another one when its time is over."""
    enter_portal(page)
    if _held:
        page.goto(urljoin(page.url, _held[0]))
    if not page.locator("[role=timer]").count():
        page.goto(urljoin(page.url, f"{PORTAL}rewards/wrapping/"))
        page.locator("main button.primary").click()
        page.locator("[role=timer]").wait_for()
        _held[:] = [urlsplit(page.url).path]


def show_code_at_till(page: Page) -> None:
    """The till with a reward to hand over."""
    till = page.url
    page.goto(urljoin(page.url, f"{PORTAL}mine/"))
    take_reward(page)
    code = page.locator(".long-no").inner_text()
    page.context.clear_cookies()
    page.goto(parse_qs(urlsplit(till).query)["next"][0])
    choose_store(page)
    box = page.locator("input[name=q]:visible").first
    box.fill(code)
    box.press("Enter")
    page.wait_for_url("**/redeem/**")


_stamp_card: list[str] = []


def tap_stamps(page: Page) -> None:
    """The till of a stamp card, made from the gallery, with a member found."""
    enter_dashboard(page)
    if not _stamp_card:
        page.locator("section[aria-labelledby=fruce] button").click()
        page.wait_for_url("**/dashboard/stamp-card*/")
        _stamp_card.append(urlsplit(page.url).path.split("/")[2])
    page.goto(urljoin(page.url, f"/till/{_stamp_card[0]}/"))
    page.locator("#newcomer").click()
    page.locator("#join-name").fill("Nima Azadi")
    page.locator("#join-contact").fill("nima@example.com")
    page.locator("#join-form button").click()
    page.locator("#step-sale").wait_for()


def set_stamp(page: Page) -> None:
    """What a stamp at the till stands for."""
    tap_stamps(page)
    page.goto(urljoin(page.url, f"/dashboard/{_stamp_card[0]}/units/stamps/stamp/"))


def tick_three(page: Page) -> None:
    enter_dashboard(page)
    for place in range(3):
        page.locator("tbody input[type=checkbox]").nth(place).check()


def ask_bulk(page: Page) -> None:
    tick_three(page)
    page.locator(".bulk button[value=adjust]").click()


def foresee_bulk(page: Page) -> None:
    """What a bulk action would do, which is not started."""
    ask_bulk(page)
    page.locator("[name=amount]").fill("250")
    page.locator("[name=reason]").fill("Late parcels in November")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/bulk/*/")


_upload: list[str] = []


def upload_orders(page: Page) -> None:
    """A file with one bad row, before its columns are named; uploaded once for all pictures."""
    enter_dashboard(page)
    if not _upload:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "november.csv"
            file.write_text(ORDERS)
            page.locator("input[type=file]").set_input_files(file)
            page.locator("form[enctype] button").click()
            page.wait_for_url("**/columns/")
        _upload.append(urlsplit(page.url).path)
    page.goto(urljoin(page.url, _upload[0]))


def map_columns(page: Page) -> None:
    """The columns named, with the preview of what the first orders would earn."""
    upload_orders(page)
    page.locator("[name=column_1]").select_option("occurred_at")
    page.wait_for_load_state("networkidle")


def open_dialog(page: Page) -> None:
    open_member(page)
    page.locator("[data-key=s]").click()
    page.locator("dialog[open]").wait_for()


def open_menu(page: Page) -> None:
    enter_dashboard(page)
    page.locator(".top details > summary").first.click()


def refuse_join(page: Page) -> None:
    """The form of a new member, sent empty."""
    enter_dashboard(page)
    page.locator("main form button.primary, main form .btn.primary").first.click()
    page.locator(".err").first.wait_for()


def refuse_unit(page: Page) -> None:
    enter_dashboard(page)
    page.locator("main button.primary").first.click()
    page.locator(".err").first.wait_for()


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    before: Callable[[Page], None] = stay


RULE = "main a[href*='/rules/']:not([href$='/rules/new/'])"
MEMBER = HOME + "members/?q=customer"

SHOTS = (
    Shot("styleguide", "/dashboard/styleguide/"),
    Shot("navigation", HOME, open_navigation),
    Shot("menu", HOME, open_menu),
    Shot("signin", "/accounts/login/"),
    Shot("signin-refused", "/accounts/login/", type_wrong_password),
    Shot("signin-code", "/accounts/login/code/"),
    Shot("signin-confirm", "/accounts/login/code/", ask_for_code),
    Shot("signin-wrong", "/accounts/login/code/", type_wrong_code),
    Shot("password-reset", "/accounts/password/reset/"),
    Shot("signup", "/accounts/signup/"),
    Shot("portal-signin", PORTAL + "sign-in/"),
    Shot("portal-confirm", PORTAL + "sign-in/", ask_portal_code),
    Shot("portal-home", PORTAL, enter_portal),
    Shot("portal-card", PORTAL + "card/", enter_portal),
    Shot("portal-code", PORTAL + "code/", enter_portal),
    Shot("portal-lots", PORTAL + "lots/", enter_portal),
    Shot("portal-history", PORTAL + "history/", unfold_history),
    Shot("portal-profile", PORTAL + "profile/", enter_portal),
    Shot("portal-address", PORTAL + "profile/address/", enter_portal),
    Shot("portal-consents", PORTAL + "consents/", enter_portal),
    Shot("portal-statement", PORTAL + "statement/", enter_portal),
    Shot("portal-leave", PORTAL + "leave/", enter_portal),
    Shot("portal-join", PORTAL + "join/"),
    Shot("portal-verify", PORTAL + "verify/"),
    Shot("portal-verified", PORTAL + "verify/?code=W1.x"),
    Shot("portal-goodbye", PORTAL + "goodbye/"),
    Shot("home", HOME, enter_dashboard),
    Shot("home-year", HOME + "?period=year", enter_dashboard),
    Shot("members", HOME + "members/", enter_dashboard),
    Shot("members-found", HOME + "members/?q=mar&tier=gold", enter_dashboard),
    Shot("members-none", HOME + "members/?q=123456789012", enter_dashboard),
    Shot("members-ticked", HOME + "members/", tick_three),
    Shot("member", MEMBER, open_member),
    Shot("member-orders", MEMBER, open_orders),
    Shot("member-changes", MEMBER, open_changes),
    Shot("member-dialog", MEMBER, open_dialog),
    Shot("member-adjust", MEMBER, of_member("do/adjust/")),
    Shot("member-tier", MEMBER, of_member("do/tier/")),
    Shot("member-edit", MEMBER, of_member("do/edit/")),
    Shot("member-erase", MEMBER, of_member("do/erase/")),
    Shot("member-merge", MEMBER, of_member("merge/")),
    Shot("member-tags", MEMBER, of_member("tags/")),
    Shot("join", HOME + "members/new/", enter_dashboard),
    Shot("join-refused", HOME + "members/new/", refuse_join),
    Shot("bulk-list", HOME + "members/bulk/", enter_dashboard),
    Shot("bulk-new", HOME + "members/", ask_bulk),
    Shot("bulk", HOME + "members/", foresee_bulk),
    Shot("approvals", HOME + "approvals/", enter_dashboard),
    Shot("rules", HOME + "rules/", enter_dashboard),
    Shot("rule-new", HOME + "rules/new/", enter_dashboard),
    Shot("rule", HOME + "rules/", follow(RULE)),
    Shot("rule-edit", HOME + "rules/basket/edit/", enter_dashboard),
    Shot("rule-retire", HOME + "rules/basket/retire/", enter_dashboard),
    Shot("tiers", HOME + "tiers/", enter_dashboard),
    Shot("tiers-change", HOME + "tiers/change/", enter_dashboard),
    Shot("units", HOME + "units/", enter_dashboard),
    Shot("unit-new", HOME + "units/new/", enter_dashboard),
    Shot("unit-refused", HOME + "units/new/", refuse_unit),
    Shot("unit-limits", HOME + "units/stars/limits/", enter_dashboard),
    Shot("imports", HOME + "imports/", enter_dashboard),
    Shot("import", HOME + "imports/", follow("tbody th a")),
    Shot("import-columns", HOME + "imports/", upload_orders),
    Shot("import-preview", HOME + "imports/", map_columns),
    Shot("stores", HOME + "stores/", enter_dashboard),
    Shot("store", HOME + "stores/", follow("tbody th a")),
    Shot("program", HOME + "program/", enter_dashboard),
    Shot("team", HOME + "team/", enter_dashboard),
    Shot("team-member", HOME + "team/", follow("tbody th a")),
    Shot("keys", HOME + "keys/", enter_dashboard),
    Shot("key-new", HOME + "keys/new/", enter_dashboard),
    Shot("audit", HOME + "audit/", enter_dashboard),
    Shot("audit-none", HOME + "audit/?who=nobody-of-that-name", enter_dashboard),
    Shot("programs", "/dashboard/", enter_dashboard),
    Shot("account", "/accounts/profile/", enter_dashboard),
    Shot("account-email", "/accounts/email/", enter_dashboard),
    Shot("account-password", "/accounts/password/change/", enter_dashboard),
    Shot("account-factor", "/accounts/2fa/", enter_dashboard),
    Shot("account-passkeys", "/accounts/2fa/webauthn/", enter_dashboard),
    Shot("account-devices", "/accounts/sessions/", enter_dashboard),
    Shot("till-store", TILL, enter_dashboard),
    Shot("till", TILL, choose_store),
    Shot("till-found", TILL, find_at_till),
    Shot("till-amount", TILL, press_amount),
    Shot("till-done", TILL, give),
    Shot("till-join", TILL, take_in),
    Shot("till-stamps", "/programs/new/", tap_stamps),
    Shot("till-reward", TILL, show_code_at_till),
    Shot("unit-stamp", "/programs/new/", set_stamp),
    Shot("gallery", "/programs/new/", enter_dashboard),
    Shot("gallery-name", "/programs/new/fruce/", enter_dashboard),
    Shot("rewards", HOME + "rewards/", enter_dashboard),
    Shot("reward", HOME + "rewards/candle/", enter_dashboard),
    Shot("reward-edit", HOME + "rewards/candle/edit/", enter_dashboard),
    Shot("redemptions", HOME + "redemptions/?show=all", enter_dashboard),
    Shot("redemption", HOME + "redemptions/?show=all", follow("tbody th a")),
    Shot("member-hold", MEMBER, of_member("do/hold/")),
    Shot("portal-rewards", PORTAL + "rewards/", enter_portal),
    Shot("portal-reward", PORTAL + "rewards/evening/", enter_portal),
    Shot("portal-redemption", PORTAL + "mine/", take_reward),
    Shot("portal-mine", PORTAL + "mine/", enter_portal),
    Shot("not-found", HOME + "nowhere/", enter_dashboard),
    Shot("api-docs", "/api/docs/"),
)

# The pictures of docs/screens: of what, and in which size, theme and language.
SHOWN = {
    "home": ("home", "desktop", "light", "en"),
    "member": ("member", "desktop", "light", "en"),
    "member-dark": ("member", "desktop", "dark", "en"),
    "rules": ("rules", "desktop", "light", "en"),
    "rule": ("rule-edit", "desktop", "dark", "en"),
    "import": ("import-preview", "desktop", "light", "en"),
    "home-fa": ("home", "desktop", "light", "fa"),
    "members-he": ("members-ticked", "phone", "light", "he"),
    "till": ("till-amount", "desktop", "light", "en"),
    "till-phone": ("till-done", "phone", "dark", "en"),
    "till-stamps": ("till-stamps", "phone", "light", "en"),
    "gallery": ("gallery", "desktop", "light", "en"),
    "portal": ("portal-home", "phone", "light", "en"),
    "portal-rewards": ("portal-rewards", "desktop", "light", "en"),
    "portal-redemption-he": ("portal-redemption", "phone", "light", "he"),
    "portal-ar": ("portal-home", "phone", "dark", "ar"),
    "portal-history": ("portal-history", "phone", "light", "en"),
    "portal-card-fa": ("portal-card", "phone", "light", "fa"),
}
