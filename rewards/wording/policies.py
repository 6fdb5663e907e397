"""Expiry and pending policies in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats


def say_expiry(policy: Mapping[str, Any]) -> str:
    """How long points last."""
    kind = policy.get("kind", "none")
    if kind in ("days", "months"):
        count = int(policy["count"])
        texts = {
            "days": ngettext("ends after %(count)s day", "ends after %(count)s days", count),
            "months": ngettext("ends after %(count)s month", "ends after %(count)s months", count),
        }
        return texts[kind] % {"count": formats.format_number(count)}
    if kind == "end_of":
        return _say_end_of(str(policy["period"]), int(policy.get("after", 0)))
    if kind == "dates":
        days = [formats.format_date(date.fromisoformat(f"2000-{day}"), form="day") for day in policy["dates"]]
        return _("ends on the next of: %(days)s") % {"days": _(", ").join(days)}
    return _("never ends")


def say_lapse(policy: Mapping[str, Any]) -> str:
    """When everything ends for want of activity; "" where it never does."""
    if not policy:
        return ""
    kind = "days" if "days" in policy else "months"
    count = int(policy[kind])
    texts = {
        "days": ngettext(
            "All ends after %(count)s day without any of these: %(activities)s",
            "All ends after %(count)s days without any of these: %(activities)s",
            count,
        ),
        "months": ngettext(
            "All ends after %(count)s month without any of these: %(activities)s",
            "All ends after %(count)s months without any of these: %(activities)s",
            count,
        ),
    }
    words = {"order": _("an order"), "earn": _("earning"), "spend": _("spending")}
    activities = _(", ").join(words.get(name, name) for name in policy["by"])
    return texts[kind] % {"count": formats.format_number(count), "activities": activities}


def _say_end_of(period: str, after: int) -> str:
    texts = {
        "month": (_("ends with the month"), _("ends with the month, %(after)s later")),
        "quarter": (_("ends with the quarter"), _("ends with the quarter, %(after)s later")),
        "year": (_("ends with the year"), _("ends with the year, %(after)s later")),
    }
    now, later = texts[period]
    return later % {"after": formats.format_number(after)} if after else now


def say_pending(policy: Mapping[str, Any]) -> str:
    """From when points can be used."""
    kind = policy.get("kind", "none")
    if kind in ("days", "hours"):
        count = int(policy["count"])
        texts = {
            "days": ngettext("usable after %(count)s day", "usable after %(count)s days", count),
            "hours": ngettext("usable after %(count)s hour", "usable after %(count)s hours", count),
        }
        return texts[kind] % {"count": formats.format_number(count)}
    if kind == "date":
        day = date.fromisoformat(str(policy["on"]))
        return _("usable from %(day)s") % {"day": formats.format_date(day)}
    if kind == "event":
        return _("usable when “%(event)s” comes") % {"event": policy["event"]}
    return _("usable at once")
