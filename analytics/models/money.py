"""What points cost: what the points of each month became, where points came from, what was booked, planned and paid."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class LotDay(models.Model):
    """What became on one day of the points that were first earned in the month `cohort` and can be used until the month
    `ends`, in ledger units: held = issued + adjusted + moved − spent − expired − reversed. `holders` are people (members
    and households), causes or gift cards."""

    pk = models.CompositePrimaryKey("program_id", "unit_id", "day", "cohort", "ends", "holders")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    day = models.DateField()
    cohort = models.DateField()
    ends = models.DateField()
    holders = models.CharField(max_length=8)
    issued = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    reversed = models.BigIntegerField(default=0)
    adjusted = models.BigIntegerField(default=0)
    moved = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.unit_id} {self.day} {self.cohort}"


class SourceDay(models.Model):
    """What was given of one unit on one day, and taken back, by what it was given for (analytics.liability.sums.SOURCES), in
    ledger units."""

    pk = models.CompositePrimaryKey("program_id", "unit_id", "day", "source")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    day = models.DateField()
    source = models.CharField(max_length=8)
    given = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.unit_id} {self.day} {self.source}"


class SalesMonth(models.Model):
    """What members bought in one month, without tax and less what came back of it by now, in minor units. A task measures
    it; returns change months that are over."""

    pk = models.CompositePrimaryKey("program_id", "month")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    month = models.DateField(_("month"))
    net_minor = models.BigIntegerField(_("net sales to members"), default=0)
    measured_at = models.DateTimeField(_("measured"))

    objects = scoping.Manager()

    def __str__(self) -> str:
        return str(self.month)


class TierHolding(models.Model):
    """What the members of one tier (0: of none) held of one unit at the end of a day, in ledger units."""

    pk = models.CompositePrimaryKey("program_id", "unit_id", "day", "tier_id")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    day = models.DateField(_("day"))
    tier_id = models.BigIntegerField()
    held = models.BigIntegerField(_("held"))
    members = models.BigIntegerField(_("members"))

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.unit_id} {self.day} {self.tier_id}"


class Account(models.TextChoices):
    """What the journal books on, each with a number of the shop's own books. The journal takes the price of points out of
    the sales that the shop has booked in full."""

    SALES = "sales", _("Sales")
    DEFERRED = "deferred", _("Deferred revenue of points")
    REDEEMED = "redeemed", _("Revenue of points used")
    BREAKAGE = "breakage", _("Revenue of points never used")
    COST = "cost", _("Cost of points given without a sale")
    PROVISION = "provision", _("Provision for points given without a sale")


class AccountNumber(models.Model):
    """Under which number the shop's books have an account of the journal."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    account = models.CharField(_("account"), max_length=10, choices=Account)
    number = models.CharField(_("number"), max_length=20)

    objects = scoping.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "account"], name="accountnumber_one_each"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.number}"


class JournalMonth(models.Model):
    """A month that was closed: its lines are never changed. What is learned of it later is booked in the next one."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        constraints = [
            models.UniqueConstraint(fields=["program", "month"], name="journalmonth_closed_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="journalmonth_is_a_first"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"LP-{self.month:%Y-%m}"


class JournalLine(models.Model):
    """So much on one account for the points of one month in one unit: debit above zero, credit below, in minor units. A line
    `of_month` mends what an earlier closed month had said; the lines of a month sum to zero."""

    month = models.ForeignKey(JournalMonth, on_delete=models.PROTECT, related_name="lines")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    cohort = models.DateField()
    account = models.CharField(max_length=10, choices=Account)
    of_month = models.DateField(null=True)
    amount_minor = models.BigIntegerField()

    objects = scoping.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="journalline_not_zero"),
            models.CheckConstraint(condition=Q(account__in=Account.values), name="journalline_account_known"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_minor:+d}"


class CohortShare(models.Model):
    """Which share of a month's points was expected to be used when that month was closed: `expected` of `granted`, ledger
    units, and what a ledger unit was worth then, in minor units. The price of the sale was shared by both, and stays so."""

    pk = models.CompositePrimaryKey("unit_id", "cohort")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    unit_id = models.BigIntegerField()
    cohort = models.DateField()
    granted = models.BigIntegerField()
    expected = models.BigIntegerField()
    worth_numerator = models.BigIntegerField()
    worth_denominator = models.BigIntegerField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.unit_id} {self.cohort}"


class Budget(models.Model):
    """What a merchant plans to spend on one line in one month, in minor units; and what was spent in it when somebody last
    looked, so that warnings need not count."""

    class Line(models.TextChoices):
        ENROLMENT = "enrolment", _("Enrolment")
        EARNING = "earning", _("Earning")
        OFFERS = "offers", _("Personal offers")
        AUTOMATION = "automation", _("Automation")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    line = models.CharField(_("line"), max_length=10, choices=Line)
    month = models.DateField(_("month"))
    planned_minor = models.BigIntegerField(_("planned"))
    spent_minor = models.BigIntegerField(_("spent"), null=True, blank=True)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.UniqueConstraint(fields=["program", "line", "month"], name="budget_one_a_month"),
            models.CheckConstraint(condition=Q(planned_minor__gte=0), name="budget_not_negative"),
            models.CheckConstraint(condition=Q(month__day=1), name="budget_month_is_a_first"),
        ]

    def __str__(self) -> str:
        return f"{self.line} {self.month}"


class ProgramCost(models.Model):
    """What the program costs besides its points: an amount for the days from `first` to `last`, both included, spread evenly
    over them."""

    class Kind(models.TextChoices):
        BENEFITS = "benefits", _("Benefits")
        DESIGN = "design", _("Design and launch")
        ADMINISTRATION = "administration", _("Administration")
        UPKEEP = "upkeep", _("Upkeep and software")
        OTHER = "other", _("Other")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    name = models.CharField(_("name"), max_length=120)
    first = models.DateField(_("from"))
    last = models.DateField(_("to"))
    amount_minor = models.BigIntegerField(_("amount"))
    entered_at = models.DateTimeField(_("entered"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("cost of the program")
        verbose_name_plural = _("costs of the program")
        constraints = [
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="programcost_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="programcost_is_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class Payback(models.Model):
    """What the program brought in over twelve months and what it cost, as it was worked out: see analytics.roi.measuring."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.CASCADE, related_name="+")
    first = models.DateField()
    last = models.DateField()
    measured_at = models.DateTimeField()
    version = models.PositiveSmallIntegerField()
    result = models.JSONField()

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.program_id} {self.first}"
