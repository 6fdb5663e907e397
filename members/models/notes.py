"""Notes of the team about a member: personal data, gone with the person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program


class Note(models.Model):
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, db_index=False, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(_("note"))
    written_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="note_not_empty")]
        indexes = [models.Index(fields=["member", "-written_at"], name="note_by_member")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.written_at:%Y-%m-%d}"
