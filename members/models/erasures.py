"""What is left of somebody who is gone: a keyed mark of each identity, which says nothing without the site's key."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program


class Erasure(models.Model):
    """One person's leaving. `burden` is what a return of the same person takes up again, by app: points owed, what
    was once for ever. No personal data, and no link to the member's rows, which stay without a name."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    burden = models.JSONField(_("burden"), default=dict)
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"{self.program_id} {self.at:%Y-%m-%d}"


class ErasureMark(models.Model):
    """HMAC-SHA256 of one identity in its normal form, see members.erasure.mark()."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="marks")
    digest = models.BinaryField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("mark of an erasure")
        verbose_name_plural = _("marks of erasures")
        constraints = [
            models.UniqueConstraint(fields=["program", "digest"], name="erasuremark_once"),
        ]

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]
