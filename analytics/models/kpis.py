"""What key figures and cohorts are read from. Every row can be made again from orders, members and the ledger."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class TradeDay(models.Model):
    """What was bought on one day in one store (0: none named) and channel, by members or by others. `margin_minor` is what
    remained of `costed_minor` (net sales whose lines name their cost) and of `bare_minor` (those that do not, by the
    program's rate), all before returns."""

    pk = models.CompositePrimaryKey("program_id", "day", "store_id", "channel", "is_member")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    store_id = models.BigIntegerField()
    channel = models.CharField(max_length=32)
    is_member = models.BooleanField()
    orders = models.BigIntegerField(default=0)
    revenue_minor = models.BigIntegerField(default=0)
    margin_minor = models.BigIntegerField(default=0)
    costed_minor = models.BigIntegerField(default=0)
    bare_minor = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.day} {self.store_id} {self.channel}"


class MemberFigure(models.Model):
    """One member's orders as days and amounts side by side, earliest first; the different days on which they used points of
    their own; and what these come to. Members who closed their account have no row."""

    member_id = models.BigIntegerField(primary_key=True)
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    joined_on = models.DateField()
    days = ArrayField(models.DateField())
    amounts = ArrayField(models.BigIntegerField())
    used = ArrayField(models.DateField())
    orders = models.IntegerField()
    revenue_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField()

    objects = scoping.Manager()

    class Meta:
        indexes = [
            # Who spent most: the index alone answers for the share of the top fifth.
            models.Index(
                "program",
                models.F("revenue_minor").desc(),
                condition=models.Q(orders__gt=0),
                name="memberfigure_by_revenue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.orders}"


class PairKind(models.IntegerChoices):
    """What `day` and `since` are of a Pair."""

    ORDER = 1, _("An order, and the one before")
    THIRD = 2, _("An order, and the one before the one before")
    USE = 3, _("A day of using points, and the one before")
    DEED = 4, _("A day of ordering or using, and the one before")
    FIRST = 5, _("The first order, and joining")
    SECOND = 6, _("The second order, and the first")
    SECOND_JOINED = 7, _("The second order, and joining")
    FIRST_USE = 8, _("The first use of points, and joining")
    BY_FIRST = 9, _("A month with orders, and that of the first")
    BY_JOINED = 10, _("A month with orders, and that of joining")
    JOINED = 11, _("Joining, twice, with what was brought back since")


class Pair(models.Model):
    """How many times something happened on `day` whose counterpart was on `since` (−infinity: there was none). With these
    the different members of any days can be added up: whoever ordered within them has exactly one order there whose
    predecessor lies before them (docs/kpis.md). `orders` and `amount_minor` are those of the pairs that have any."""

    pk = models.CompositePrimaryKey("program_id", "kind", "day", "since")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.SmallIntegerField(choices=PairKind)
    day = models.DateField()
    since = models.DateField()
    times = models.BigIntegerField(default=0)
    orders = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.since}"


# The lengths of windows whose sums are kept by day: those of the periods that pages and the command line usually ask for.
WINDOWS = (7, 30, 90, 91, 365, 366)


class PairDay(models.Model):
    """The pairs of one day, or (`is_since`) those whose counterpart was on it, added up for windows of `days` days: all of
    them, those closer than that (`near`), and those farther apart, but closer than twice that (`far`). What a chart reads:
    as many rows as there are days, however many pairs."""

    pk = models.CompositePrimaryKey("program_id", "kind", "days", "is_since", "day")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.SmallIntegerField(choices=PairKind)
    days = models.SmallIntegerField()
    is_since = models.BooleanField()
    day = models.DateField()
    times = models.BigIntegerField(default=0)
    near = models.BigIntegerField(default=0)
    far = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.days} {self.day}"


class Cut(models.Model):
    """What the members of one group (`by` tier, segment, year of joining or language), or those who ordered in one place (`by`
    store or channel) there, came to within the `days` that end with `ends_on`, counted once a day: {quantity: value}."""

    pk = models.CompositePrimaryKey("program_id", "by", "group", "days")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    by = models.CharField(max_length=8)
    group = models.CharField(max_length=40)
    days = models.IntegerField()
    ends_on = models.DateField()
    sums = models.JSONField()
    counted_at = models.DateTimeField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.by} {self.group} {self.days}"
