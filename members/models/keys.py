"""Keys of the API and the answers it gave: both belong to one program and hold no personal data."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program
from members.models.users import User


class Scope(models.TextChoices):
    """What a key may do; a key holds any number of them."""

    PROGRAM_READ = "program:read", _("Program, units, tiers and stores: read")
    PROGRAM_WRITE = "program:write", _("Stores: add and change")
    MEMBERS_READ = "members:read", _("Members: read")
    MEMBERS_WRITE = "members:write", _("Members: change")
    ORDERS_READ = "orders:read", _("Orders and events: read")
    ORDERS_WRITE = "orders:write", _("Orders, returns and events: send")
    POINTS_READ = "points:read", _("Wallets and entries: read")
    POINTS_WRITE = "points:write", _("Points: adjust")
    POINTS_SPEND = "points:spend", _("Points: spend")
    RULES_READ = "rules:read", _("Earning rules: read")
    RULES_WRITE = "rules:write", _("Earning rules: publish")


class ApiKey(models.Model):
    """A secret that speaks for a program. Only its SHA-256 is kept; `prefix` is what people tell keys apart by."""

    class State(models.TextChoices):
        LIVE = "live", _("In force")
        ENDED = "ended", _("Ended")
        REVOKED = "revoked", _("Revoked")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope), verbose_name=_("scopes"))
    reads_per_minute = models.PositiveIntegerField(_("reads a minute"), default=600)
    writes_per_minute = models.PositiveIntegerField(_("writes a minute"), default=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who answers for it since its maker is owner no longer."),
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revoke_reason = models.CharField(max_length=300, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=Scope.values) & ~models.Q(scopes=[]),
                name="apikey_scopes_known",
            ),
            models.CheckConstraint(
                condition=models.Q(reads_per_minute__gte=1, writes_per_minute__gte=1),
                name="apikey_limits_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True)
                | models.Q(revoked_by__isnull=False) & ~models.Q(revoke_reason=""),
                name="apikey_revoking_is_explained",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (wafa_{self.prefix})"

    @property
    def author(self) -> User:
        """In whose name it acts."""
        return self.handed_to or self.created_by

    def state_at(self, moment: datetime) -> ApiKey.State:
        if self.revoked_at is not None:
            return self.State.REVOKED
        is_over = self.expires_at is not None and self.expires_at <= moment
        return self.State.ENDED if is_over else self.State.LIVE

    @property
    def scope_names(self) -> list[str]:
        """What it may do, in words."""
        return [str(Scope(value).label) for value in self.scopes]


class ApiAnswer(models.Model):
    """What a request with an idempotency key was answered, byte for byte; written with its effect, kept 30 days.

    Holds ids and figures only, so that erasing a person has nothing to do here."""

    pk = models.CompositePrimaryKey("program_id", "key")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    answered_at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("API answer")
        verbose_name_plural = _("API answers")
        indexes = [models.Index(fields=["answered_at"], name="apianswer_by_time")]

    def __str__(self) -> str:
        return f"{self.program_id} {self.key}"
