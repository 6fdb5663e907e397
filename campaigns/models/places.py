"""That a member was near a store, so that it is told once; where exactly is never kept."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program, Store


class Nearness(models.Model):
    """When it was told last for a store and a member. It goes once it may be told again."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    store = models.ForeignKey(
        Store, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("member near a store")
        verbose_name_plural = _("members near stores")
        constraints = [models.UniqueConstraint(fields=["member", "store"], name="nearness_once")]
        indexes = [models.Index(fields=["program", "at"], name="nearness_by_age")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.store_id}"
