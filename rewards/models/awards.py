"""What the engine gave and why: the pricing of a fact with its context, awards, counters and settlements."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyaltysite.kit import scoping
from members.models import Program


class Pricing(models.Model):
    """The context in which a fact was priced, so that a return can re-price it exactly (SEMANTICS 24) and its
    reasons can be told again. `versions` are the rule versions in force, `awarded` is {unit key: ledger units}."""

    fact_id = models.BigIntegerField(primary_key=True)
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    context = models.JSONField()
    versions = ArrayField(models.BigIntegerField())
    awarded = models.JSONField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return str(self.fact_id)


class Award(models.Model):
    """What one rule version gave for one fact: desired before caps, awarded after them, and what cut it."""

    pk = models.CompositePrimaryKey("fact_id", "version_id")
    fact_id = models.BigIntegerField()
    version_id = models.BigIntegerField()
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    unit_id = models.BigIntegerField()
    desired = models.BigIntegerField()
    awarded = models.BigIntegerField()
    cut_by = models.CharField(max_length=16, blank=True)
    trail = models.JSONField(default=list)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.fact_id}/{self.version_id}: {self.awarded}"


class Counter(models.Model):
    """How much and how often a rule has given a holder in one period, for caps and frequency."""

    pk = models.CompositePrimaryKey("holder_id", "key")
    holder_id = models.BigIntegerField()
    key = models.CharField(max_length=80)  # "<rule id>:<period key>", as the engine names it
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    amount = models.BigIntegerField()
    times = models.IntegerField()
    last_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.holder_id} {self.key}"


class Settlement(models.Model):
    """What a return, change or cancellation did to one order in one unit. `awarded` and `reversed_total` are the
    order's state after it; the rest says where `reversed` was taken: from the order's own lots, from what had
    ended unused (taken from nowhere), from other lots, as arrears, or forgiven (SEMANTICS 25, 26)."""

    pk = models.CompositePrimaryKey("fact_id", "order_id", "unit_id")
    fact_id = models.BigIntegerField()
    order_id = models.BigIntegerField()
    unit_id = models.BigIntegerField()
    # Ids do not tell which came first: every process takes its own block of them.
    number = models.IntegerField()
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    awarded = models.BigIntegerField()
    reversed_total = models.BigIntegerField()
    absorbed_total = models.BigIntegerField()
    reversed = models.BigIntegerField()
    from_own = models.BigIntegerField()
    from_ended = models.BigIntegerField()
    from_others = models.BigIntegerField()
    to_arrears = models.BigIntegerField()
    forgiven = models.BigIntegerField()

    objects = scoping.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_id", "unit_id", "number"], name="settlement_one_after_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: −{self.reversed}"
