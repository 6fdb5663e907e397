"""One action on many members: what shall happen, to whom, and how far it has come."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class BulkAction(models.Model):
    """`terms` are what the kind needs (amounts in ledger units); `wanted` is the filter or the ids until the members
    are gathered and then emptied, because a search may be a person's data. `reached` is the last member done."""

    class Kind(models.TextChoices):
        ADJUST = "adjust", _("Adjust points")
        TIER = "tier", _("Set tier")
        TAG = "tag", _("Add a tag")
        UNTAG = "untag", _("Remove a tag")
        COUPON = "coupon", _("Give a coupon")

    class State(models.TextChoices):
        GATHERING = "gathering", _("Being gathered")
        READY = "ready", _("Waits for you")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    terms = models.JSONField(_("terms"), default=dict)
    wanted = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.GATHERING)
    total = models.IntegerField(_("members"), default=0)  # of those that are not left out
    left_out = models.IntegerField(_("left out"), default=0)
    done = models.IntegerField(_("done"), default=0)
    refused = models.IntegerField(_("refused"), default=0)
    reached = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["gathering", "ready", "running", "done", "cancelled"]),
                name="bulkaction_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["adjust", "tier", "tag", "untag", "coupon"]),
                name="bulkaction_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "-created_at"], name="bulkaction_by_time"),
            models.Index(
                fields=["touched_at"],
                condition=Q(state__in=["gathering", "running"]),
                name="bulkaction_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class BulkItem(models.Model):
    """One member of a bulk action. `why` is the code of what left the member out or refused."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        LEFT_OUT = "left_out", _("Left out")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    pk = models.CompositePrimaryKey("action_id", "member_id")
    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, db_index=False, related_name="items")
    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    why = models.CharField(max_length=32, blank=True)

    objects = scoping.ByAction()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "left_out", "done", "refused"]), name="bulkitem_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id}/{self.member_id} {self.state}"
