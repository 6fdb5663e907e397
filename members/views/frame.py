"""What stands around every page of the dashboard: the way through the program, where one is, the search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members import access, logos
from members.models import Role, TeamMembership


@dataclass(frozen=True, slots=True)
class Page:
    """A place in the navigation. Links to the apps above are URL names, so that imports run downwards only."""

    name: str
    url: str
    label: str | Promise
    icon: str
    keys: str = ""
    group: str | Promise = ""
    role: Role = Role.ANALYST


# In the order of the navigation; pages of one group stand together.
PAGES: tuple[Page, ...] = (
    Page("home", "analytics:home", _("Home"), "home", "G H"),
    Page("members", "rewards:members", _("Members"), "members", "G M"),
    Page("households", "rewards:households", _("Households"), "home", ""),
    Page("rules", "rewards:rules", _("Rules"), "rules", "G R", _("Earning")),
    Page("tiers", "rewards:tiers", _("Tiers"), "flag", "", _("Earning")),
    Page("referrals", "rewards:referrals", _("Referrals"), "members", "", _("Earning")),
    Page("badges", "rewards:badges", _("Badges"), "star", "G B", _("Earning")),
    Page("units", "rewards:units", _("Units"), "star", "", _("Earning")),
    Page("rewards", "rewards:rewards", _("Rewards"), "ticket", "G W", _("Spending")),
    Page("surprises", "rewards:surprises", _("Surprises"), "star", "", _("Spending")),
    Page("redeemed", "rewards:redeemed", _("Redemptions"), "check", "", _("Spending")),
    Page("causes", "rewards:causes", _("Good causes"), "heart", "", _("Spending")),
    Page("coupons", "rewards:coupons", _("Coupons"), "scan", "", _("Spending")),
    Page("pools", "rewards:pools", _("Code pools"), "list", "", _("Spending")),
    Page("plans", "rewards:plans", _("Plans"), "card", "", _("Spending")),
    Page("gift_cards", "rewards:gift_cards", _("Gift cards"), "card", "", _("Spending")),
    Page("segments", "campaigns:segments", _("Segments"), "members", "G E", _("Campaigns")),
    Page("journeys", "campaigns:journeys", _("Journeys"), "journey", "G J", _("Campaigns")),
    Page("experiments", "campaigns:experiments", _("Experiments"), "chart", "G X", _("Campaigns")),
    Page("messages", "campaigns:messages", _("Messages"), "mail", "", _("Campaigns")),
    Page("calendar", "campaigns:calendar", _("Calendar"), "cal", "G C", _("Campaigns")),
    Page("kpis", "analytics:kpis", _("Key figures"), "chart", "G K", _("Analytics")),
    Page("cohorts", "analytics:cohorts", _("Cohorts"), "members", "", _("Analytics")),
    Page("value", "analytics:value", _("Customer value"), "heart", "G V", _("Analytics")),
    Page("backtests", "analytics:backtests", _("Back-tests"), "clock", "", _("Analytics")),
    Page("liability", "analytics:liability", _("Liability"), "card", "", _("Analytics")),
    Page("budgets", "analytics:budgets", _("Budgets"), "list", "", _("Analytics")),
    Page("roi", "analytics:roi", _("Return on investment"), "chart", "", _("Analytics")),
    Page("goals", "analytics:goals", _("Goals"), "flag", "G O", _("Analytics")),
    Page("alerts", "analytics:alerts", _("Alerts"), "bell", "G L", _("Analytics")),
    Page("reviews", "analytics:reviews", _("Reviews"), "check", "", _("Analytics")),
    Page("attribution", "analytics:attribution", _("Attribution"), "split", "", _("Analytics")),
    Page("views", "analytics:views", _("Saved views"), "list", "", _("Analytics")),
    Page("duties", "campaigns:duties", _("Tasks"), "check", "", _("Operations")),
    Page("imports", "rewards:imports", _("Imports"), "list", "G I", _("Operations")),
    Page("approvals", "rewards:approvals", _("Approvals"), "check", "G A", _("Operations")),
    Page("stores", "members:stores", _("Stores"), "shop", "G S", _("Operations")),
    Page("program", "members:program", _("Program"), "gear", "", _("Settings"), Role.OWNER),
    Page("team", "members:team", _("Team"), "user", "", _("Settings"), Role.MANAGER),
    Page("keys", "members:keys", _("API keys"), "key", "", _("Settings"), Role.OWNER),
    Page("webhooks", "members:webhooks", _("Webhooks"), "out", "", _("Settings"), Role.OWNER),
    Page("audit", "members:audit", _("Audit"), "list", "", _("Settings"), Role.MANAGER),
)


def around(
    team: TeamMembership, *, current: str, crumbs: Iterable[tuple[str, str]] = (), search: bool = True
) -> dict[str, Any]:
    """The context of base_dashboard.html; `crumbs` are (address, text) after the page named `current`."""
    program = team.program
    trail = [*_own_crumb(team, current), *({"url": url, "text": text} for url, text in crumbs)]
    return {
        "program": program,
        "logo_url": logos.address_of(program),
        "navigation": list(_groups(team, current)),
        "crumbs": trail,
        "search_url": reverse("rewards:members", args=[program.slug]) if search else "",
    }


def _groups(team: TeamMembership, current: str) -> Iterator[dict[str, Any]]:
    """The groups with the pages that this role may open."""
    open_to = [page for page in PAGES if access.may(team.role, page.role)]
    for title, pages in groupby(open_to, key=lambda page: page.group):
        yield {"title": title, "items": [_item(team, page, current) for page in pages]}


def _item(team: TeamMembership, page: Page, current: str) -> dict[str, Any]:
    return {
        "url": reverse(page.url, args=[team.program.slug]),
        "label": page.label,
        "icon": page.icon,
        "key": page.keys,
        "current": page.name == current,
    }


def _own_crumb(team: TeamMembership, current: str) -> list[dict[str, Any]]:
    return [
        {"url": reverse(page.url, args=[team.program.slug]), "text": page.label}
        for page in PAGES
        if page.name == current
    ]
