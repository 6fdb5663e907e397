"""The tables of a result: breakdowns, moves between tiers, rules, and the ten most affected members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from analytics.backtests.results import REST, Result
from analytics.backtests.sums import Row
from analytics.models import Backtest
from loyaltysite.kit import formats
from members.models import Member, Order, Program, Store
from rewards.tiers import editing
from rewards.views import tier_words

WATCHED = {"waiting": "draft", "inside": "good", "outside": "bad", "over": "bare"}


def rows(found: Mapping[str, Row], names: Mapping[str, str], result: Result) -> list[dict[str, Any]]:
    """A breakdown, the largest difference first; the last places of a row are before and after."""
    told = []
    for key, row in found.items():
        before, after = result.minor(row[-2]), result.minor(row[-1])
        told.append(
            {
                "name": _("Others") if key == REST else names.get(key, key) or _("None"),
                "orders": row[0],
                "sales": row[1],
                "before": before,
                "after": after,
                "change": after - before,
            }
        )
    return sorted(told, key=lambda one: (-abs(one["change"]), -one["sales"]))


def stores(program: Program) -> dict[str, str]:
    return {str(pk): name for pk, name in Store.objects.filter(program=program).values_list("pk", "name")}


def tiers(program: Program) -> dict[str, str]:
    draft = editing.read(program)
    return {tier.key: tier_words.name_of(tier) for tier in draft.tiers} if draft else {}


def moves(result: Result, program: Program) -> list[dict[str, Any]]:
    """Who would end in another tier, from where to where, the most first; then who stays."""
    names = tiers(program)
    told = []
    for key, count in result.sums.moves.items():
        before, _arrow, after = key.partition(">")
        told.append({"before": names.get(before, before), "after": names.get(after, after), "count": count, "is_move": before != after})  # fmt: skip
    return sorted((one for one in told if one["before"] or one["after"]), key=lambda one: (not one["is_move"], -one["count"]))  # fmt: skip


def segments(result: Result) -> list[dict[str, Any]]:
    """Those of today, the largest difference first."""
    told = [
        {
            **row,
            "before": result.minor(row["before"]),
            "after": result.minor(row["after"]),
            "change": result.minor(row["after"]) - result.minor(row["before"]),
        }
        for row in result.more["segments"]
    ]
    return sorted(told, key=lambda one: -abs(one["change"]))


def rules(result: Result) -> list[dict[str, Any]]:
    """What each rule gave in both worlds, before anything came back."""
    told = [
        {"name": result.more["rules"].get(key, key), "times": row[0], "before": result.minor(row[1]), "times_after": row[2],
         "after": result.minor(row[3]), "change": result.minor(row[3]) - result.minor(row[1])}
        for key, row in result.sums.rules.items()
    ]  # fmt: skip
    return sorted(told, key=lambda one: (-abs(one["change"]), -one["after"]))


def budgets(result: Result) -> list[str]:
    """When the budgets of rules would have been used up; the replay does not cut by them."""
    told = []
    for key, limit in result.more["limits"].items():
        given = 0
        for day, (_before, after) in sorted(result.sums.budgets.get(key, {}).items()):
            given += after
            if given >= limit:
                names = {
                    "rule": result.more["rules"].get(key, key),
                    "day": formats.format_date(date.fromisoformat(day)),
                }
                told.append(_("The budget of “%(rule)s” would have been used up on %(day)s; what came after is counted on.") % names)  # fmt: skip
                break
    return told


def affected(result: Result, program: Program) -> list[dict[str, Any]]:
    """The members with the largest differences, and why."""
    found = result.more["affected"]
    members = Member.objects.in_bulk([row["member"] for row in found])
    orders = dict(Order.objects.filter(pk__in=[row["order"] for row in found if row["order"]]).values_list("pk", "external_id"))  # fmt: skip
    names = tiers(program)
    told = []
    for row in found:
        member = members.get(row["member"])
        if member is None:
            continue
        told.append(
            {
                "member": member,
                "orders": row["orders"],
                "before": result.minor(row["before"]),
                "after": result.minor(row["after"]),
                "change": result.minor(row["after"] - row["before"]),
                "tiers": [names.get(key, key) for key in row["tiers"]]
                if row["tiers"][0] != row["tiers"][1]
                else [],
                "rules": [
                    {"name": name, "change": result.minor(after - before)}
                    for name, before, after in row["rules"]
                ],
                "order": orders.get(row["order"], ""),
            }
        )
    return told


def watched(backtest: Backtest) -> dict[str, Any] | None:
    """How the published draft goes beside its forecast."""
    if backtest.watch == Backtest.Watch.WAITING or not backtest.live.get("band"):
        return None
    low, middle, high = backtest.live["band"]
    share = backtest.live.get("share")
    return {
        "state": backtest.get_watch_display(),
        "badge": WATCHED[backtest.watch],
        "share": "" if share is None else formats.format_percent(share, decimals=2),
        "low": formats.format_percent(low, decimals=2),
        "middle": formats.format_percent(middle, decimals=2),
        "high": formats.format_percent(high, decimals=2),
        "days": backtest.live["days"],
    }
