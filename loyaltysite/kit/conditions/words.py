"""Conditions in plain words, in the reader's language. Whole sentences are translated, never glued words."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.kinds import LISTS, RELATIVE, Kind, Op
from loyaltysite.kit.conditions.nodes import All, Always, AnyOf, Count, Has, Leaf, Never, Node, Not
from loyaltysite.kit.conditions.registry import Field

OPERATORS: dict[Op, Promise] = {
    Op.EQUAL: gettext_lazy("is"),
    Op.DIFFERENT: gettext_lazy("is not"),
    Op.BELOW: gettext_lazy("is below"),
    Op.AT_MOST: gettext_lazy("is at most"),
    Op.ABOVE: gettext_lazy("is above"),
    Op.AT_LEAST: gettext_lazy("is at least"),
    Op.IN: gettext_lazy("is one of"),
    Op.NOT_IN: gettext_lazy("is none of"),
    Op.BETWEEN: gettext_lazy("is between"),
    Op.CONTAINS: gettext_lazy("contains"),
    Op.STARTS_WITH: gettext_lazy("starts with"),
    Op.IS_SET: gettext_lazy("has a value"),
    Op.IS_NOT_SET: gettext_lazy("has no value"),
    Op.HAS_ANY: gettext_lazy("has any of"),
    Op.HAS_ALL: gettext_lazy("has all of"),
    Op.WITHIN_LAST: gettext_lazy("is within the last days"),
    Op.WITHIN_NEXT: gettext_lazy("is within the next days"),
}
TIME_OPERATORS: dict[Op, Promise] = {
    Op.BELOW: gettext_lazy("is before"),
    Op.AT_MOST: gettext_lazy("is at the latest"),
    Op.ABOVE: gettext_lazy("is after"),
    Op.AT_LEAST: gettext_lazy("is at the earliest"),
}
SENTENCES: dict[Op, Promise] = {
    Op.EQUAL: gettext_lazy("%(field)s is %(value)s"),
    Op.DIFFERENT: gettext_lazy("%(field)s is not %(value)s"),
    Op.BELOW: gettext_lazy("%(field)s is below %(value)s"),
    Op.AT_MOST: gettext_lazy("%(field)s is at most %(value)s"),
    Op.ABOVE: gettext_lazy("%(field)s is above %(value)s"),
    Op.AT_LEAST: gettext_lazy("%(field)s is at least %(value)s"),
    Op.IN: gettext_lazy("%(field)s is %(value)s"),
    Op.NOT_IN: gettext_lazy("%(field)s is none of %(value)s"),
    Op.BETWEEN: gettext_lazy("%(field)s is between %(value)s"),
    Op.CONTAINS: gettext_lazy("%(field)s contains “%(value)s”"),
    Op.STARTS_WITH: gettext_lazy("%(field)s starts with “%(value)s”"),
    Op.IS_SET: gettext_lazy("%(field)s has a value"),
    Op.IS_NOT_SET: gettext_lazy("%(field)s has no value"),
    Op.HAS_ANY: gettext_lazy("%(field)s has %(value)s"),
    Op.HAS_ALL: gettext_lazy("%(field)s has %(value)s"),
}
TIME_SENTENCES: dict[Op, Promise] = {
    Op.BELOW: gettext_lazy("%(field)s is before %(value)s"),
    Op.AT_MOST: gettext_lazy("%(field)s is at the latest %(value)s"),
    Op.ABOVE: gettext_lazy("%(field)s is after %(value)s"),
    Op.AT_LEAST: gettext_lazy("%(field)s is at the earliest %(value)s"),
}
COUNTS: dict[Op, Promise] = {
    Op.EQUAL: gettext_lazy("the number of %(elements)s is %(number)s"),
    Op.DIFFERENT: gettext_lazy("the number of %(elements)s is not %(number)s"),
    Op.BELOW: gettext_lazy("the number of %(elements)s is below %(number)s"),
    Op.AT_MOST: gettext_lazy("the number of %(elements)s is at most %(number)s"),
    Op.ABOVE: gettext_lazy("the number of %(elements)s is above %(number)s"),
    Op.AT_LEAST: gettext_lazy("the number of %(elements)s is at least %(number)s"),
}
TIMES = {"date", "datetime"}


def operator_label(kind: Kind, op: Op) -> str:
    """The operator alone, as an editor lists it between field and value."""
    return str(TIME_OPERATORS.get(op, OPERATORS[op]) if kind.name in TIMES else OPERATORS[op])


def describe_node(node: Node, currency: str | None) -> str:  # noqa: PLR0911 (one return a kind of node)
    match node:
        case Always() | All(()):
            return _("always")
        case Never():
            return _("never")
        case All(children):
            return _chain(children, currency, last=_("%(first)s and %(second)s"))
        case AnyOf(children):
            return _chain(children, currency, last=_("%(first)s or %(second)s"))
        case Not(child):
            return _("not (%(condition)s)") % {"condition": describe_node(child, currency)}
        case Has(collection, where):
            if isinstance(where, Always):
                return _("there are %(elements)s") % {"elements": collection.label}
            return _("one of the %(elements)s fulfills (%(condition)s)") % {
                "elements": collection.label,
                "condition": describe_node(where, currency),
            }
        case Count(collection, where, op, value):
            elements = _elements(str(collection.label), where, currency)
            return str(COUNTS[op]) % {"elements": elements, "number": formats.format_number(value)}
        case Leaf(field, op, value):
            return describe_leaf(field, op, value, currency)


def _elements(label: str, where: Node, currency: str | None) -> str:
    if isinstance(where, Always):
        return label
    condition = describe_node(where, currency)
    return _("%(elements)s with (%(condition)s)") % {"elements": label, "condition": condition}


def _chain(children: tuple[Node, ...], currency: str | None, last: str) -> str:
    """a and b and c; a group inside a group stands in brackets."""
    text = ""
    for child in children:
        part = describe_node(child, currency)
        if isinstance(child, All | AnyOf):
            part = _("(%(condition)s)") % {"condition": part}
        text = last % {"first": text, "second": part} if text else part
    return text


def describe_leaf(field: Field, op: Op, value: Any, currency: str | None) -> str:
    if op in RELATIVE:
        return _describe_relative(field, op, value)
    sentences = SENTENCES | TIME_SENTENCES if field.kind.name in TIMES else SENTENCES
    sentence = str(sentences[op])
    if field.kind.name == "boolean" and op is Op.EQUAL:
        sentence = _("%(field)s: %(value)s")
    return sentence % {"field": field.label, "value": show_wanted(field, op, value, currency)}


def _describe_relative(field: Field, op: Op, days: int) -> str:
    places = {"field": field.label, "days": formats.format_number(days)}
    if days == 0:
        return _("%(field)s is today") % places
    if op is Op.WITHIN_LAST:
        text = ngettext(
            "%(field)s is within the last %(days)s day", "%(field)s is within the last %(days)s days", days
        )
    else:
        text = ngettext(
            "%(field)s is within the next %(days)s day", "%(field)s is within the next %(days)s days", days
        )
    return text % places


def show_wanted(field: Field, op: Op, value: Any, currency: str | None = None) -> str:
    """What an operator asks for, in the reader's language."""
    if value is None:
        return ""
    if op in RELATIVE:
        return ngettext("%(days)s day", "%(days)s days", value) % {"days": formats.format_number(value)}
    if op is Op.BETWEEN:
        first, last = (show_value(field, item, currency) for item in value)
        return _("%(first)s and %(last)s") % {"first": first, "last": last}
    if op in LISTS:
        return _list([show_value(field, item, currency) for item in value], every=op is Op.HAS_ALL)
    return show_value(field, value, currency)


def _list(shown: list[str], *, every: bool) -> str:
    if len(shown) == 1:
        return shown[0]
    places = {"some": _(", ").join(shown[:-1]), "last": shown[-1]}
    return (_("%(some)s and %(last)s") if every else _("%(some)s or %(last)s")) % places


def show_value(field: Field, value: Any, currency: str | None = None) -> str:
    """One value of a field, as wanted or as found; None is "nothing"."""
    if value is None or value == "":
        return _("nothing")
    return _show(field, value, currency)


def _show(field: Field, value: Any, currency: str | None) -> str:  # noqa: PLR0911 (one return a type)
    match field.kind.name:
        case "money":
            if currency:
                return formats.format_money(value, currency)
            return formats.format_number(Decimal(value) / 100, decimals=2)
        case "integer" | "decimal":
            return _named(field, value) or formats.format_number(value)
        case "boolean":
            return _("yes") if value else _("no")
        case "date":
            return formats.format_date(value)
        case "datetime":
            return formats.format_date(value, form="moment")
        case "month_day":
            day = date(2000, value // 100, value % 100) if isinstance(value, int) else value
            return formats.format_date(day, form="day")
        case "set" if not isinstance(value, str):
            return _(", ").join(sorted(_label(field, item) for item in value)) or _("nothing")
    return _label(field, value)


def _named(field: Field, value: Any) -> str:
    """What a number is called where it stands for something, as 1 for Monday."""
    return str(dict(field.offers()).get(str(value), "")) if field.choices else ""


def _label(field: Field, value: Any) -> str:
    return str(dict(field.offers()).get(value, value))
