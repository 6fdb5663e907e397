"""What belongs to a member in numbers: orders, lines bought, activities, lots, redemptions, terms, badges, referrals.

Each collection has its rows in SQL, correlated to the member, and its elements in Python (see portraits.py) with the same
attributes, so that both back ends of a condition read the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DecimalField,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Power
from django.utils.translation import gettext_lazy as _

from campaigns.audiences import offered
from campaigns.models import Carrier, Message
from campaigns.models import Kind as MessageKind
from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Collection, Field, Registry
from members.models import Activity, Member, Order, OrderLine, OrderState, Topic
from rewards import offers
from rewards.models import BadgeWin, Lot, Redemption, Referral, Term

HAPPENED = (OrderState.PLACED, OrderState.PAID)
HELD = (Term.State.ACTIVE, Term.State.LEAVING)


class IsOneOf(Func):
    """Whether an id is a member's or that of an account merged into it; a list, which the index answers."""

    output_field = BooleanField()
    template = "(%(expressions)s)"

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        one, member = (compiler.compile(each) for each in self.get_source_expressions())
        merged = f"SELECT u.holder_id FROM members_member u WHERE u.merged_into_id = {member[0]}"  # noqa: S608 - a column
        text = f"({one[0]} = ANY (array_append(ARRAY({merged}), {member[0]})))"
        return text, (*one[1], *member[1], *member[1])


class ActivityRegistry(Registry):
    """The named fields, and the attributes of custom events, which nobody can list beforehand (as rules have them:
    data.text.…, data.number.…, data.flag.…; an attribute of another type is missing)."""

    def field(self, name: str) -> Field | None:
        return super().field(name) or (_attribute(name) if name.startswith("data.") else None)


ORDER, LINE, BOUGHT = Registry("order"), Registry("order line"), Registry("line")
ACTIVITY = ActivityRegistry("activity")
LOT, REDEMPTION, TERM = Registry("lot"), Registry("redemption"), Registry("term")
WIN, REFERRAL, MESSAGE = Registry("badge won"), Registry("referral"), Registry("message")
# Whatever became of it later, it went out.
WENT_OUT = (Message.State.SENT, Message.State.DELIVERED)


# --- rows -------------------------------------------------------------------------------------------------------------


def orders() -> QuerySet[Order]:
    return _happened().filter(member_id=OuterRef("pk"))


def _happened() -> QuerySet[Order]:
    return Order.objects.filter(state__in=HAPPENED)


def lines_of_order() -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(order_id=OuterRef("pk"), revision=OuterRef("revision"))


def bought() -> QuerySet[OrderLine]:
    """Lines of the revision in force of orders that happened, whatever is left of each."""
    return _lines().filter(order__member_id=OuterRef("pk"))


def _lines() -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(order__state__in=HAPPENED, revision=F("order__revision"))


def activities() -> QuerySet[Activity]:
    """What was sent for the member, and for accounts that were merged into it."""
    if merged() is None:
        return own_activities()
    return _standing_activities().filter(IsOneOf(F("member_id"), OuterRef("pk")))


def own_activities() -> QuerySet[Activity]:
    return _standing_activities().filter(member_id=OuterRef("pk"))


def _standing_activities() -> QuerySet[Activity]:
    return Activity.objects.filter(withdrawn_at__isnull=True)


def merged() -> QuerySet[Member] | None:
    """The accounts that were merged into the member; None where nobody ever was."""
    if not Member.objects.filter(merged_into__isnull=False).exists():
        return None
    return Member.objects.filter(merged_into=OuterRef("pk"))


def lots() -> QuerySet[Lot]:
    return _open_lots().filter(wallet__holder_id=OuterRef("pk"))


def _open_lots() -> QuerySet[Lot]:
    return Lot.objects.filter(is_open=True)


def redemptions() -> QuerySet[Redemption]:
    return Redemption.objects.filter(member_id=OuterRef("pk"))


def terms() -> QuerySet[Term]:
    return Term.objects.filter(member_id=OuterRef("pk"))


def wins() -> QuerySet[BadgeWin]:
    return _kept_wins().filter(member_id=OuterRef("pk"))


def _kept_wins() -> QuerySet[BadgeWin]:
    return BadgeWin.objects.filter(lost_at__isnull=True)


def referrals() -> QuerySet[Referral]:
    return Referral.objects.filter(referrer_id=OuterRef("pk"))


def received() -> QuerySet[Message]:
    return _went_out().filter(member_id=OuterRef("pk"))


def _went_out() -> QuerySet[Message]:
    return Message.objects.filter(state__in=WENT_OUT)


def _whole(rows: Callable[[], QuerySet[Any]], owner: str = "member_id") -> Callable[[], QuerySet[Any]]:
    """The elements of all members, each with its owner's id; some belong to nobody."""
    return lambda: rows().filter(**{f"{owner}__isnull": False}).annotate(subject_=F(owner))


# --- fields -----------------------------------------------------------------------------------------------------------


def register() -> None:
    """Fill the scopes of elements; harmless when repeated."""
    if ORDER.field("order.at"):
        return
    _register_orders()
    _register_bonds()
    _register_messages()
    ACTIVITY.add(
        Field("activity.kind", conditions.TEXT, _("kind"), "kind", "kind"),
        Field("activity.at", conditions.DATETIME, _("at"), "occurred_at", "occurred_at"),
    )
    ACTIVITY.open_fields = [
        ("data.text.", _("text of the event")),
        ("data.number.", _("number of the event")),
        ("data.flag.", _("yes or no of the event")),
    ]


def _register_orders() -> None:
    LINE.add(*_line_fields())
    ORDER.add(
        Field("order.at", conditions.DATETIME, _("at"), "occurred_at", "occurred_at"),
        Field("order.total", conditions.MONEY, _("order total"), "total_minor", "total_minor"),
        Field("order.net", conditions.MONEY, _("total after returns"), _net_of, _net),
        Field("order.store", conditions.TEXT, _("store"), "store.code", "store__code", choices=offers.stores),
        Field("order.channel", conditions.TEXT, _("channel"), "channel", "channel"),
        Field("order.source", conditions.TEXT, _("source"), "source", "source"),
        Collection("lines", _("lines"), LINE, "current_lines", lines_of_order),
    )
    BOUGHT.add(
        *_line_fields(),
        Field("order.at", conditions.DATETIME, _("bought at"), "order.occurred_at", "order__occurred_at"),
        Field(
            "order.store",
            conditions.TEXT,
            _("store"),
            "order.store.code",
            "order__store__code",
            choices=offers.stores,
        ),
    )


def _line_fields() -> list[Field]:
    return [
        Field("line.sku", conditions.TEXT, _("SKU"), "sku", "sku"),
        Field("line.name", conditions.TEXT, _("product name"), "name", "name"),
        Field("line.category", conditions.TEXT, _("category"), "category", "category"),
        Field("line.quantity", conditions.INTEGER, _("quantity"), _kept_of, _kept),
        Field("line.amount", conditions.MONEY, _("amount of the line"), "amount_minor", "amount_minor"),
    ]


def _register_bonds() -> None:
    LOT.add(
        Field(
            "lot.unit",
            conditions.TEXT,
            _("unit"),
            "wallet.unit.key",
            "wallet__unit__key",
            choices=offered.units,
        ),
        Field("lot.amount", conditions.DECIMAL, _("amount"), _amount_of, _amount),
        Field("lot.expires_at", conditions.DATETIME, _("ends at"), "expires_at", "expires_at"),
        Field("lot.earned_at", conditions.DATETIME, _("earned at"), "earned_at", "earned_at"),
        Field("lot.is_usable", conditions.BOOLEAN, _("can be used"), "is_active", "is_active"),
    )
    REDEMPTION.add(
        Field("redemption.reward", conditions.TEXT, _("reward"), "reward.key", "reward__key"),
        Field(
            "redemption.state",
            conditions.CHOICE,
            _("state"),
            "state",
            "state",
            choices=Redemption.State.choices,
        ),
        Field("redemption.at", conditions.DATETIME, _("at"), "reserved_at", "reserved_at"),
    )
    TERM.add(
        Field("term.plan", conditions.TEXT, _("plan"), "plan.key", "plan__key", choices=offers.plans),
        Field("term.state", conditions.CHOICE, _("state"), "state", "state", choices=Term.State.choices),
        Field("term.starts_at", conditions.DATETIME, _("from"), "starts_at", "starts_at"),
        Field("term.ends_at", conditions.DATETIME, _("until"), "ends_at", "ends_at"),
    )
    WIN.add(
        Field("win.badge", conditions.TEXT, _("badge"), "badge.key", "badge__key"),
        Field("win.level", conditions.TEXT, _("level"), "level", "level"),
        Field("win.at", conditions.DATETIME, _("at"), "won_at", "won_at"),
    )
    REFERRAL.add(
        Field(
            "referral.state",
            conditions.CHOICE,
            _("state"),
            "state",
            "state",
            choices=Referral.State.choices,
        ),
        Field("referral.joined_at", conditions.DATETIME, _("joined"), "joined_at", "joined_at"),
        Field("referral.bought_at", conditions.DATETIME, _("bought"), "bought_at", "bought_at"),
    )


def _register_messages() -> None:
    MESSAGE.add(
        Field("message.template", conditions.TEXT, _("message template"), "template.name", "template__name"),
        Field(
            "message.channel",
            conditions.CHOICE,
            _("channel"),
            "channel",
            "channel",
            choices=Carrier.choices,
        ),
        Field("message.topic", conditions.CHOICE, _("topic"), "topic", "topic", choices=Topic.choices),
        Field("message.kind", conditions.CHOICE, _("kind"), "kind", "kind", choices=MessageKind.choices),
        Field("message.sent_at", conditions.DATETIME, _("sent"), "sent_at", "sent_at"),
        Field("message.opened_at", conditions.DATETIME, _("opened"), "opened_at", "opened_at"),
        Field("message.clicked_at", conditions.DATETIME, _("clicked"), "clicked_at", "clicked_at"),
    )


def collections() -> list[Collection]:
    """The collections of a member."""
    return [
        Collection("orders", _("orders"), ORDER, "orders", orders, whole=_whole(_happened)),
        Collection("bought", _("products bought"), BOUGHT, "bought", bought, whole=_whole(_lines, "order__member_id")),
        Collection("activities", _("custom events"), ACTIVITY, "activities", activities, own_activities, merged, _whole(_standing_activities)),
        Collection("lots", _("points by their end"), LOT, "lots", lots, whole=_whole(_open_lots, "wallet__holder_id")),
        Collection("redemptions", _("redemptions"), REDEMPTION, "redemptions", redemptions, whole=_whole(Redemption.objects.all)),
        Collection("terms", _("times of plans"), TERM, "terms", terms, whole=_whole(Term.objects.all)),
        Collection("wins", _("badges won"), WIN, "wins", wins, whole=_whole(_kept_wins)),
        Collection("referrals", _("friends brought"), REFERRAL, "referrals", referrals, whole=_whole(Referral.objects.all, "referrer_id")),
        Collection("messages", _("messages received"), MESSAGE, "messages", received, whole=_whole(_went_out)),
    ]  # fmt: skip


def _net() -> Combinable:
    return F("total_minor") - F("returned_minor")


def _net_of(order: Order) -> int:
    return order.total_minor - order.returned_minor


def _kept() -> Combinable:
    return F("quantity") - F("returned_quantity")


def _kept_of(line: OrderLine) -> int:
    return line.quantity - line.returned_quantity


def _amount() -> Combinable:
    whole = Cast("remaining", DecimalField(max_digits=30, decimal_places=6))
    return Func(
        whole,
        Power(Value(10, output_field=IntegerField()), F("wallet__unit__precision")),
        template="(%(expressions)s)",
        arg_joiner=" / ",
        output_field=DecimalField(max_digits=30, decimal_places=6),
    )


def _amount_of(lot: Lot) -> Decimal:
    return Decimal(lot.remaining).scaleb(-lot.wallet.unit.precision)


# --- attributes of custom events --------------------------------------------------------------------------------------

KINDS: dict[str, tuple[conditions.Kind, str, tuple[type, ...]]] = {
    "text": (conditions.TEXT, "string", (str,)),
    "number": (conditions.DECIMAL, "number", (int, float, Decimal)),
    "flag": (conditions.BOOLEAN, "boolean", (bool,)),
}


def _attribute(name: str) -> Field | None:
    _prefix, kind, key = (*name.split(".", 2), "", "")[:3]
    if kind not in KINDS or not key:
        return None
    found, stored, types = KINDS[kind]
    label = _("event attribute “%(key)s”") % {"key": key}
    return Field(name, found, label, _reader(key, types), lambda: _typed(key, stored))


def _reader(key: str, types: tuple[type, ...]) -> Any:
    def read(activity: Activity) -> Any:
        value = activity.data.get(key)
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            return None
        return Decimal(str(value)) if isinstance(value, float) else value

    return read


def _typed(key: str, stored: str) -> Combinable:
    """The attribute where it is of this type; a CASE, since PostgreSQL may cast before it filters."""
    found = Func(F("data"), Value(key), template="(%(expressions)s)", arg_joiner=" -> ")
    text = Func(
        F("data"), Value(key), template="(%(expressions)s)", arg_joiner=" ->> ", output_field=TextField()
    )
    outputs: dict[str, Any] = {
        "string": TextField(),
        "number": DecimalField(max_digits=60, decimal_places=20),
        "boolean": BooleanField(),
    }
    kind = Func(found, function="jsonb_typeof", output_field=TextField())
    casts = {"string": text, "number": Numeric(text), "boolean": Cast(text, BooleanField())}
    is_it = Q(
        Func(kind, Value(stored), template="(%(expressions)s)", arg_joiner=" = ", output_field=BooleanField())
    )
    return Case(When(is_it, then=casts[stored]), output_field=outputs[stored])


class Numeric(Func):
    """A text as a number of any precision: a Cast to a DecimalField would round it."""

    template = "(%(expressions)s)::numeric"
    output_field = DecimalField(max_digits=60, decimal_places=20)
