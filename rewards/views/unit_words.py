"""A unit told in plain words, with an example that follows what is typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats
from members.models import Program
from rewards import policies
from rewards.models import Unit
from rewards.wording import policies as policies_words

EXAMPLE = 120


def worth(unit: Unit, program: Program, *, amount: int = EXAMPLE) -> str:
    """120 Stars are worth £1.20."""
    minor = Fraction(unit.worth_numerator, unit.worth_denominator) * amount
    words = formats.format_units(amount * 10**unit.precision, unit)
    if not minor:
        return _("%(units)s have no worth in money.") % {"units": words}
    money = formats.format_money(round(minor), program.currency)
    return _("%(units)s are worth %(money)s.") % {"units": words, "money": money}


def end(unit: Unit, program: Program, now: datetime) -> str:
    """Until when points earned now could be used."""
    active, awaits = policies.active_at(unit.pending, now, program.zone)
    starts = _start(unit, active, awaits, program, now)
    last = policies.last_day(unit.expiry, (active or now).astimezone(program.zone).date())
    if last is None:
        return starts + " " + _("They never end.")
    if awaits:
        # When that will be, nobody knows; the example takes today.
        text = _("If that were today, their last day would be %(day)s.")
        return starts + " " + text % {"day": formats.format_date(last)}
    return starts + " " + _("Their last day is %(day)s.") % {"day": formats.format_date(last)}


def shortfall(unit: Unit) -> str:
    """What a return does when the points are gone."""
    some = formats.unit_name(10 * 10**unit.precision, unit)
    if unit.shortfall == Unit.Shortfall.FORGIVE:
        return _("Goods come back after the %(units)s were used: what is missing is forgiven.") % {
            "units": some
        }
    if unit.shortfall == Unit.Shortfall.WITHIN:
        return _("Goods come back after the %(units)s were used: only what is left is taken back.") % {
            "units": some
        }
    if unit.arrears_limit is None:
        return _("Goods come back after the %(units)s were used: the next ones make up for it.") % {
            "units": some
        }
    most = formats.format_units(unit.arrears_limit, unit)
    text = _("Goods come back after the %(units)s were used: the next ones make up for it, up to %(most)s.")
    return text % {"units": some, "most": most}


def _start(unit: Unit, active: datetime | None, awaits: str, program: Program, now: datetime) -> str:
    some = formats.unit_name(10 * 10**unit.precision, unit)
    if awaits:
        return _("%(units)s of an order can be used once the shop reports “%(event)s”.") % {
            "units": some,
            "event": awaits,
        }
    if active is None or active <= now:
        return _("%(units)s earned today can be used at once.") % {"units": some}
    if active - now < timedelta(days=1):
        hours = round((active - now) / timedelta(hours=1))
        text = ngettext(
            "%(units)s earned now can be used in %(hours)s hour.",
            "%(units)s earned now can be used in %(hours)s hours.",
            hours,
        )
        return text % {"units": some, "hours": formats.format_number(hours)}
    day = formats.format_date(active, tz=program.zone)
    return _("%(units)s earned today can be used from %(day)s on.") % {"units": some, "day": day}


def all_of(unit: Unit, program: Program, now: datetime) -> list[str]:
    lapse = policies_words.say_lapse(unit.lapse)
    return [worth(unit, program), end(unit, program, now), *([f"{lapse}."] if lapse else []), shortfall(unit)]


def ends(policy: dict[str, Any]) -> str:
    """An expiry policy in a few words, for a table."""
    kind, count = policy.get("kind", "none"), int(policy.get("count", 0))
    number = formats.format_number(count)
    if kind == "days":
        return ngettext("after %(count)s day", "after %(count)s days", count) % {"count": number}
    if kind == "months":
        return ngettext("after %(count)s month", "after %(count)s months", count) % {"count": number}
    if kind == "end_of":
        words = {
            "month": _("end of the month"),
            "quarter": _("end of the quarter"),
            "year": _("end of the year"),
        }
        return words[str(policy["period"])]
    return _("on fixed days") if kind == "dates" else _("never")
