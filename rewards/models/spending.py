"""What allowed points to be spent: one row beside the fact of each spending. Rows are only added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class Warrant(models.Model):
    """`step` is the minute of the member's passcode, which is good for one spending; staff who go without it are audited
    with their reason. No person's data is kept here."""

    class Kind(models.TextChoices):
        CODE = "code", _("Code of the member")
        OVERRIDE = "override", _("Staff, with a reason")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    holder_id = models.BigIntegerField()
    fact_id = models.BigIntegerField(unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    step = models.BigIntegerField(null=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(_("given"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("warrant of a spending")
        verbose_name_plural = _("warrants of spendings")
        constraints = [
            models.UniqueConstraint(
                fields=["holder_id", "step"], condition=Q(step__isnull=False), name="warrant_code_works_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="code", step__isnull=False) | Q(kind="override", step__isnull=True),
                name="warrant_code_has_its_minute",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fact_id}"
