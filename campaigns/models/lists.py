"""Lists for the printer: which messages were put on which list. The words are made when the file is taken."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class PrintList(models.Model):
    """Unfinished until nothing waits to be printed any more. Its messages bear its mark as their provider's id."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    rows = models.PositiveIntegerField(_("rows"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    without_address = models.PositiveIntegerField(_("without a postal address"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("print list")
        verbose_name_plural = _("print lists")
        indexes = [
            models.Index(fields=["id"], condition=models.Q(finished_at=None), name="printlist_unfinished")
        ]

    def __str__(self) -> str:
        return self.mark

    @property
    def mark(self) -> str:
        return f"print-{self.pk}"
