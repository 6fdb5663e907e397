"""Members bring friends: what the program promises for it, each member's link, and each friend's way to the prize."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class ReferralScheme(models.Model):
    """A prize is {"unit": key, "amount": ledger units}, {"reward": key} or {} for none. A friend has `buy_days` for the
    first purchase; it is paid `wait_days` after that (None: the program's days to return)."""

    class Period(models.TextChoices):
        EVER = "ever", _("Altogether")
        MONTH = "month", _("A month")
        YEAR = "year", _("A year")

    program = models.OneToOneField(
        Program, primary_key=True, on_delete=models.PROTECT, related_name="referral_scheme"
    )
    is_on = models.BooleanField(_("on"), default=False)
    referrer_prize = models.JSONField(_("for who brings a friend"), default=dict, blank=True)
    friend_prize = models.JSONField(_("for the friend"), default=dict, blank=True)
    minimum_minor = models.BigIntegerField(_("smallest first purchase"), default=0)
    buy_days = models.PositiveSmallIntegerField(_("days for the first purchase"), default=60)
    wait_days = models.PositiveSmallIntegerField(_("days to wait after it"), null=True, blank=True)
    most = models.PositiveIntegerField(_("most prizes for one member"), null=True, blank=True, default=20)
    period = models.CharField(_("within"), max_length=5, choices=Period, default=Period.YEAR)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("referral scheme")
        verbose_name_plural = _("referral schemes")
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_minor__gte=0, buy_days__gte=1), name="referralscheme_bounds"
            ),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(most__gte=1), name="referralscheme_most_positive"
            ),
        ]

    def __str__(self) -> str:
        return str(self.program_id)


class ReferralLink(models.Model):
    """A member's own code. `visits` counts browsers that opened it, without keeping whose they are; `shown` is as much
    of the name as the member lets a friend see."""

    class Shown(models.TextChoices):
        NOTHING = "", _("No name")
        INITIAL = "initial", _("The first letter of my name")
        FIRST = "first", _("My first name")

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.PROTECT, related_name="referral_link"
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(_("code"), max_length=12)
    visits = models.BigIntegerField(_("opened"), default=0)
    shown = models.CharField(_("what friends see"), max_length=7, choices=Shown, default="", blank=True)
    made_at = models.DateTimeField(_("made"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("referral link")
        verbose_name_plural = _("referral links")
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="referrallink_code_unique"),
            models.CheckConstraint(
                condition=Q(shown__in=["", "initial", "first"]), name="referrallink_shown_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A friend who joined by a member's code. `terms` are what was promised on that day; `signs` are what makes it look
    like no new friend at all. `order_id` is the first purchase that still stands. Each side tells what became of its
    prize, and the fact or the redemption that gave it."""

    class Via(models.TextChoices):
        LINK = "link", _("Link")
        TILL = "till", _("Till")
        API = "api", _("API")

    class State(models.TextChoices):
        JOINED = "joined", _("Joined")
        WAITING = "waiting", _("Bought, waiting")
        REVIEW = "review", _("To look at")
        PAID = "paid", _("Paid")
        REFUSED = "refused", _("Refused")
        TAKEN_BACK = "taken_back", _("Taken back")

    class Side(models.TextChoices):
        OPEN = "", _("Open")
        PAID = "paid", _("Paid")
        NONE = "none", _("Nothing promised")
        CAPPED = "capped", _("Enough prizes in this period")
        INACTIVE = "inactive", _("Blocked or closed")
        SOLD_OUT = "sold_out", _("Nothing of it is left")
        TAKEN_BACK = "taken_back", _("Taken back")
        KEPT = "kept", _("Used already")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    referrer = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="referrals", db_index=False)
    friend = models.OneToOneField(Member, on_delete=models.PROTECT, related_name="referral")
    via = models.CharField(_("through"), max_length=4, choices=Via)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.JOINED)
    terms = models.JSONField(default=dict)
    signs = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    joined_at = models.DateTimeField(_("joined"))
    buy_until = models.DateTimeField()
    order_id = models.BigIntegerField(null=True, blank=True)
    bought_at = models.DateTimeField(_("bought"), null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    refused_for = models.CharField(max_length=16, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=300, blank=True)
    referrer_side = models.CharField(max_length=10, choices=Side, default="", blank=True)
    friend_side = models.CharField(max_length=10, choices=Side, default="", blank=True)
    referrer_fact = models.BigIntegerField(null=True, blank=True)
    friend_fact = models.BigIntegerField(null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.CheckConstraint(condition=~Q(referrer=F("friend")), name="referral_of_two"),
            models.CheckConstraint(
                condition=Q(state="joined", order_id__isnull=True, due_at__isnull=True)
                | Q(state__in=["waiting", "paid"], order_id__isnull=False, due_at__isnull=False)
                | Q(state__in=["review", "refused", "taken_back"]),
                name="referral_bought_by_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["joined", "waiting", "review"], closed_at__isnull=True)
                | Q(state__in=["paid", "refused", "taken_back"], closed_at__isnull=False),
                name="referral_closed_by_state",
            ),
            models.CheckConstraint(
                condition=Q(state="refused") & ~Q(refused_for="") | ~Q(state="refused") & Q(refused_for=""),
                name="referral_refused_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="referral_decision_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["paid", "taken_back"]) | Q(referrer_side="", friend_side=""),
                name="referral_sides_once_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["referrer", "-joined_at"], name="referral_by_referrer"),
            models.Index(
                fields=["program", "state", "due_at"],
                condition=Q(state__in=["joined", "waiting", "review"]),
                name="referral_open",
            ),
            models.Index(fields=["program", "-joined_at"], name="referral_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.referrer_id} → {self.friend_id}"


class ReferralMark(models.Model):
    """By what two members would turn out to be one person: a keyed digest of an address, phone, card or place, which
    says nothing without the site's key."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        ADDRESS = "address", _("Address")
        CARD = "card", _("Paying card")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="referral_marks", db_index=False
    )
    kind = models.CharField(max_length=7, choices=Kind)
    digest = models.BinaryField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("mark of a person")
        verbose_name_plural = _("marks of persons")
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "digest"], name="referralmark_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["email", "phone", "address", "card"]), name="referralmark_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["program", "kind", "digest"], name="referralmark_by_digest")]

    def __str__(self) -> str:
        return f"{self.kind} {bytes(self.digest).hex()[:12]}"
