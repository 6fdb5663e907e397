"""What a custom event said: kept apart from the log and its facts, so that it can be erased with the person."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program


class Activity(models.Model):
    """One custom event as it was sent. The member is whose it was then: who was merged is found by `merged_into`.
    `withdrawn_at` says that it was taken back and counts for nothing."""

    fact_id = models.BigIntegerField(primary_key=True)
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member_id = models.BigIntegerField(_("member"))
    kind = models.CharField(_("kind"), max_length=58)
    occurred_at = models.DateTimeField(_("at"))
    data = models.JSONField(_("data"), default=dict)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [models.Index(fields=["member_id", "kind", "occurred_at"], name="activity_by_member")]

    def __str__(self) -> str:
        return f"{self.kind} {self.fact_id}"
