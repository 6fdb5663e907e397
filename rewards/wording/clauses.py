"""The parts of a rule, each as a clause of one sentence."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from loyaltysite.kit import conditions, formats
from loyaltysite.kit.conditions import Op
from loyaltysite.kit.conditions.nodes import All, Leaf, Node
from loyaltysite.kit.conditions.words import describe_node, show_wanted
from rewards.engine import canonical, fields, reasons, rules
from rewards.engine.rules import Frequency, Rule
from rewards.engine.windows import ALL_DAY, DAY_MINUTES, EVERY_DAY, Window
from rewards.wording.vocabularies import Vocabulary

WEEKEND, WORKING_DAYS = frozenset({6, 7}), frozenset({1, 2, 3, 4, 5})
NAMED = (Op.EQUAL, Op.IN)


def chain(parts: list[str]) -> str:
    """Parts of a sentence in their order."""
    text = ""
    for part in filter(None, parts):
        text = _("%(first)s, %(second)s") % {"first": text, "second": part} if text else part
    return text


def enumerate_all(words: list[str]) -> str:
    """a, b and c"""
    if len(words) < 2:
        return "".join(words)
    return _("%(some)s and %(last)s") % {"some": _(", ").join(words[:-1]), "last": words[-1]}


# What it gives


def amount(rule: Rule, names: Vocabulary) -> str:
    """What the rule gives, and for what."""
    given = rule.amount
    if given.kind == "multiplier":
        return _multiplier(rule, names)
    if given.kind == "percent":
        percent = formats.format_percent(given.value / 100, decimals=_decimals(given.value))
        return _("%(percent)s back in %(unit)s") % {"percent": percent, "unit": names.unit(rule.unit)}
    places = {
        "points": names.points(given.value, rule.unit),
        "money": names.money(given.per_minor),
        "event": rule.kind.removeprefix(rules.SCHEDULED),
    }
    return _frame(rule) % places


def _frame(rule: Rule) -> str:
    given = rule.amount
    if rule.kind != rules.ORDER:
        return _occasion(rule)
    if given.is_whole:
        return _("%(points)s for every full %(money)s")
    return {
        "per_amount": _("%(points)s per %(money)s"),
        "per_item": _("%(points)s per item"),
        "per_visit": _("%(points)s per visit"),
        "per_order": _("%(points)s per order"),
        "fixed": _("%(points)s for an order"),
    }[given.kind]


def _occasion(rule: Rule) -> str:
    if rule.kind.startswith(rules.SCHEDULED):
        return {
            "birthday": _("%(points)s on the birthday"),
            "anniversary": _("%(points)s on each anniversary of joining"),
            "joining": _("%(points)s for joining"),
        }.get(rule.kind.removeprefix(rules.SCHEDULED), _("%(points)s when “%(event)s” is due"))
    return _("%(points)s for “%(event)s”")


def _multiplier(rule: Rule, names: Vocabulary) -> str:
    factor = formats.format_number(rule.amount.value)
    if rule.amount.of is None:
        return _("%(factor)s times the %(unit)s of all other rules") % {
            "factor": factor,
            "unit": names.unit(rule.unit),
        }
    quoted = [_("“%(name)s”") % {"name": names.rule(key)} for key in rule.amount.of]
    return _("%(factor)s times what %(rules)s gives") % {"factor": factor, "rules": enumerate_all(quoted)}


def _decimals(value: Any) -> int:
    return len(reasons.plain(value).partition(".")[2])


# On what


def lines(rule: Rule, names: Vocabulary) -> str:
    """Which items count."""
    if rule.lines is None:
        return ""
    root = conditions.parse(rule.lines, fields.LINE).root
    if isinstance(root, Leaf) and root.op in NAMED and root.field.kind is conditions.TEXT:
        wanted = show_wanted(root.field, root.op, root.value)
        return _("on %(field)s %(value)s") % {"field": root.field.label, "value": wanted}
    return _("on items where %(condition)s") % {"condition": describe_node(root, names.currency)}


def lines_in_full(rule: Rule, names: Vocabulary) -> str:
    if rule.lines is None:
        return ""
    return conditions.describe(conditions.parse(rule.lines, fields.LINE), currency=names.currency)


def minimum(rule: Rule, names: Vocabulary) -> str:
    if not rule.minimum_minor:
        return ""
    return _("if they come to at least %(money)s") % {"money": names.money(rule.minimum_minor)}


def requirement(rule: Rule, names: Vocabulary) -> str:
    """The conditions; a tier stands first, as “for Gold”."""
    if rule.conditions is None:
        return ""
    root = conditions.parse(rule.conditions, fields.OCCASION).root
    parts = list(root.children) if isinstance(root, All) else [root]
    tiers = [part for part in parts if _is_tier(part)]
    rest = [part for part in parts if not _is_tier(part)]
    said = [_("for %(tiers)s") % {"tiers": _wanted(part)} for part in tiers]
    if rest:
        whole = rest[0] if len(rest) == 1 else All(tuple(rest))
        said.append(_("if %(condition)s") % {"condition": describe_node(whole, names.currency)})
    return chain(said)


def requirement_in_full(rule: Rule, names: Vocabulary) -> str:
    if rule.conditions is None:
        return ""
    return conditions.describe(conditions.parse(rule.conditions, fields.OCCASION), currency=names.currency)


def _is_tier(part: Node) -> bool:
    return isinstance(part, Leaf) and part.field.name == "standing.tier" and part.op in NAMED


def _wanted(part: Node) -> str:
    assert isinstance(part, Leaf)  # noqa: S101 - asked before
    return show_wanted(part.field, part.op, part.value)


# When


def window(found: Window | None) -> str:
    """Dates, days of the week and hours."""
    return "" if found is None else chain([dates(found), weekdays(found), hours(found)])


def dates(found: Window) -> str:
    opens, closes = found.opens, found.closes
    places = {"first": opens and say_moment(opens), "last": closes and say_end(closes)}
    if opens and closes:
        return _("from %(first)s to %(last)s") % places
    if opens:
        return _("from %(first)s") % places
    return _("until %(last)s") % places if closes else ""


def say_moment(moment: datetime) -> str:
    return formats.format_date(moment, form="date" if moment.time() == time.min else "moment")


def say_end(closes: datetime) -> str:
    """The last day where the end is midnight, since nobody means the day that is no longer in."""
    return say_moment(closes - timedelta(days=1) if closes.time() == time.min else closes)


def weekdays(found: Window) -> str:
    if found.weekdays == EVERY_DAY:
        return ""
    if found.weekdays == WEEKEND:
        # Translators: on Saturday and Sunday
        return pgettext("Saturday and Sunday", "on weekends")
    if found.weekdays == WORKING_DAYS:
        # Translators: from Monday to Friday
        return pgettext("Monday to Friday", "on working days")
    return _("on %(days)s") % {
        "days": enumerate_all([str(WEEKDAYS[day - 1]) for day in sorted(found.weekdays)])
    }


def hours(found: Window) -> str:
    if found.hours == ALL_DAY:
        return ""
    spans = [
        _("%(begin)s to %(end)s") % {"begin": _say_time(begin), "end": _say_time(end)}
        for begin, end in found.hours
    ]
    return _("from %(spans)s") % {"spans": enumerate_all(spans)}


def _say_time(minute: int) -> str:
    return formats.map_digits(canonical.minutes(minute % DAY_MINUTES if minute != DAY_MINUTES else minute))


# How much at most


def caps(rule: Rule, names: Vocabulary) -> str:
    texts = {
        "order": _("at most %(points)s per order"),
        "day": _("at most %(points)s per member and day"),
        "week": _("at most %(points)s per member and week"),
        "month": _("at most %(points)s per member and month"),
        "year": _("at most %(points)s per member and year"),
        "lifetime": _("at most %(points)s per member"),
    }
    return chain([texts[name] % {"points": names.points(cap, rule.unit)} for name, cap in rule.caps.items()])


def budget(rule: Rule, names: Vocabulary) -> str:
    if rule.budget is None:
        return ""
    return _("at most %(points)s in all") % {"points": names.points(rule.budget, rule.unit)}


def frequency(found: Frequency | None) -> str:
    if found is None:
        return ""
    if found.cooldown_seconds is not None:
        return _("not again within %(time)s") % {"time": say_duration(found.cooldown_seconds)}
    if found.period == "lifetime":
        return _("once for each member")
    times = found.times or 0
    texts = {
        "day": ngettext("at most %(times)s time a day", "at most %(times)s times a day", times),
        "week": ngettext("at most %(times)s time a week", "at most %(times)s times a week", times),
        "month": ngettext("at most %(times)s time a month", "at most %(times)s times a month", times),
        "year": ngettext("at most %(times)s time a year", "at most %(times)s times a year", times),
    }
    return texts[found.period] % {"times": formats.format_number(times)}


def say_duration(seconds: int) -> str:
    """In the largest unit that fits: 2 days, 36 hours, 90 minutes."""
    size = next(size for size in (86_400, 3_600, 60, 1) if seconds % size == 0)
    count = seconds // size
    texts = {
        86_400: ngettext("%(count)s day", "%(count)s days", count),
        3_600: ngettext("%(count)s hour", "%(count)s hours", count),
        60: ngettext("%(count)s minute", "%(count)s minutes", count),
        1: ngettext("%(count)s second", "%(count)s seconds", count),
    }
    return texts[size] % {"count": formats.format_number(count)}


# Beside other rules


def group(rule: Rule) -> str:
    if rule.group is None:
        return ""
    texts = {
        "all": _("in the group “%(group)s”"),
        "best": _("only if it gives most in the group “%(group)s”"),
        "first": _("only if it is the first to give in the group “%(group)s”"),
    }
    return texts[rule.group.mode] % {"group": rule.group.key}


def stop(rule: Rule) -> str:
    return _("and no later rule after it") if rule.stop else ""
