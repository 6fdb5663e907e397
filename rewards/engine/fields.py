"""What a rule's conditions may ask: the order or event, its lines, the member and the standing of that moment."""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Collection, Field, Registry

Read = Callable[[Any], Any]


class OccasionRegistry(Registry):
    """The named fields, and the attributes of events, which nobody can list beforehand.

    `data.text.topic`, `data.number.rating` and `data.flag.verified` read the attribute as that type; an
    attribute of another type is missing.
    """

    def field(self, name: str) -> Field | None:
        found = super().field(name)
        if found is None and name.startswith("data."):
            return _data_field(name)
        return found


OCCASION = OccasionRegistry("occasion", now="local")
LINE = Registry("line")


type Offer = Callable[[], conditions.registry.Choices]


def register(
    *,
    tiers: Offer | None = None,
    stores: Offer | None = None,
    weekdays: Offer | None = None,
    plans: Offer | None = None,
    coupons: Offer | None = None,
) -> None:
    """Fill both scopes; called once by the app's ready(), and harmless when repeated. The engine itself knows no
    program: `tiers` and the others tell an editor what there is to choose and a sentence how it is called."""
    if OCCASION.field("order.total"):
        return
    LINE.add(
        Field("sku", conditions.TEXT, _("SKU"), "sku"),
        Field("name", conditions.TEXT, _("product name"), "name"),
        Field("category", conditions.TEXT, _("category"), "category"),
        Field("quantity", conditions.INTEGER, _("quantity"), "quantity"),
        Field("amount", conditions.MONEY, _("amount of the line"), "basis_minor"),
    )
    OCCASION.add(
        Field("order.total", conditions.MONEY, _("order total"), "total"),
        Field("order.quantity", conditions.INTEGER, _("number of items"), "quantity"),
        Field("order.channel", conditions.TEXT, _("channel"), attrgetter("occasion.channel")),
        Field("order.store", conditions.TEXT, _("store"), attrgetter("occasion.store"), choices=stores),
        Field("order.weekday", conditions.INTEGER, _("day of the week"), _weekday, choices=weekdays),
        Field("order.hour", conditions.INTEGER, _("hour of the day"), attrgetter("local.hour")),
        Field(
            "order.coupons",
            conditions.SET,
            _("coupons of the order"),
            attrgetter("context.coupons"),
            choices=coupons,
        ),
        Field("standing.tier", conditions.TEXT, _("tier"), attrgetter("context.tier"), choices=tiers),
        Field("standing.rank", conditions.INTEGER, _("rank of the tier"), attrgetter("context.rank")),
        Field("standing.plans", conditions.SET, _("plans"), _plans, choices=plans),
        Field("member.segments", conditions.SET, _("segments"), attrgetter("context.segments")),
        Collection("lines", _("lines"), LINE, "lines"),
    )
    OCCASION.open_fields = [
        ("data.text.", _("text of the event")),
        ("data.number.", _("number of the event")),
        ("data.flag.", _("yes or no of the event")),
    ]
    register_fact("joined_on", conditions.DATE, _("joined on"))
    register_fact("birthday", conditions.MONTH_DAY, _("birthday"))
    register_fact("language", conditions.TEXT, _("language"))
    register_fact("tags", conditions.SET, _("tags"))


def register_fact(name: str, kind: conditions.Kind, label: str | Promise) -> None:
    """Let conditions ask `member.<name>`, which reads `Context.member[name]`."""
    OCCASION.add(Field(f"member.{name}", kind, label, _read_fact(name)))


def _weekday(situation: Any) -> int:
    weekday: int = situation.local.isoweekday()
    return weekday


def _plans(situation: Any) -> frozenset[str]:
    return frozenset(situation.context.plans)


def _read_fact(name: str) -> Read:
    return lambda situation: situation.context.member.get(name)


def _data_field(name: str) -> Field | None:
    _prefix, kind, key = (*name.split(".", 2), "", "")[:3]
    if kind not in _DATA_KINDS or not key:
        return None
    found, types = _DATA_KINDS[kind]
    return Field(name, found, _("event attribute “%(key)s”") % {"key": key}, _read_data(key, types))


def _read_data(key: str, types: tuple[type, ...]) -> Read:
    def read(situation: Any) -> Any:
        value = situation.occasion.data.get(key)
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            return None
        return Decimal(str(value)) if isinstance(value, float) else value

    return read


_DATA_KINDS: dict[str, tuple[conditions.Kind, tuple[type, ...]]] = {
    "text": (conditions.TEXT, (str,)),
    "number": (conditions.DECIMAL, (int, float, Decimal)),
    "flag": (conditions.BOOLEAN, (bool,)),
}
