"""What is to be sent, what became of it, and what was not sent and why. Ids and choices only: no address, no text."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.templates import Carrier, Kind, Template, TemplateVersion
from loyaltysite.kit import scoping
from members.models import Member, Program, Topic


class Reason(models.TextChoices):
    """Why something was not sent. The first eight stand in the order in which they are looked at."""

    INACTIVE = "inactive", _("The membership is closed or blocked.")
    CONSENT = "consent", _("The member has not agreed to this topic on this channel.")
    ADDRESS = "address", _("There is no address for this channel.")
    SUPPRESSED = "suppressed", _("The address bounced or complained.")
    CONTROL = "control", _("The member is in the control group that gets no marketing.")
    HOLDOUT = "holdout", _("The member is in the hold-out group of this journey.")
    CAPPED = "capped", _("The member had enough messages in this time.")
    QUIET = "quiet", _("It was the member's quiet time, and afterwards it would be too late.")
    EXIT = "exit", _("The journey ended for the member before it was sent.")
    LATE = "late", _("It could not be sent in time.")
    CONTENT = "content", _("The template says not to send this to the member.")
    WITHDRAWN = "withdrawn", _("Staff called it back.")


class Message(models.Model):
    """One message on its way through one channel. `idem_key` makes a repeat the same message; providers get it too.
    `day` is the member's local day that it counts for."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        HELD = "held", _("Held back while the journey is paused")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        BOUNCED = "bounced", _("Came back")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Nobody knows")
        CANCELLED = "cancelled", _("Not sent")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    # Of a journey; empty for what was sent otherwise.
    enrolment_id = models.BigIntegerField(null=True, blank=True)
    version_id = models.BigIntegerField(null=True, blank=True)
    step = models.CharField(_("step"), max_length=64, blank=True, default="")
    idem_key = models.CharField(max_length=120, unique=True)
    template = models.ForeignKey(Template, on_delete=models.PROTECT, db_index=False, related_name="messages")
    content = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Carrier)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic)
    context = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    reason = models.CharField(_("why not"), max_length=16, choices=Reason, blank=True, default="")
    queued_at = models.DateTimeField(_("queued"))
    not_before = models.DateTimeField(_("not before"))
    expires_at = models.DateTimeField(_("not after"))
    day = models.DateField(_("day"))
    attempts = models.SmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    clicked_at = models.DateTimeField(_("clicked"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True, blank=True)
    # Of which coupon it carries the member's code, and the order in which that was used (campaigns/sql/redeemed.sql).
    coupon_id = models.BigIntegerField(null=True, blank=True)
    redeemed_order_id = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(_("put away by the member"), null=True, blank=True)
    provider = models.CharField(_("sent through"), max_length=24, blank=True, default="")
    provider_id = models.CharField(max_length=200, blank=True, default="")
    # A short word for what the provider said; its sentences may hold addresses and go to the log only.
    trouble = models.CharField(_("trouble"), max_length=40, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=("queued held sending sent delivered bounced failed unknown cancelled".split())
                ),
                name="message_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(reason=""), name="message_cancelled_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False)
                | ~Q(state="sending") & Q(lease_until__isnull=True),
                name="message_leased_while_sending",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "program", "not_before"], condition=Q(state="queued"), name="message_due"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="message_leased"),
            models.Index(fields=["member", "-id"], name="message_by_member"),
            models.Index(
                fields=["enrolment_id"], condition=Q(enrolment_id__isnull=False), name="message_by_enrolment"
            ),
            models.Index(fields=["program", "-id"], name="message_newest"),
            models.Index(fields=["program", "queued_at"], name="message_lately"),
            models.Index(
                fields=["member", "coupon_id"], condition=Q(coupon_id__isnull=False), name="message_by_coupon"
            ),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="message_by_provider_id"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.channel} {self.state}"


class Decision(models.Model):
    """What was not sent, kept exactly as sends are (N5). `until` is set where it was only put off, until then."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    enrolment_id = models.BigIntegerField(null=True, blank=True)
    version_id = models.BigIntegerField(null=True, blank=True)
    step = models.CharField(_("step"), max_length=64, blank=True, default="")
    idem_key = models.CharField(max_length=120)
    template = models.ForeignKey(Template, on_delete=models.PROTECT, db_index=False, related_name="decisions")
    channel = models.CharField(_("channel"), max_length=8, choices=Carrier)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    day = models.DateField(_("day"))
    until = models.DateTimeField(_("put off until"), null=True, blank=True)
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [
            models.UniqueConstraint(
                fields=["idem_key"], condition=Q(until__isnull=True), name="decision_once"
            )
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="decision_by_member"),
            models.Index(fields=["program", "-id"], name="decision_newest"),
            models.Index(
                fields=["enrolment_id"], condition=Q(enrolment_id__isnull=False), name="decision_by_enrolment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.idem_key} {self.reason}"


class Touch(models.Model):
    """How many messages a member was promised for a local day; taken back when one is not sent after all."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField()
    channel = models.CharField(max_length=8, choices=Carrier)
    kind = models.CharField(max_length=16, choices=Kind)
    n = models.IntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "day", "channel", "kind"], name="touch_one_a_day_and_channel"
            ),
            models.CheckConstraint(condition=Q(n__gte=0), name="touch_not_negative"),
        ]
        indexes = [models.Index(fields=["day"], name="touch_by_day")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.day} {self.n}"


class Attention(models.Model):
    """A member's place in the queue of those who want to be heard: locked while caps are counted, else unused."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    objects = scoping.Manager()

    def __str__(self) -> str:
        return str(self.member_id)
