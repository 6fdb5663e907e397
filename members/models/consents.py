"""What a member allows: one state per channel and topic, and every change of it for ever. Nothing is allowed by default."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.people import Member
from members.models.programs import Program


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PUSH = "push", _("Notice on the phone")
    POST = "post", _("Post")
    # Not ways of writing: a position that the member tells, and who is found again on other sites.
    PLACE = "place", _("Near a store")
    SOCIAL = "social", _("On social networks")


class Topic(models.TextChoices):
    OFFERS = "offers", _("Offers and news")
    REMINDERS = "reminders", _("Reminders before something ends")
    SURVEYS = "surveys", _("Questions about your visits")


# What there is to agree to: everything that is written by its topic; the rest as one choice each.
WRITTEN = (Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.POST)
OF_TOPIC = dict.fromkeys(Topic, WRITTEN) | {Topic.OFFERS: tuple(Channel)}


class Consent(models.Model):
    """The state in force; without a row there is no consent. What is only wished was ticked for a contact that nobody
    has proven: it counts for nothing until somebody does."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, related_name="consents")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic)
    is_given = models.BooleanField(_("given"))
    is_wished = models.BooleanField(_("waits for a proof"), default=False, db_default=False)
    since = models.DateTimeField(_("since"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["member", "channel", "topic"], name="consent_one_state"),
            models.CheckConstraint(
                condition=models.Q(channel__in=WRITTEN, topic__in=Topic.values)
                | models.Q(channel__in=Channel.values, topic=Topic.OFFERS),
                name="consent_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_given=False) | models.Q(is_wished=False), name="consent_given_or_wished"
            ),
        ]
        indexes = [
            models.Index(
                fields=["program", "channel", "topic", "member"],
                condition=models.Q(is_given=True),
                name="consent_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}: {'yes' if self.is_given else 'no'}"


class ConsentChange(models.Model):
    """One change: when, through what (portal, till, staff, import) and whether it gives or takes. Append-only; holds
    ids and choices only, so that it may outlive the person's data."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member_id = models.BigIntegerField(db_index=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic)
    is_given = models.BooleanField(_("given"))
    source = models.CharField(_("through"), max_length=32)
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("change of a consent")
        verbose_name_plural = _("changes of consents")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.channel}/{self.topic}: {'yes' if self.is_given else 'no'}"
