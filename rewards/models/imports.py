"""One import from the dashboard: the file, how its columns are read, and how far it has come."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class ImportRun(models.Model):
    """`stored` names the file in IMPORT_DIR, empty when it has been deleted; `options` are those of the command. While
    it runs, `turn` tells its worker from one that was given up for lost, and `seen_at` is its sign of life."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Not started")
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Stopped")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("file"), max_length=200)
    size = models.BigIntegerField(_("bytes"))
    digest = models.CharField(max_length=64)
    stored = models.CharField(max_length=100, blank=True)
    options = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    is_stopping = models.BooleanField(default=False)
    turn = models.IntegerField(default=0)
    position = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(_("rows"), default=0)
    recorded = models.BigIntegerField(_("recorded"), default=0)
    repeated = models.BigIntegerField(_("there before"), default=0)
    rejected_rows = models.BigIntegerField(_("rejected rows"), default=0)
    report = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "waiting", "running", "done", "failed", "cancelled"]),
                name="importrun_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "-created_at"], name="importrun_by_time"),
            models.Index(
                fields=["seen_at"], condition=Q(state__in=["waiting", "running"]), name="importrun_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (self.State.WAITING, self.State.RUNNING)
