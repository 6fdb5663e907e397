"""What stands around every page of the dashboard: the way through the program, where one is, the search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.models import Program

# Name, URL name, label, icon, keys. Links to the apps above are URL names, so that imports run downwards only.
PAGES: tuple[tuple[str, str, str | Promise, str, str], ...] = (
    ("home", "analytics:home", _("Home"), "home", "G H"),
    ("members", "rewards:members", _("Members"), "members", "G M"),
)


def around(
    program: Program, *, current: str, crumbs: Iterable[tuple[str, str]] = (), search: bool = True
) -> dict[str, Any]:
    """The context of base_dashboard.html; `crumbs` are (address, text) after the page named `current`."""
    trail = [*_own_crumb(program, current), *({"url": url, "text": text} for url, text in crumbs)]
    return {
        "program": program,
        "navigation": [{"title": "", "items": [_item(program, page, current) for page in PAGES]}],
        "crumbs": trail,
        "search_url": reverse("rewards:members", args=[program.slug]) if search else "",
    }


def _item(program: Program, page: tuple[str, str, str | Promise, str, str], current: str) -> dict[str, Any]:
    name, url, label, icon, key = page
    return {
        "url": reverse(url, args=[program.slug]),
        "label": label,
        "icon": icon,
        "key": key,
        "current": name == current,
    }


def _own_crumb(program: Program, current: str) -> list[dict[str, Any]]:
    return [
        {"url": reverse(url, args=[program.slug]), "text": label}
        for name, url, label, _icon, _key in PAGES
        if name == current
    ]
