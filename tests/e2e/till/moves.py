"""A cashier's moves at the till in a browser, and the sizes of its screens."""

from __future__ import annotations

from django_scopes import scope

from members.models import Order

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 1180, "height": 820}
# What is too small for a finger.
SMALL = """() => [...document.querySelectorAll("main :is(a, button, summary)")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && (box.height < 47.5 || box.width < 47.5);
}).map((one) => one.outerHTML.slice(0, 120))"""


# The till takes a network for away that is silent for four seconds, as a busy machine may be: here it waits.
PATIENT = """
AbortSignal.timeout = () => new AbortController().signal;
globalThis.beforePatience ??= setTimeout;
globalThis.setTimeout = (work, after, ...rest) => beforePatience(work, IS_ONLINE && after === 4000 ? 120_000 : after, ...rest);
"""


def patient(page, *, is_online=False):
    """Only a network that a test cuts is away, from the next page on; and where none is cut every answer is waited for."""
    page.add_init_script(PATIENT.replace("IS_ONLINE", "true" if is_online else "false"))


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
