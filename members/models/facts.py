"""What happened: facts with effect once for ever, those that still wait for their order, and the event log."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from loyaltysite.kit import scoping
from members.models.orders import Order
from members.models.programs import Program


class Fact(models.Model):
    """One thing a shop, a till or a person told us. (source, kind, external id, revision) has effect once for
    ever; `fingerprint` tells a repeat from a contradiction and `answer` is what the first one was told."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    source = models.CharField(max_length=32)
    kind = models.CharField(max_length=64)
    external_id = models.CharField(max_length=128)
    revision = models.IntegerField(default=0)
    fingerprint = models.BinaryField()
    holder_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    answer = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "source", "kind", "external_id", "revision"], name="fact_once_for_ever"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class WaitingFact(models.Model):
    """A payment, cancellation or return that came before its order, as it was sent."""

    fact = models.OneToOneField(Fact, primary_key=True, on_delete=models.PROTECT, related_name="waiting")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="waiting")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    payload = models.JSONField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return str(self.fact_id)


class Event(models.Model):
    """The append-only log that journeys, webhooks and analytics read. No personal data: only ids and figures."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    holder_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    fact_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    objects = scoping.Manager()

    class Meta:
        indexes = [BrinIndex(fields=["recorded_at"], name="event_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
