"""What an app above foretells of each member: worth, risk and the next best action. Here is only what was found, and when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program


class Band(models.TextChoices):
    """The risk of not buying again in thirds: up to 33 %, up to 66 %, above."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class NextAction(models.TextChoices):
    """What to do next about a member."""

    NONE = "none", _("Leave alone")
    WELCOME = "welcome", _("Invite to a second order")
    KEEP = "keep", _("Give a reason to stay")
    WIN_BACK = "win_back", _("Win back")
    GROW = "grow", _("Suggest more")
    THANK = "thank", _("Thank personally")


class MemberScore(models.Model):
    """The figures of one member, written whole by members/scores.py. Shares lie between 0 and 1, money is in minor units.

    `purchases` are days with an order that was not returned; `churn` is the chance of no purchase in the days of the
    program's horizon, `p_alive` that the member still is a customer at all, `upgrade` that of more purchases in the
    coming year than in the last. `value_minor` is the margin of the coming year as it is worth today, `historic_minor`
    that of the past. `priority_minor` is `stake_minor` × risk × `response`, by which actions are put in order."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="score"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    purchases = models.IntegerField(default=0)
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    mean_minor = models.BigIntegerField(default=0)
    historic_minor = models.BigIntegerField(default=0)
    p_alive = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    expected_orders = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    value_minor = models.BigIntegerField(default=0)
    churn = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    churn_band = models.CharField(max_length=6, choices=Band, blank=True, default="")
    upgrade = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    stake_minor = models.BigIntegerField(default=0)
    response = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    priority_minor = models.BigIntegerField(default=0)
    action = models.CharField(max_length=8, choices=NextAction, default=NextAction.NONE)
    channel = models.CharField(max_length=8, blank=True, default="")
    offer_minor = models.BigIntegerField(default=0)
    act_on = models.DateField(null=True)
    is_held_out = models.BooleanField(default=False)
    scored_at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("score of a member")
        verbose_name_plural = _("scores of members")
        constraints = [
            models.CheckConstraint(
                condition=Q(churn__isnull=True) | Q(churn__gte=0, churn__lte=1), name="score_churn_is_share"
            ),
            models.CheckConstraint(
                condition=Q(p_alive__isnull=True) | Q(p_alive__gte=0, p_alive__lte=1),
                name="score_alive_is_share",
            ),
            models.CheckConstraint(condition=Q(action__in=NextAction.values), name="score_action_known"),
            models.CheckConstraint(condition=Q(churn_band__in=["", *Band.values]), name="score_band_known"),
        ]
        indexes = [
            models.Index(fields=["program", "-value_minor", "member"], name="score_by_value"),
            models.Index(
                fields=["program", "-priority_minor", "member"],
                condition=~Q(action="none"),
                name="score_by_priority",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.value_minor}"
