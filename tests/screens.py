"""Pictures of pages on phone and desktop, light and dark, in each direction.

    python -m tests.screens [--url http://127.0.0.1:8000] [--only signin] [--out .var/screens]

Without --url a site of its own with the demo is started (minutes, the first time) and stopped. A page of wider content than its window, or a complaint of the browser's console, is reported and fails the run.
"""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.fixtures.browser import FLAGS, NAMES

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ar", "he", "fa")
SLICE = 2600  # pixels: a page longer than this is cut, so that a picture stays readable


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
        page.wait_for_url("**/dashboard/**")
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
    page.wait_for_load_state("networkidle")


def open_member(page: Page) -> None:
    """The first member of the list, with the latest line of the history unfolded."""
    enter_dashboard(page)
    page.locator("tbody th a").first.click()
    page.locator("details.why > summary").first.click()


def open_orders(page: Page) -> None:
    open_member(page)
    page.locator("nav.tabs a").last.click()


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    before: Callable[[Page], None] = stay


SHOTS = (
    Shot("styleguide", "/dashboard/styleguide/"),
    Shot("navigation", "/dashboard/styleguide/", open_navigation),
    Shot("signin", "/accounts/login/"),
    Shot("signin-refused", "/accounts/login/", type_wrong_password),
    Shot("signin-code", "/accounts/login/code/"),
    Shot("signin-confirm", "/accounts/login/code/", ask_for_code),
    Shot("signin-wrong", "/accounts/login/code/", type_wrong_code),
    Shot("password-reset", "/accounts/password/reset/"),
    Shot("portal-signin", "/p/harbour-lane/sign-in/"),
    Shot("portal-confirm", "/p/harbour-lane/sign-in/", ask_portal_code),
    Shot("portal-home", "/p/harbour-lane/", enter_portal),
    Shot("portal-card", "/p/harbour-lane/card/", enter_portal),
    Shot("portal-lots", "/p/harbour-lane/lots/", enter_portal),
    Shot("portal-history", "/p/harbour-lane/history/", unfold_history),
    Shot("portal-profile", "/p/harbour-lane/profile/", enter_portal),
    Shot("portal-consents", "/p/harbour-lane/consents/", enter_portal),
    Shot("portal-statement", "/p/harbour-lane/statement/", enter_portal),
    Shot("portal-leave", "/p/harbour-lane/leave/", enter_portal),
    Shot("portal-join", "/p/harbour-lane/join/"),
    Shot("portal-joined", "/p/harbour-lane/joined/"),
    Shot("portal-verify", "/p/harbour-lane/verify/?code=W1.x"),
    Shot("portal-goodbye", "/p/harbour-lane/goodbye/"),
    Shot("home", "/dashboard/harbour-lane/", enter_dashboard),
    Shot("home-year", "/dashboard/harbour-lane/?period=year", enter_dashboard),
    Shot("members", "/dashboard/harbour-lane/members/", enter_dashboard),
    Shot("members-found", "/dashboard/harbour-lane/members/?q=mar&tier=gold", enter_dashboard),
    Shot("members-none", "/dashboard/harbour-lane/members/?q=123456789012", enter_dashboard),
    Shot("member", "/dashboard/harbour-lane/members/?q=customer", open_member),
    Shot("member-orders", "/dashboard/harbour-lane/members/?q=customer", open_orders),
    Shot("member-adjust", "/dashboard/harbour-lane/members/?q=customer", of_member("do/adjust/")),
    Shot("member-tier", "/dashboard/harbour-lane/members/?q=customer", of_member("do/set-tier/")),
    Shot("member-merge", "/dashboard/harbour-lane/members/?q=customer", of_member("merge/")),
    Shot("join", "/dashboard/harbour-lane/members/new/", enter_dashboard),
    Shot("bulk-list", "/dashboard/harbour-lane/members/bulk/", enter_dashboard),
    Shot("approvals", "/dashboard/harbour-lane/approvals/", enter_dashboard),
    Shot("rules", "/dashboard/harbour-lane/rules/", enter_dashboard),
    Shot("rule-new", "/dashboard/harbour-lane/rules/new/", enter_dashboard),
    Shot("rule", "/dashboard/harbour-lane/rules/", follow("main a[href*='/rules/']:not([href$='/rules/new/'])")),
    Shot("rule-edit", "/dashboard/harbour-lane/rules/", follow("main a[href*='/rules/']:not([href$='/rules/new/'])",
         lambda page: page.goto(urljoin(page.url, "edit/")) and None)),
    Shot("tiers", "/dashboard/harbour-lane/tiers/", enter_dashboard),
    Shot("tiers-change", "/dashboard/harbour-lane/tiers/change/", enter_dashboard),
    Shot("units", "/dashboard/harbour-lane/units/", enter_dashboard),
    Shot("unit-new", "/dashboard/harbour-lane/units/new/", enter_dashboard),
    Shot("imports", "/dashboard/harbour-lane/imports/", enter_dashboard),
    Shot("stores", "/dashboard/harbour-lane/stores/", enter_dashboard),
    Shot("program", "/dashboard/harbour-lane/program/", enter_dashboard),
    Shot("team", "/dashboard/harbour-lane/team/", enter_dashboard),
    Shot("keys", "/dashboard/harbour-lane/keys/", enter_dashboard),
    Shot("audit", "/dashboard/harbour-lane/audit/", enter_dashboard),
    Shot("account", "/accounts/profile/", enter_dashboard),
    Shot("account-email", "/accounts/email/", enter_dashboard),
    Shot("account-factor", "/accounts/2fa/", enter_dashboard),
    Shot("account-devices", "/accounts/sessions/", enter_dashboard),
    Shot("till", "/till/harbour-lane/", choose_store),
    Shot("till-found", "/till/harbour-lane/", find_at_till),
    Shot("portal-join", "/p/harbour-lane/join/"),
    Shot("portal-profile", "/p/harbour-lane/profile/", enter_portal),
    Shot("portal-consents", "/p/harbour-lane/consents/", enter_portal),
    Shot("portal-statement", "/p/harbour-lane/statement/", enter_portal),
    Shot("portal-leave", "/p/harbour-lane/leave/", enter_portal),
    Shot("portal-verify", "/p/harbour-lane/verify/"),
    Shot("api-docs", "/api/docs/"),
)  # fmt: skip


def take(
    browser: Browser, *, url: str, shot: Shot, size: str, theme: str, language: str, out: Path
) -> Iterator[str]:
    """One picture, cut into readable lengths; yields what is wrong with the page."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme=theme, locale=language
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shot.path)
    shot.before(page)
    page.wait_for_load_state("networkidle")
    name = f"{shot.name}.{size}.{theme}.{language}"
    length = page.evaluate("document.documentElement.scrollHeight")
    for part in range(max(1, -(-length // SLICE))):
        area = {
            "x": 0,
            "y": part * SLICE,
            "width": width,
            "height": max(height, min(SLICE, length - part * SLICE)),
        }
        page.screenshot(path=out / f"{name}.{part}.png", full_page=True, clip=area)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        yield f"{name}: wider than its window"
    yield from (f"{name}: {text}" for text in complaints if "status of 4" not in text)
    context.close()


@contextmanager
def serving(url: str, var: Path) -> Iterator[str]:
    """The site at `url`, or one of our own with the demo."""
    if url:
        yield url
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.environ["WAFA_VAR"] = str(var)
    command = [sys.executable, "-m", "loyaltysite.run"]
    own = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PORT": str(port)}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert own.stdout is not None
        for line in own.stdout:
            sys.stderr.write(line)
            if "Wafa is ready" in line:
                break
        else:
            raise SystemExit("the site did not start")
        # What it goes on saying must not fill the pipe.
        Thread(target=own.stdout.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        own.send_signal(signal.SIGINT)
        own.wait(timeout=60)


def find_browser() -> str:
    import shutil

    return next(filter(None, map(shutil.which, NAMES)), "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a site that is running")
    parser.add_argument("--only", default="", help="names that begin with this")
    parser.add_argument("--size", choices=SIZES, action="append")
    parser.add_argument("--theme", choices=THEMES, action="append")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--out", type=Path, default=ROOT / ".var" / "screens")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with serving(asked.url, ROOT / ".var" / "pictures") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        shots = [shot for shot in SHOTS if shot.name.startswith(asked.only)]
        for shot, size, theme, language in product(
            shots, asked.size or SIZES, asked.theme or THEMES, asked.language or ("en", "ar", "he")
        ):
            wrong += take(
                browser, url=url, shot=shot, size=size, theme=theme, language=language, out=asked.out
            )
        browser.close()
    for line in wrong:
        sys.stderr.write(line + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
