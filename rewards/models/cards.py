"""Gift cards: a wallet of money that belongs to whoever has the code (SEMANTICS 42). Rows are written by `wafa_post`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Holder, Member, Program
from rewards.models.ledger import Unit
from rewards.models.redemptions import Redemption


class GiftCard(models.Model):
    """The balance is that of the holder's wallet, and `value_minor` what it was issued with. The code is found by a keyed
    digest and kept sealed; `ending` are its last signs. `member` is who has it on the own page, if anybody."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        BLOCKED = "blocked", _("Blocked")

    class Origin(models.TextChoices):
        STAFF = "staff", _("Given by the team")
        BOUGHT = "bought", _("Bought")
        REWARD = "reward", _("From a reward")

    holder = models.OneToOneField(
        Holder,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="card",
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="gift_cards",
        verbose_name=_("member"),
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.ACTIVE)
    origin = models.CharField(_("origin"), max_length=6, choices=Origin)
    code_digest = models.BinaryField(max_length=32)
    code_sealed = models.BinaryField()
    ending = models.CharField(_("ends in"), max_length=4)
    value_minor = models.BigIntegerField(_("value"))
    ends_at = models.DateTimeField(_("ends"), null=True)
    reference = models.CharField(_("reference"), max_length=128, blank=True, default="")
    redemption = models.ForeignKey(
        Redemption,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="gift_cards",
    )
    fact_id = models.BigIntegerField()
    issued_at = models.DateTimeField(_("issued"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("gift card")
        verbose_name_plural = _("gift cards")
        constraints = [
            models.UniqueConstraint(fields=["program", "code_digest"], name="giftcard_code_unique"),
            models.UniqueConstraint(
                fields=["redemption"],
                condition=Q(redemption__isnull=False),
                name="giftcard_once_per_redemption",
            ),
            models.CheckConstraint(condition=Q(value_minor__gt=0), name="giftcard_of_something"),
            models.CheckConstraint(condition=Q(state__in=["active", "blocked"]), name="giftcard_state_known"),
        ]
        indexes = [
            models.Index(fields=["program", "-issued_at", "-holder"], name="giftcard_by_issuing"),
            models.Index(fields=["member"], condition=Q(member__isnull=False), name="giftcard_by_member"),
        ]

    def __str__(self) -> str:
        return f"…{self.ending}"
