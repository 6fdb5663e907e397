"""The filters of the member list as a page shows them: in force with the address without them, or to be added."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats
from members.models import Member
from rewards import queries
from rewards.filters import ACTIVE, LAPSED, NEVER, Catalog, Filters

PERIODS = (30, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Shown:
    """One filter: its parts of the address; `text` and `value` say what is in force, `add` what can be added."""

    names: tuple[str, ...]
    text: str
    add: str
    value: str = ""
    choices: Iterable[tuple[str, str]] = ()
    fields: Iterable[dict[str, Any]] = ()


def tell(*, catalog: Catalog, filters: Filters, at: str) -> list[dict[str, Any]]:
    """Each filter with `remove` (an address), `choices` (text, address) or `fields` of a form that keeps the rest."""
    query = filters.query()
    shown = [make(catalog, filters) for make in MAKERS]
    return [_tell(one, query, at) for one in shown if one.value or one.choices or one.fields]


def _tell(one: Shown, query: dict[str, str], at: str) -> dict[str, Any]:
    others = {name: value for name, value in query.items() if name not in one.names}
    return {
        "name": one.names[0],
        "text": one.text,
        "add": one.add,
        "value": one.value,
        "remove": _join(at, others),
        "choices": [(text, _join(at, others | {one.names[0]: value})) for text, value in one.choices],
        "fields": list(one.fields),
        "kept": others,
    }


def _join(at: str, query: dict[str, str]) -> str:
    return f"{at}?{urlencode(query)}" if query else at


def _tier(catalog: Catalog, filters: Filters) -> Shown:
    choices = [(queries.name_of(tier), tier.key) for tier in catalog.tiers]
    value = queries.name_of(filters.tier) if filters.tier else ""
    return Shown(("tier",), _("Tier is"), _("Tier"), value, choices)


def _state(catalog: Catalog, filters: Filters) -> Shown:
    value = str(Member.State(filters.state).label) if filters.state else ""
    choices = [(str(state.label), state.value) for state in Member.State]
    return Shown(("state",), _("State is"), _("State"), value, choices)


def _store(catalog: Catalog, filters: Filters) -> Shown:
    choices = [(store.name, store.code) for store in catalog.stores]
    value = filters.store.name if filters.store else ""
    return Shown(("store",), _("Ordered at"), _("Store"), value, choices)


def _activity(catalog: Catalog, filters: Filters) -> Shown:
    choices = [(_active(ACTIVE, days), f"{ACTIVE}-{days}") for days in PERIODS]
    choices += [(_active(LAPSED, days), f"{LAPSED}-{days}") for days in PERIODS]
    choices.append((_active(NEVER, 0), NEVER))
    value = _active(*filters.activity) if filters.activity else ""
    return Shown(("activity",), _("Last order"), _("Last order"), value, choices)


def _active(what: str, days: int) -> str:
    if what == NEVER:
        return _("never")
    if what == ACTIVE:
        text = ngettext("within %(count)s day", "within %(count)s days", days)
    else:
        text = ngettext("more than %(count)s day ago", "more than %(count)s days ago", days)
    return text % {"count": formats.format_number(days)}


def _balance(catalog: Catalog, filters: Filters) -> Shown:
    unit = catalog.unit
    if unit is None:
        return Shown(("least", "most"), "", "")
    step = f"{10**-unit.precision:.{unit.precision}f}"
    value = _between(
        *(None if one is None else formats.format_number(one) for one in (filters.least, filters.most))
    )
    fields = [
        _field("least", _("At least"), "number", min="0", step=step, inputmode="decimal"),
        _field("most", _("At most"), "number", min="0", step=step, inputmode="decimal"),
    ]
    return Shown(("least", "most"), formats.unit_name(0, unit), _("Balance"), value, fields=fields)


def _tag(catalog: Catalog, filters: Filters) -> Shown:
    fields = [_field("tag", _("Tag"), "text", maxlength="64", required=True)]
    return Shown(("tag",), _("Tag is"), _("Tag"), filters.tag, fields=fields)


def _joined(catalog: Catalog, filters: Filters) -> Shown:
    days = (None if day is None else formats.format_date(day) for day in (filters.since, filters.until))
    fields = [_field("since", _("From"), "date"), _field("until", _("To"), "date")]
    return Shown(("since", "until"), _("Joined"), _("Joined"), _between(*days), fields=fields)


def _between(first: str | None, last: str | None) -> str:
    if first and last:
        return _("%(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("from %(first)s") % {"first": first}
    return _("up to %(last)s") % {"last": last} if last else ""


def _field(name: str, label: str, kind: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "type": kind, "attributes": attributes}


MAKERS: tuple[Callable[[Catalog, Filters], Shown], ...] = (
    _tier, _state, _store, _activity, _balance, _tag, _joined,
)  # fmt: skip
