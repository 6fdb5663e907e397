"""When points become usable and when they end: expiry and pending policies (SEMANTICS 7 to 10), pure functions.

Expiry: {} or {"kind": "none"}; {"kind": "days"|"months", "count": N}; {"kind": "end_of", "period": "month"|"quarter"|
"year", "after": N}; {"kind": "dates", "dates": ["06-30", "12-31"]}.
Pending: {} or {"kind": "none"}; {"kind": "days"|"hours", "count": N}; {"kind": "date", "on": "2026-03-01"};
{"kind": "event", "event": "delivered"}.
Lapse: {} or {"months"|"days": N, "by": ["order", "earn", "spend", or kinds of events]}: what is usable ends together
when none of these happened for so long; lots keep their own dates.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from loyaltysite.kit.errors import DomainError

LONGEST = 36_525
PERIOD_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class PolicyError(DomainError):
    code = "policy_invalid"


def add_months(day: date, months: int) -> date:
    """`day` plus months, clamped to the last day of the month (31 January + 1 month = 28 or 29 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment on the clocks of a zone. Many ask for that of one order."""
    # In UTC equal times are one moment; elsewhere the two hours of a changed clock would be taken for one.
    return _local_time(moment, zone) if moment.tzinfo is UTC else moment.astimezone(zone)


@lru_cache(maxsize=4096)
def _local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def last_day(policy: Mapping[str, object], active_on: date) -> date | None:
    """The last day on which a lot activated on `active_on` can be used; None = it never ends by itself."""
    kind = policy.get("kind", "none")
    if kind == "days":
        return active_on + timedelta(days=int(str(policy["count"])))
    if kind == "months":
        return add_months(active_on, int(str(policy["count"])))
    if kind == "end_of":
        return _end_of(str(policy["period"]), active_on, int(str(policy.get("after", 0))))
    if kind == "dates":
        return _next_date(tuple(str(d) for d in policy["dates"]), active_on)  # type: ignore[attr-defined]
    return None


def _end_of(period: str, day: date, after: int) -> date:
    months = PERIOD_MONTHS[period]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return add_months(first, months * (after + 1)) - timedelta(days=1)


def _next_date(month_days: tuple[str, ...], day: date) -> date:
    pairs = [tuple(int(part) for part in text.split("-")) for text in month_days]
    found = (
        date(year, month, min(number, monthrange(year, month)[1]))
        for year in (day.year, day.year + 1)
        for month, number in pairs
    )
    return min(candidate for candidate in found if candidate >= day)


@lru_cache(maxsize=65536)
def _expiry_of_day(policy: str, active_on: date, zone: ZoneInfo) -> datetime | None:
    last = last_day(json.loads(policy), active_on)
    return None if last is None else day_start(last + timedelta(days=1), zone)


def expires_at(policy: str, active_at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first moment at which a lot can no longer be used: the start of the day after its last day (10).

    `policy` is the canonical JSON text of an expiry policy ("" = none)."""
    if not policy:
        return None
    return _expiry_of_day(policy, local_time(active_at, zone).date(), zone)


def active_at(
    policy: Mapping[str, object], earned_at: datetime, zone: ZoneInfo
) -> tuple[datetime | None, str]:
    """When points earned at `earned_at` become usable, and the event they await where only that can tell."""
    kind = policy.get("kind", "none")
    if kind in ("days", "hours"):
        return earned_at + timedelta(**{str(kind): int(str(policy["count"]))}), ""
    if kind == "date":
        return max(earned_at, day_start(date.fromisoformat(str(policy["on"])), zone)), ""
    if kind == "event":
        return None, str(policy["event"])
    return earned_at, ""


@dataclass(frozen=True, slots=True)
class Lapse:
    """Inactivity (9): `by` are the activities that push the end of everything forward."""

    months: int
    days: int
    by: frozenset[str]
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """When what is usable ends if nothing happens any more: the start of the day after its last day (10)."""
        day = local_time(moment, self.zone).date()
        last = add_months(day, self.months) + timedelta(days=self.days)
        return day_start(last + timedelta(days=1), self.zone)


def lapse_of(policy: Mapping[str, Any], zone: ZoneInfo) -> Lapse | None:
    """The policy of inactivity; None where points do not lapse."""
    if not policy:
        return None
    return Lapse(int(policy.get("months", 0)), int(policy.get("days", 0)), frozenset(policy["by"]), zone)


def check_lapse(policy: Mapping[str, Any]) -> None:
    """Raise PolicyError unless `policy` is one of inactivity."""
    if not policy:
        return
    counts = [policy[name] for name in ("months", "days") if name in policy]
    if len(counts) != 1 or type(counts[0]) is not int or not 1 <= counts[0] <= LONGEST:
        raise PolicyError(_("The length of a policy is a whole number of at least 1."), field="lapse")
    by = policy.get("by")
    if not isinstance(by, list) or not by or policy.keys() - {"months", "days", "by"}:
        raise PolicyError(_("Choose at least one activity."), field="lapse")
    if not all(isinstance(name, str) and 1 <= len(name) <= 32 for name in by):
        raise PolicyError(_("The name of an event has 1 to 32 characters."), field="lapse")


def check_expiry(policy: Mapping[str, object]) -> None:
    """Raise PolicyError unless `policy` is an expiry policy."""
    _check(
        policy,
        {
            "none": (),
            "days": ("count",),
            "months": ("count",),
            "end_of": ("period",),
            "dates": ("dates",),
        },
    )
    if policy.get("kind") == "end_of" and policy["period"] not in PERIOD_MONTHS:
        raise PolicyError(_("The period is month, quarter or year."), field="expiry")
    try:
        last_day(policy, date(2024, 2, 29))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise PolicyError(_("This expiry policy cannot be read."), field="expiry") from error


def check_pending(policy: Mapping[str, object]) -> None:
    """Raise PolicyError unless `policy` is a pending policy."""
    _check(
        policy, {"none": (), "days": ("count",), "hours": ("count",), "date": ("on",), "event": ("event",)}
    )
    try:
        active_at(policy, datetime(2024, 2, 29, tzinfo=UTC), ZoneInfo("UTC"))
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise PolicyError(_("This pending policy cannot be read."), field="pending") from error
    if policy.get("kind") == "event" and not 1 <= len(str(policy["event"])) <= 32:
        raise PolicyError(_("The name of an event has 1 to 32 characters."), field="pending")


def _check(policy: Mapping[str, object], known: dict[str, tuple[str, ...]]) -> None:
    kind = str(policy.get("kind", "none"))
    if kind not in known or any(key not in policy for key in known[kind]):
        raise PolicyError(_("Unknown or incomplete policy: %(kind)s.") % {"kind": kind})
    count = policy.get("count", 1)
    if type(count) is not int or not 1 <= count <= LONGEST:
        raise PolicyError(_("The length of a policy is a whole number of at least 1."))
