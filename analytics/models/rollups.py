"""Figures of a program by local day. Every row can be made again from orders, members, standings and the ledger."""

from __future__ import annotations

from typing import Any

from django.db import models

from loyaltysite.kit import scoping
from members.models import Program

# What a member who came lately is present in: once, and so many times within the same days. Any other `of_id` is a tier.
ACTIVE = 0
OFTEN = {2: -2, 4: -4}


class DateMultiRangeField(models.Field):
    """Days as PostgreSQL's `datemultirange`; only SQL reads and writes it."""

    def db_type(self, connection: Any) -> str:
        return "datemultirange"


class Change(models.Model):
    """A note of what is not in the figures yet, written by triggers (analytics/sql/changes.sql) in the transaction that
    makes it true, and deleted when it has been counted. `sign` is −1 for what no longer counts; an order comes with the
    fact that priced it, an entry is named by its id, a standing only by its member."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    what = models.CharField(max_length=8)
    sign = models.SmallIntegerField()
    at = models.DateTimeField(null=True)
    member_id = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()
    entry_id = models.BigIntegerField(null=True)
    fact_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    revision = models.IntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=32, null=True)  # noqa: DJ001

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.what} {self.sign:+d}"


class Day(models.Model):
    """What joined, was bought and came back on one day. Members are those who have not closed their account since."""

    pk = models.CompositePrimaryKey("program_id", "day")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    members = models.BigIntegerField(default=0)
    blocked = models.BigIntegerField(default=0)
    orders = models.BigIntegerField(default=0)
    member_orders = models.BigIntegerField(default=0)
    revenue_minor = models.BigIntegerField(default=0)
    returns = models.BigIntegerField(default=0)
    returned_minor = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return str(self.day)


class UnitDay(models.Model):
    """What the ledger gained and lost of one unit on one day, in ledger units:
    held − arrears = issued + adjusted + moved − spent − expired − reversed."""

    pk = models.CompositePrimaryKey("program_id", "unit_id", "day")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    day = models.DateField()
    issued = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    reversed = models.BigIntegerField(default=0)
    adjusted = models.BigIntegerField(default=0)
    moved = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    arrears = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.unit_id} {self.day}"


class RuleDay(models.Model):
    """What one earning rule gave for the orders of one day, in ledger units, and for how many. What is given for events
    is not counted."""

    pk = models.CompositePrimaryKey("program_id", "rule_id", "day")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    rule_id = models.BigIntegerField()
    day = models.DateField()
    given = models.BigIntegerField(default=0)
    times = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.rule_id} {self.day}"


class Presence(models.Model):
    """On which days a member is active (`of_id` 0), comes often (below 0), or is in a tier at the day's end. Whoever is
    in two tiers is in the higher."""

    pk = models.CompositePrimaryKey("member_id", "of_id")
    member_id = models.BigIntegerField()
    of_id = models.BigIntegerField()
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    spans = DateMultiRangeField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.member_id} {self.of_id}"


class PresenceDay(models.Model):
    """How many more are present from this day on: each span of a member adds one where it begins and takes one away
    where it ends, so that the sum up to a day counts each member once."""

    pk = models.CompositePrimaryKey("program_id", "of_id", "day")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    of_id = models.BigIntegerField()
    day = models.DateField()
    change = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.of_id} {self.day}"


class Recount(models.Model):
    """A wish that a program's figures be made anew from the rows behind them: it was there before the notes were, or
    its time zone or the order of its tiers has changed. Each wish is a row, so that one made meanwhile is not lost."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+")

    # Read before a program is chosen (which ones are due?), hence not scoped.
    objects = models.Manager()

    def __str__(self) -> str:
        return str(self.program_id)
