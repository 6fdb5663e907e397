"""Tiers: the scheme of a program, its levels, each member's standings over time and the metric behind them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class TierScheme(models.Model):
    """What is counted (31), in which window (32), and what happens at the end of a tier's validity (34)."""

    class Counted(models.TextChoices):
        SPEND = "spend", _("Net spend")
        ORDERS = "orders", _("Orders")
        VISITS = "visits", _("Visits")
        POINTS = "points", _("Points earned")
        VALUE = "value", _("Customer value")

    class Window(models.TextChoices):
        CALENDAR_YEAR = "calendar_year", _("Calendar year")
        ROLLING = "rolling", _("Rolling months")
        MEMBERSHIP_YEAR = "membership_year", _("Membership year")
        SINCE_REACHED = "since_reached", _("Since the tier was reached")
        LIFETIME = "lifetime", _("Lifetime")

    class Review(models.TextChoices):
        TO_EARNED = "to_earned", _("To the level earned")
        ONE_DOWN = "one_down", _("One level down")
        KEEP = "keep", _("Keep")

    program = models.OneToOneField(
        Program, primary_key=True, on_delete=models.PROTECT, related_name="tier_scheme"
    )
    counted = models.CharField(_("counts"), max_length=8, choices=Counted, default=Counted.SPEND)
    unit_key = models.CharField(
        _("unit"), max_length=40, blank=True, help_text=_("Which unit's points count.")
    )
    window = models.CharField(_("window"), max_length=16, choices=Window, default=Window.CALENDAR_YEAR)
    months = models.PositiveSmallIntegerField(_("months of the window"), default=12)
    review = models.CharField(_("at the end"), max_length=12, choices=Review, default=Review.TO_EARNED)
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=0)
    # Of customer value: {historic, predicted, retention, upgrade} in percent, see rewards/tiers/valuing.py.
    weights = models.JSONField(_("weights"), default=dict, blank=True)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.get_counted_display()} · {self.get_window_display()}"


class Tier(models.Model):
    """A level. `threshold` is in the metric's own whole unit (minor units for spend); `multipliers` maps a unit's
    key to an exact ratio such as "3/2"."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="tiers")
    key = models.SlugField(_("key"), max_length=40)
    names = models.JSONField(_("names"), default=dict)
    rank = models.PositiveSmallIntegerField(_("rank"))
    threshold = models.BigIntegerField(_("from"))
    multipliers = models.JSONField(_("multipliers"), default=dict, blank=True)
    # What members of this tier earn ends otherwise: {unit key: policy}; a rule's own policy stands above it.
    expiry = models.JSONField(_("expiry"), default=dict, blank=True)
    benefits = models.JSONField(_("benefits"), default=list, blank=True)
    is_never_lost = models.BooleanField(_("never lost"), default=False)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="tier_key_unique"),
            models.UniqueConstraint(fields=["program", "rank"], name="tier_rank_unique"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="tier_threshold_not_negative"),
        ]

    def __str__(self) -> str:
        return self.key


class Standing(models.Model):
    """A member's tier from `since` until `ended_at`. Provisional until `confirms_at`; valid to `valid_until`
    (empty = without end). A manual standing has its reason, author and end."""

    class Origin(models.TextChoices):
        EARNED = "earned", _("Earned")
        REVIEW = "review", _("Review")
        MANUAL = "manual", _("Set by staff")

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="standings"
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=8, choices=Origin)
    since = models.DateTimeField()
    confirms_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    fact_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        constraints = [
            models.CheckConstraint(
                condition=~Q(origin="manual")
                | Q(author__isnull=False, valid_until__isnull=False) & ~Q(reason=""),
                name="standing_manual_is_explained",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "since"], name="standing_by_member"),
            models.Index(
                fields=["tier", "member"], condition=Q(ended_at__isnull=True), name="standing_open_by_tier"
            ),
            models.Index(
                fields=["program", "valid_until"],
                condition=Q(ended_at__isnull=True),
                name="standing_by_validity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.tier}"


class Metric(models.Model):
    """What counts for tiers, added up per member and bucket: the first day of the period for windows made of
    fixed periods, the day itself for the others."""

    pk = models.CompositePrimaryKey("holder_id", "bucket")
    holder_id = models.BigIntegerField()
    bucket = models.DateField()
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    spend_minor = models.BigIntegerField(default=0)
    orders = models.IntegerField(default=0)
    visits = models.IntegerField(default=0)
    points = models.BigIntegerField(default=0)
    last_on = models.DateField(null=True)  # the day of the latest order counted in the bucket

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.holder_id} {self.bucket}"
