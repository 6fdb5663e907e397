"""What members took of the catalogue. The application's role may only read: every row is written by `wafa_post`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Order, Program, Store
from rewards.models.catalogue import Reward
from rewards.models.households import Household


class Redemption(models.Model):
    """`price`, `money_minor` and `benefit` are what was promised; `parts` are the points as [[unit id, lot id, amount]].

    States go forward only (SEMANTICS 39, held by a trigger). `due_at` ends it by time: the reservation, later the right
    to use it. The code is found by a keyed digest and kept sealed for its owner."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        ISSUED = "issued", _("Ready to use")
        FULFILLED = "fulfilled", _("Used")
        RELEASED = "released", _("Given back")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Over")
        FAILED = "failed", _("Failed")

    class Via(models.TextChoices):
        PORTAL = "portal", _("Portal")
        API = "api", _("API")
        STAFF = "staff", _("Team")

    class Stage(models.TextChoices):
        NONE = "", _("Not begun")
        PACKED = "packed", _("Packed")
        SENT = "sent", _("Sent")

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="redemptions"
    )
    # Without a foreign key: it would lock the row that everybody shares before the wallet is written.
    reward = models.ForeignKey(
        Reward, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="redemptions"
    )
    state = models.CharField(_("state"), max_length=9, choices=State)
    via = models.CharField(_("through"), max_length=6, choices=Via)
    store = models.ForeignKey(
        Store, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    # The order that used its code.
    order = models.ForeignKey(
        Order, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    price = models.JSONField(_("price"))
    money_minor = models.BigIntegerField(_("paid besides"), default=0)
    benefit = models.JSONField(default=dict)
    parts = models.JSONField(default=list)
    # Whose wallet gave part of it or all, beside the member's own.
    household = models.ForeignKey(
        Household,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="redemptions",
    )
    code_digest = models.BinaryField(max_length=32)
    code_sealed = models.BinaryField()
    # Whether points and stock went back; then it counts for no limit.
    is_given_back = models.BooleanField(default=False)
    stage = models.CharField(_("stage"), max_length=6, choices=Stage, default=Stage.NONE, blank=True)
    tracking = models.CharField(_("tracking number"), max_length=80, blank=True, default="")
    reserved_at = models.DateTimeField(_("reserved"))
    issued_at = models.DateTimeField(_("issued"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    due_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(fields=["program", "code_digest"], name="redemption_code_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["reserved", "issued", "fulfilled"], is_given_back=False)
                | Q(state__in=["released", "cancelled", "failed"], is_given_back=True)
                | Q(state="expired"),
                name="redemption_given_back_by_state",
            ),
            models.CheckConstraint(
                condition=Q(state="reserved", issued_at__isnull=True, due_at__isnull=False)
                | Q(state__in=["issued", "fulfilled", "cancelled", "expired"], issued_at__isnull=False)
                | Q(state__in=["released", "failed"]),
                name="redemption_issued_by_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["reserved", "issued"], closed_at__isnull=True)
                | ~Q(state__in=["reserved", "issued"]) & Q(closed_at__isnull=False, due_at__isnull=True),
                name="redemption_closed_by_state",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-reserved_at"], name="redemption_by_member"),
            models.Index(fields=["reward", "-reserved_at"], name="redemption_by_reward"),
            models.Index(
                fields=["household", "-reserved_at"],
                condition=Q(household__isnull=False),
                name="redemption_by_household",
            ),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="redemption_by_order"),
            models.Index(
                fields=["program", "due_at"], condition=Q(due_at__isnull=False), name="redemption_by_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
