"""Who belongs to which audience. The app above says what an audience is; here is only who is in it, and since when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program


class AudienceMember(models.Model):
    """One member of one audience; whoever leaves has no row. Written by members/audiences.py only."""

    pk = models.CompositePrimaryKey("audience_id", "member_id")
    audience_id = models.BigIntegerField()
    member = models.ForeignKey(
        Member,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="audiences",
        verbose_name=_("member"),
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    since = models.DateTimeField(_("since"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("member of an audience")
        verbose_name_plural = _("members of audiences")
        indexes = [models.Index(fields=["member"], name="audiencemember_by_member")]

    def __str__(self) -> str:
        return f"{self.audience_id}/{self.member_id}"
