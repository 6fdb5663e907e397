"""Units, wallets and the append-only ledger: entries, the lots they open and the lots that debits use.

The application's role may read these tables and nothing else: every row is written by the database function
`wafa_post` (rewards/sql/), which checks each wallet it touched before it returns. Amounts are whole ledger units
(10^-precision of the unit).
"""

from __future__ import annotations

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Holder, Program


class Unit(models.Model):
    """Points, stamps or money credit. `names` is {language: {plural category: word}}; one unit is worth
    `worth_numerator / worth_denominator` minor units of the program's currency."""

    class Shortfall(models.TextChoices):
        ARREARS = "arrears", _("Arrears up to a limit")
        FORGIVE = "forgive", _("Forgive")
        WITHIN = "within", _("Only within the balance")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="units")
    key = models.SlugField(_("key"), max_length=40)
    names = models.JSONField(_("names"), default=dict)
    precision = models.PositiveSmallIntegerField(_("decimals"), default=0)
    worth_numerator = models.BigIntegerField(default=1)
    worth_denominator = models.BigIntegerField(default=1)
    is_money = models.BooleanField(_("is money credit"), default=False)
    expiry = models.JSONField(_("expiry"), default=dict, blank=True)
    pending = models.JSONField(_("pending"), default=dict, blank=True)
    lapse = models.JSONField(_("inactivity"), default=dict, blank=True)
    # Whether the clock was started in wallets that were there before the policy.
    is_lapse_begun = models.BooleanField(default=True)
    notice_days = models.PositiveSmallIntegerField(_("days of notice"), default=0)
    # What ended may be had back for so many days (0: never), together at most `grace_budget`, in ledger units.
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=0)
    grace_budget = models.BigIntegerField(_("budget of grace"), null=True, blank=True)
    grace_spent = models.BigIntegerField(_("given back"), default=0)
    # How much a member may send to others in a calendar month, in ledger units; 0: nothing.
    transfer_limit = models.BigIntegerField(_("to send in a month"), default=0)
    # Whether a household may share it (rewards/households/).
    is_shared = models.BooleanField(_("households share it"), default=False)
    cap_per_order = models.BigIntegerField(_("at most per order"), null=True, blank=True)
    shortfall = models.CharField(_("shortfall"), max_length=8, choices=Shortfall, default=Shortfall.ARREARS)
    arrears_limit = models.BigIntegerField(_("limit of arrears"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="unit_key_unique"),
            models.CheckConstraint(
                condition=Q(worth_numerator__gte=0, worth_denominator__gt=0), name="unit_worth_is_a_ratio"
            ),
            models.CheckConstraint(condition=Q(precision__lte=6), name="unit_precision_bounded"),
        ]

    def __str__(self) -> str:
        return self.key


class Wallet(models.Model):
    """One balance of one unit for one holder: a cache of its last entry and of its open lots, checked against
    both at every commit. `next_due_at` is never later than the first moment at which a lot activates or expires."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    holder = models.ForeignKey(
        Holder, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="wallets"
    )
    unit = models.ForeignKey(Unit, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    seq = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    active = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    arrears = models.BigIntegerField(default=0)
    digest = models.BinaryField(default=b"")
    next_due_at = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        constraints = [
            models.UniqueConstraint(fields=["holder", "unit"], name="wallet_one_per_unit"),
            models.CheckConstraint(
                condition=Q(pending__gte=0, active__gte=0, reserved__gte=0, arrears__gte=0),
                name="wallet_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(arrears=0) | Q(active=0), name="wallet_arrears_only_when_empty"
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "next_due_at"],
                condition=Q(next_due_at__isnull=False),
                name="wallet_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_id}/{self.unit_id}"


class EntryKind(models.TextChoices):
    EARN = "earn", _("Earned")
    BONUS = "bonus", _("Bonus")
    ADJUST = "adjust", _("Adjusted")
    ACTIVATE = "activate", _("Became usable")
    RESERVE = "reserve", _("Reserved")
    RELEASE = "release", _("Released")
    SPEND = "spend", _("Spent")
    RESTORE = "restore", _("Given back")
    REVERSE = "reverse", _("Taken back")
    FORGIVE = "forgive", _("Forgiven")
    EXPIRE = "expire", _("Ended")
    REINSTATE = "reinstate", _("Reinstated")
    TRANSFER_IN = "transfer_in", _("Received")
    TRANSFER_OUT = "transfer_out", _("Sent")
    DONATE = "donate", _("Donated")
    MERGE = "merge", _("Merged")


class Entry(models.Model):
    """An immutable row of the ledger: by how much it changes pending, active, reserved and arrears, and what they
    are after it. `at` is the moment it counts for, `posted_at` when it was written; `lot_id` is the lot it opened
    or activated. `digest` = sha256(previous digest ‖ canonical entry), see rewards/sql/canonical.sql."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="entries")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=EntryKind)
    at = models.DateTimeField()
    posted_at = models.DateTimeField()
    pending_change = models.BigIntegerField()
    active_change = models.BigIntegerField()
    reserved_change = models.BigIntegerField()
    arrears_change = models.BigIntegerField()
    pending = models.BigIntegerField()
    active = models.BigIntegerField()
    reserved = models.BigIntegerField()
    arrears = models.BigIntegerField()
    lot_id = models.BigIntegerField(null=True)
    fact_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    mends_id = models.BigIntegerField(null=True)
    digest = models.BinaryField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "seq"], name="entry_seq_gapless_start"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="entry_seq_positive"),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}#{self.seq} {self.kind}"


class Lot(models.Model):
    """What a credit opened. `remaining` still belongs to the member, `reserved` of it is held; `expired` ended
    unused. Pending until `is_active`; a lot without `active_at` waits for the event `awaits`."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="lots")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    reserved = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    is_active = models.BooleanField()
    earned_at = models.DateTimeField()
    active_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    awaits = models.CharField(max_length=32, blank=True, default="")
    terms = models.TextField(blank=True, default="")
    fact_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    version_id = models.BigIntegerField(null=True)
    origin_id = models.BigIntegerField(null=True)
    # Named in the partial index: an update that leaves it alone stays on its page (HOT).
    is_open = models.GeneratedField(
        expression=ExpressionWrapper(Q(remaining__gt=0), models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(condition=Q(remaining__gte=0), name="lot_remaining_not_negative"),
            models.CheckConstraint(
                condition=Q(remaining__lte=F("granted") - F("expired")), name="lot_remaining_within_granted"
            ),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("remaining")),
                name="lot_reserved_within_remaining",
            ),
            models.CheckConstraint(condition=Q(granted__gt=0, expired__gte=0), name="lot_granted_positive"),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(reserved=0), name="lot_pending_not_reserved"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet"], condition=Q(is_open=True), name="lot_open_by_wallet"),
            models.Index(fields=["order_id"], condition=Q(order_id__isnull=False), name="lot_by_order"),
        ]

    def __str__(self) -> str:
        return f"lot {self.pk}"


class Allocation(models.Model):
    """Which lot a debit used, and how much of it; a restore gives back with a negative amount."""

    pk = models.CompositePrimaryKey("entry_id", "lot_id")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, db_index=False, related_name="allocations")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations")
    amount = models.BigIntegerField()

    objects = scoping.ByEntry()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="allocation_not_zero")]

    def __str__(self) -> str:
        return f"{self.entry_id} → {self.lot_id}: {self.amount}"
