"""A program is the tenant: its settings, its stores and its team."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping

HEX_COLOR = r"^#[0-9a-f]{6}$"


def default_languages() -> list[str]:
    return ["en"]


class Program(models.Model):
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(_("currency"), max_length=3)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    languages = ArrayField(
        models.CharField(max_length=8), verbose_name=_("languages"), default=default_languages
    )
    prices_include_tax = models.BooleanField(_("prices include tax"), default=True)
    tax_rate = models.DecimalField(_("tax rate in percent"), max_digits=6, decimal_places=3, default=0)
    basis = models.JSONField(_("what earns"), default=dict, blank=True)
    return_days = models.PositiveSmallIntegerField(_("days to return"), default=14)
    brand = models.CharField(_("brand colour"), max_length=7, default="#0b4a5c")
    # Of the logo, here too so that no page asks for it; empty without one.
    logo_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    requires_mfa = models.BooleanField(_("second factor for owners and managers"), default=False)
    # The most a role may adjust at once without a second person, {role: {unit key: ledger units}}; without an entry
    # there is no limit.
    adjust_limits = models.JSONField(_("limits of adjustments"), default=dict, blank=True)
    # In basis points. What remains of a sale where its lines say no cost; empty: nobody knows. And what a year's waiting
    # takes from money to come.
    margin_rate = models.PositiveIntegerField(_("margin"), null=True, blank=True)
    discount_rate = models.PositiveIntegerField(_("yearly discount"), default=1_000)
    is_demo = models.BooleanField(_("demo"), default=False)
    # Grows whenever units, rules or tiers change, so that a process knows that its compiled rules are old.
    catalogue = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(currency__regex="^[A-Z]{3}$"), name="program_currency_is_iso"
            ),
            models.CheckConstraint(condition=models.Q(brand__regex=HEX_COLOR), name="program_brand_is_hex"),
            models.CheckConstraint(
                condition=models.Q(tax_rate__gte=0, tax_rate__lte=100), name="program_tax_rate_is_percent"
            ),
            models.CheckConstraint(
                condition=models.Q(margin_rate__isnull=True) | models.Q(margin_rate__lte=10_000),
                name="program_margin_rate_is_share",
            ),
            models.CheckConstraint(
                condition=models.Q(discount_rate__lte=10_000), name="program_discount_rate_is_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Logo(models.Model):
    """A program's picture, made small and written anew on upload; kept in the database, which every web server reads."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.CASCADE, related_name="logo")
    content = models.BinaryField()
    content_type = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.program_id} {self.digest[:8]}"


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    ANALYST = "analyst", _("Analyst")
    CASHIER = "cashier", _("Cashier")


class TeamMembership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="teams")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="team")
    role = models.CharField(_("role"), max_length=16, choices=Role)
    created_at = models.DateTimeField(default=timezone.now)

    # Read before a program is chosen (which programs may this user open?), hence not scoped.
    objects = models.Manager()

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints = [
            models.UniqueConstraint(fields=["program", "user"], name="teammembership_once_a_program"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="teammembership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Store(models.Model):
    """A place or channel where orders happen."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="stores")
    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)
    # Where it is (WGS 84, degrees), and from how far a member is near it; a channel is nowhere.
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    radius_m = models.PositiveIntegerField(_("near within so many meters"), default=200, db_default=200)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="store_code_unique"),
            models.CheckConstraint(
                condition=models.Q(latitude=None, longitude=None)
                | models.Q(latitude__range=(-90.0, 90.0), longitude__range=(-180.0, 180.0)),
                name="store_on_earth",
            ),
            models.CheckConstraint(condition=models.Q(radius_m__range=(20, 50_000)), name="store_radius"),
        ]

    def __str__(self) -> str:
        return self.name
