"""What members can spend their points on. Limits that a row can express are constraints; `taken` counts the stock used."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program
from rewards.models.codes import CodePool

LONGEST_HOLD = 60 * 24 * 30


class Reward(models.Model):
    """`names`, `summaries` and `terms` are {language: text}; `price` is {unit key: ledger units}, all of them together;
    `money_minor` is paid besides. `taken` is changed by wafa_post alone, with the redemption that takes or gives back."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", _("Money off")
        PERCENT = "percent", _("Percent off")
        PRODUCT = "product", _("Free product")
        VOUCHER = "voucher", _("Voucher")
        GIFT_CARD = "gift_card", _("Gift card")
        SHIPPING = "shipping", _("Free shipping")
        UPGRADE = "upgrade", _("Upgrade")
        EVENT = "event", _("Event or experience")
        EARLY = "early", _("Early access")
        CONTENT = "content", _("Exclusive content")
        DONATION = "donation", _("Donation")
        UNITS = "units", _("Points of another kind")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    class Handover(models.TextChoices):
        TILL = "till", _("Shown at the till")
        CODE = "code", _("As a code to use later")
        POST = "post", _("Sent by post")
        STAFF = "staff", _("Arranged by the team")

    class Period(models.TextChoices):
        EVER = "ever", _("Altogether")
        DAY = "day", _("A day")
        WEEK = "week", _("A week")
        MONTH = "month", _("A month")
        YEAR = "year", _("A year")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="rewards")
    key = models.SlugField(_("key"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    names = models.JSONField(_("names"), default=dict)
    summaries = models.JSONField(_("in a few words"), default=dict, blank=True)
    terms = models.JSONField(_("terms"), default=dict, blank=True)
    picture_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    value_minor = models.BigIntegerField(_("worth"), null=True, blank=True)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    # To which cause of the program a donation goes.
    cause_key = models.SlugField(_("cause"), max_length=60, blank=True)
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    # {unit key: ledger units} that it gives.
    gives = models.JSONField(_("gives"), default=dict, blank=True)
    cost_minor = models.BigIntegerField(_("cost to you"), null=True, blank=True)
    price = models.JSONField(_("price"), default=dict)
    money_minor = models.BigIntegerField(_("to pay besides"), default=0)
    stock = models.BigIntegerField(_("stock"), null=True, blank=True)
    taken = models.BigIntegerField(_("taken"), default=0, editable=False)
    per_member = models.PositiveIntegerField(_("at most for one member"), null=True, blank=True)
    per_period = models.CharField(_("within"), max_length=5, choices=Period, default=Period.EVER)
    eligibility = models.JSONField(_("for whom"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    stores = ArrayField(models.CharField(max_length=64), verbose_name=_("stores"), default=list, blank=True)
    # Its codes are handed out in place of our own: those of a partner, one for each redemption.
    pool = models.ForeignKey(
        CodePool,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("codes"),
        related_name="rewards",
    )
    handover = models.CharField(_("handed over"), max_length=5, choices=Handover, default=Handover.TILL)
    # So long a reservation waits for its confirmation, and so many days an issued one can be used (null: without end).
    hold_minutes = models.PositiveIntegerField(_("minutes to show it"), default=15)
    valid_days = models.PositiveIntegerField(_("days to use it"), null=True, blank=True, default=90)
    is_prize = models.BooleanField(_("only given as a prize"), default=False, db_default=False)
    gives_back = models.BooleanField(_("gives points back when it ends unused"), default=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="reward_key_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live", "ended"]), name="reward_state_known"
            ),
            models.CheckConstraint(
                condition=Q(taken__gte=0) & (Q(stock__isnull=True) | Q(taken__lte=F("stock"))),
                name="reward_within_stock",
            ),
            models.CheckConstraint(
                condition=Q(money_minor__gte=0)
                & (Q(value_minor__isnull=True) | Q(value_minor__gt=0))
                & (Q(cost_minor__isnull=True) | Q(cost_minor__gte=0)),
                name="reward_money_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(kind="percent", percent__isnull=False)
                | ~Q(kind="percent") & Q(percent__isnull=True),
                name="reward_percent_where_it_counts",
            ),
            models.CheckConstraint(
                condition=Q(percent__isnull=True) | Q(percent__gt=0, percent__lte=100),
                name="reward_percent_bounded",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["amount", "gift_card"]) | Q(value_minor__isnull=False),
                name="reward_amount_has_value",
            ),
            models.CheckConstraint(
                condition=Q(per_member__isnull=True) | Q(per_member__gte=1), name="reward_limit_positive"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="reward_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(hold_minutes__gte=1, hold_minutes__lte=LONGEST_HOLD)
                & (Q(valid_days__isnull=True) | Q(valid_days__gte=1)),
                name="reward_times_bounded",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class RewardPicture(models.Model):
    """Made small and written anew on upload, found by its digest."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    content_type = models.CharField(max_length=32)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("picture of a reward")
        verbose_name_plural = _("pictures of rewards")
        constraints = [models.UniqueConstraint(fields=["program", "digest"], name="rewardpicture_once")]

    def __str__(self) -> str:
        return self.digest[:8]
