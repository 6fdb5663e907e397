"""A small shop for the tests of conditions: the same facts as rows in PostgreSQL and as plain objects."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import F, OuterRef
from django.db.models.functions import Coalesce

from loyaltysite.kit.conditions import (
    BOOLEAN,
    CHOICE,
    DATE,
    DATETIME,
    DECIMAL,
    INTEGER,
    MONEY,
    MONTH_DAY,
    SET,
    TEXT,
    Collection,
    Condition,
    Field,
    Registry,
    Rows,
    parse,
)

NOW = datetime(2026, 2, 28, 23, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tehran"))  # 1 March there


class Buyer(models.Model):
    city = models.CharField(max_length=50, null=True)  # noqa: DJ001
    born_on = models.DateField(null=True)

    class Meta:
        app_label = "conditions_shop"


class Order(models.Model):
    buyer = models.ForeignKey(Buyer, models.CASCADE, null=True, db_constraint=False)
    total = models.BigIntegerField(null=True)
    items = models.SmallIntegerField(null=True)
    weight = models.DecimalField(max_digits=40, decimal_places=12, null=True)
    note = models.TextField(null=True)  # noqa: DJ001
    channel = models.CharField(max_length=20, null=True)  # noqa: DJ001
    is_first = models.BooleanField(null=True)
    due_on = models.DateField(null=True)
    paid_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=30), null=True)
    labels = models.JSONField(null=True)

    class Meta:
        app_label = "conditions_shop"


class Mark(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, db_constraint=False)
    key = models.CharField(max_length=30)

    class Meta:
        app_label = "conditions_shop"


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, db_constraint=False)
    category = models.TextField(null=True)  # noqa: DJ001
    net = models.IntegerField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "conditions_shop"


MODELS = (Buyer, Order, Mark, Line)


def marks_of_order() -> models.QuerySet[Mark]:
    return Mark.objects.filter(order=OuterRef("pk"))


def lines_of_order() -> models.QuerySet[Line]:
    return Line.objects.filter(order=OuterRef("pk"))


def lines_of_same_order() -> models.QuerySet[Line]:
    return Line.objects.filter(order=OuterRef("order"))


LINES = Registry("line")
LINES.add(
    Field("line.category", TEXT, "category", "category", "category"),
    Field("line.net", MONEY, "line total", "net", "net"),
    Field("line.sent_at", DATETIME, "sending", "sent_at", "sent_at"),
    Field("order.total", MONEY, "order total", "order.total", "order__total"),
    Collection("siblings", "lines of the same order", LINES, "order.lines", lines_of_same_order),
)

BUYERS = Registry("buyer")
BUYERS.add(
    Field("buyer.city", TEXT, "city", "city", "city"),
    Field("buyer.birthday", MONTH_DAY, "birthday", "born_on", "born_on"),
)

ORDERS = Registry("order", now="placed_at")
ORDERS.include(BUYERS, read="buyer", q="buyer")
ORDERS.add(
    Field("order.total", MONEY, "order total", "total", "total"),
    Field("order.items", INTEGER, "items", "items", "items"),
    Field("order.weight", DECIMAL, "weight", "weight", "weight"),
    Field("order.note", TEXT, "note", "note", "note"),
    Field(
        "order.channel",
        CHOICE,
        "channel",
        "channel",
        "channel",
        choices=[("web", "web shop"), ("till", "till"), ("app", "app")],
    ),
    Field("order.is_first", BOOLEAN, "first order", "is_first", "is_first"),
    Field("order.due_on", DATE, "due day", "due_on", "due_on"),
    Field("order.paid_at", DATETIME, "payment", "paid_at", "paid_at"),
    Field("order.tags", SET, "tags", "tags", "tags"),
    Field("order.labels", SET, "labels", "labels", "labels"),
    Field("order.marks", SET, "marks", "marks", Rows(marks_of_order, "key")),
    Field(
        "order.rest",
        INTEGER,
        "rest",
        lambda order: (order.total or 0) - (order.items or 0),
        lambda: Coalesce(F("total"), 0) - Coalesce(F("items"), 0),
    ),
    Field("order.score", INTEGER, "score", lambda order: 7),
    Collection("lines", "lines", LINES, "lines", lines_of_order),
    Collection("gifts", "gifts", LINES, "gifts"),
)


def make_line(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**dict.fromkeys(("category", "net", "sent_at", "order")) | values)


def make_order(**values: Any) -> SimpleNamespace:
    """An order as the engine would see it; all that is not given is missing."""
    names = [f.attname for f in Order._meta.concrete_fields if f.name not in {"id", "buyer"}]
    order = SimpleNamespace(
        **dict.fromkeys((*names, "buyer", "lines")) | {"placed_at": NOW, "marks": frozenset()} | values
    )
    for line in order.lines or ():
        line.order = order
    return order


def make_buyer(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"city": None, "born_on": None} | values)


def create_tables() -> None:
    """Temporary tables, so that the application's role may make them and the test's end removes them."""
    with connection.schema_editor(collect_sql=True) as editor:
        for model in MODELS:
            editor.create_model(model)
    with connection.cursor() as cursor:
        for statement in editor.collected_sql:
            if statement.startswith("CREATE TABLE"):
                cursor.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))


def store(orders: Iterable[SimpleNamespace]) -> list[int]:
    """Write the orders as rows and return their ids, in order."""
    ids = []
    for order in orders:
        buyer = Buyer.objects.create(**vars(order.buyer)) if order.buyer else None
        facts = {k: v for k, v in vars(order).items() if k not in {"buyer", "lines", "marks", "placed_at"}}
        row = Order.objects.create(buyer=buyer, **facts)
        Mark.objects.bulk_create(Mark(order=row, key=key) for key in order.marks)
        Line.objects.bulk_create(
            Line(order=row, category=line.category, net=line.net, sent_at=line.sent_at)
            for line in order.lines or ()
        )
        ids.append(row.pk)
    return ids


def accepted_in_python(condition: Condition, orders: list[SimpleNamespace]) -> list[int]:
    """Positions of the orders that the predicate accepts."""
    test = condition.predicate(NOW)
    return [position for position, order in enumerate(orders) if test(order)]


def accepted_in_sql(condition: Condition, ids: list[int]) -> list[int]:
    """Positions of the stored orders that the Q finds; a row found twice is listed twice."""
    found = Order.objects.filter(condition.q(NOW), pk__in=ids).values_list("pk", flat=True)
    return sorted(ids.index(pk) for pk in found)


def ask(tree: Any) -> Condition:
    return parse(tree, ORDERS)
