"""Causes that members give points to, what was given, and what the shop has paid on (SEMANTICS 14).

Gifts, payouts, totals and the book of receipts may be read by the application's role and nothing else: their rows are
written by `wafa_post` with the entries they belong to.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Holder, Member, Program, Store
from rewards.models.ledger import Unit


class Cause(models.Model):
    """`names` and `stories` are {language: text}; `accepts` is {unit key: least ledger units of a gift}."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    holder = models.OneToOneField(Holder, primary_key=True, on_delete=models.PROTECT, related_name="cause")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="causes")
    key = models.SlugField(_("key"), max_length=60)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    names = models.JSONField(_("names"), default=dict)
    stories = models.JSONField(_("stories"), default=dict, blank=True)
    link = models.URLField(_("website"), blank=True)
    picture_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    accepts = models.JSONField(_("accepts"), default=dict)
    # What everybody together shall give, in minor units; null: no goal.
    goal_minor = models.BigIntegerField(_("goal"), null=True, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("cause")
        verbose_name_plural = _("causes")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="cause_key_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live"], ended_at__isnull=True)
                | Q(state="ended", ended_at__isnull=False),
                name="cause_ended_by_state",
            ),
            models.CheckConstraint(
                condition=Q(goal_minor__isnull=True) | Q(goal_minor__gt=0), name="cause_goal_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class CauseTotal(models.Model):
    """What a cause was given in one unit and what of it was paid on: ledger units, and minor units as they were worth
    on the day of each gift. Without what was taken back."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    cause = models.ForeignKey(Cause, on_delete=models.PROTECT, db_index=False, related_name="totals")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, db_index=False, related_name="+")
    gifts = models.BigIntegerField(_("gifts"), default=0)
    amount = models.BigIntegerField(_("given"), default=0)
    worth_minor = models.BigIntegerField(_("worth"), default=0)
    paid_amount = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(_("paid out"), default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("total of a cause")
        verbose_name_plural = _("totals of causes")
        constraints = [
            models.UniqueConstraint(fields=["cause", "unit"], name="causetotal_one_per_unit"),
            models.CheckConstraint(
                condition=Q(gifts__gte=0, paid_amount__gte=0, paid_minor__gte=0)
                & Q(paid_amount__lte=F("amount"), paid_minor__lte=F("worth_minor")),
                name="causetotal_paid_within_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause_id}/{self.unit_id}"


class ReceiptBook(models.Model):
    """The number of a program's latest receipt. Held until the end of the posting, so that no number is left out."""

    program = models.OneToOneField(
        Program, primary_key=True, on_delete=models.PROTECT, related_name="receipt_book"
    )
    last = models.BigIntegerField(_("latest number"), default=0)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("book of receipts")
        verbose_name_plural = _("books of receipts")

    def __str__(self) -> str:
        return str(self.last)


class Donation(models.Model):
    """A gift with its receipt: `number` counts from 1 without a gap in each program. `parts` are the points as
    [[lot id, amount]]; `worth_minor` is what they were worth that day. A gift taken back keeps its number."""

    class Via(models.TextChoices):
        PORTAL = "portal", _("Portal")
        API = "api", _("API")
        TILL = "till", _("Till")
        REWARD = "reward", _("Reward")

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    number = models.BigIntegerField(_("receipt"))
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="donations"
    )
    cause = models.ForeignKey(
        Cause, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="donations"
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    amount = models.BigIntegerField(_("amount"))
    worth_minor = models.BigIntegerField(_("worth"))
    parts = models.JSONField(default=list)
    via = models.CharField(_("through"), max_length=6, choices=Via)
    store = models.ForeignKey(
        Store, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    redemption_id = models.BigIntegerField(null=True)
    fact_id = models.BigIntegerField(unique=True)
    given_at = models.DateTimeField(_("given"))
    withdrawn_at = models.DateTimeField(_("taken back"), null=True)
    withdrawn_fact_id = models.BigIntegerField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("donation")
        verbose_name_plural = _("donations")
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="donation_receipt_unique"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, worth_minor__gt=0, number__gt=0), name="donation_of_something"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_fact_id__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_fact_id__isnull=False),
                name="donation_withdrawn_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-given_at"], name="donation_by_member"),
            models.Index(fields=["cause", "-given_at"], name="donation_by_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class Payout(models.Model):
    """Money that the shop says it has paid to the charity: minor units, the day and a reference of the payment. `parts`
    are the points that it settles as [[unit id, ledger units, minor units]]."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    cause = models.ForeignKey(
        Cause, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="payouts"
    )
    amount_minor = models.BigIntegerField(_("amount"))
    parts = models.JSONField(default=list)
    paid_on = models.DateField(_("paid on"))
    reference = models.CharField(_("reference"), max_length=80)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    fact_id = models.BigIntegerField(unique=True)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("payout to a cause")
        verbose_name_plural = _("payouts to causes")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_of_something"),
            models.CheckConstraint(condition=~Q(reference=""), name="payout_has_reference"),
        ]
        indexes = [models.Index(fields=["cause", "-paid_on"], name="payout_by_cause")]

    def __str__(self) -> str:
        return self.reference
