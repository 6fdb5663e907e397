"""How messages leave: a program's manners, its providers, its control groups, and what must not be written to."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.templates import Carrier
from loyaltysite.kit import scoping
from members.models import Member, Program


class Manners(models.Model):
    """When and how often a program writes to a member. `caps` are [{channel, kind, days, most}], an empty channel or kind
    means any. Quiet hours run by the member's clock; equal ends mean there are none."""

    program = models.OneToOneField(
        Program, primary_key=True, on_delete=models.PROTECT, related_name="manners"
    )
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(_("quiet until"), default=time(8))
    caps = models.JSONField(_("caps"), default=list, blank=True)
    late_hours = models.PositiveSmallIntegerField(_("hours until it is too late"), default=24)
    place_hours = models.PositiveSmallIntegerField(
        _("hours until a member is told to be near a store again"), default=12, db_default=12
    )
    sender_name = models.CharField(_("name of the sender"), max_length=120, blank=True)
    sender_address = models.EmailField(_("address of the sender"), blank=True)
    reply_to = models.EmailField(_("answers go to"), blank=True)
    postal_address = models.CharField(_("postal address in the footer"), max_length=300, blank=True)
    tracks_opens = models.BooleanField(_("count what is opened"), default=True)
    tracks_clicks = models.BooleanField(_("count what is clicked"), default=True)
    # Whether a second person approves what is published of journeys.
    needs_approval = models.BooleanField(_("a second person approves journeys"), default=False)
    # Of the site as members see it, for links in messages; https://host without a path.
    site = models.CharField(_("address of the portal"), max_length=200, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("manners")
        verbose_name_plural = _("manners")
        constraints = [
            models.CheckConstraint(
                condition=Q(late_hours__gte=1, late_hours__lte=720), name="manners_late_hours_sensible"
            ),
            models.CheckConstraint(
                condition=Q(place_hours__gte=1, place_hours__lte=720), name="manners_place_hours_sensible"
            ),
        ]

    def __str__(self) -> str:
        return str(self.program_id)


class Control(models.Model):
    """Who gets no marketing at all: a share of the members by a salted hash. Each change begins a new row; history stays."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="controls")
    percent = models.PositiveSmallIntegerField(_("percent"))
    salt = models.CharField(max_length=32)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    # What all marketing changed, as it was last measured (see experiments/marketing.py).
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True)
    found = models.JSONField(null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("control group")
        verbose_name_plural = _("control groups")
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=15), name="control_1_to_15"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="control_ends_later"
            ),
            models.UniqueConstraint(
                fields=["program"], condition=Q(until__isnull=True), name="control_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} {self.percent} %"


class Provider(models.Model):
    """Who carries a channel's messages. `settings` may be read by staff; what is secret is sealed."""

    class Kind(models.TextChoices):
        MAILER = "mailer", _("This site's mail server")
        SMTP = "smtp", _("A mail server of your own")
        ANYMAIL = "anymail", _("A mail provider")
        HTTP = "http", _("Any provider of text messages by HTTP")
        TWILIO = "twilio", _("Twilio")
        WEBPUSH = "webpush", _("Web push")
        WEBHOOK = "webhook", _("Your webhook")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="providers")
    channel = models.CharField(_("channel"), max_length=8, choices=Carrier)
    kind = models.CharField(_("provider"), max_length=8, choices=Kind)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.BinaryField(null=True, blank=True)
    # How many a second at most; 0 means as fast as it goes.
    per_second = models.PositiveIntegerField(_("messages a second at most"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("provider of messages")
        verbose_name_plural = _("providers of messages")
        constraints = [models.UniqueConstraint(fields=["program", "channel"], name="provider_one_a_channel")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.kind}"


class Suppression(models.Model):
    """An address that must not be written to any more. `mark` is a keyed digest of it and outlives the person's data;
    `identity_id` is where it stood, so that a new address of the same member is free."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("It came back")
        COMPLAINT = "complaint", _("It was called unwanted")
        STAFF = "staff", _("By staff")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    identity_id = models.BigIntegerField(null=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Carrier)
    mark = models.BinaryField(max_length=32)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    message_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("at"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "channel", "mark"],
                condition=Q(lifted_at__isnull=True),
                name="suppression_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["member", "channel"],
                condition=Q(lifted_at__isnull=True),
                name="suppression_by_member",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"


class PushDevice(models.Model):
    """A browser that a member let us send notices to. Its keys are the person's and go with the person."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="push_devices")
    endpoint = models.CharField(max_length=500)
    keys = models.JSONField()
    created_at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("browser for notices")
        verbose_name_plural = _("browsers for notices")
        constraints = [models.UniqueConstraint(fields=["program", "endpoint"], name="pushdevice_once")]

    def __str__(self) -> str:
        return str(self.pk)


class Whereabouts(models.Model):
    """The time zone of a member where it is not the program's."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.PROTECT, related_name="whereabouts"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    time_zone = models.CharField(_("time zone"), max_length=64)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("time zone of a member")
        verbose_name_plural = _("time zones of members")

    def __str__(self) -> str:
        return self.time_zone
