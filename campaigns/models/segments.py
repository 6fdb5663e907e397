"""Segments: who they are for, their course, who came and went, and the figures of members that are asked most."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import scope, scopes_disabled

from loyaltysite.kit import scoping
from members.models import Member, Program


class Segment(models.Model):
    """A group of members: those whom a condition (`tree`, see campaigns/audiences/fields.py) holds for, or a list. Who is
    in it stands in members_audiencemember under its id. `gathered_at` is empty while those whom the conditions hold for
    are still to be gathered; `seen_at` is the moment its times were last looked at, `due_at` when time alone may change
    it next; `proven_at` and `mended` tell of the last full count."""

    class Kind(models.TextChoices):
        CONDITION = "condition", _("By conditions")
        LIST = "list", _("A fixed list")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ARCHIVED = "archived", _("Archived")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="segments")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    tree = models.JSONField(_("conditions"), default=dict, blank=True)
    # What is being written and not in force yet.
    draft = models.JSONField(null=True, blank=True)
    size = models.BigIntegerField(_("members"), default=0, editable=False)
    gathered_at = models.DateTimeField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    proven_at = models.DateTimeField(_("proven"), null=True, editable=False)
    mended = models.IntegerField(default=0, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="segment_key_unique"),
            models.CheckConstraint(condition=Q(kind__in=["condition", "list"]), name="segment_kind_known"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live", "archived"]), name="segment_state_known"
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="segment_size_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class SegmentMove(models.Model):
    """A member came or went. Kept for some months, so that staff can see who; the log of events keeps it for ever."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    segment = models.ForeignKey(
        Segment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="moves"
    )
    member_id = models.BigIntegerField(_("member"))
    is_in = models.BooleanField(_("came in"))
    at = models.DateTimeField(_("at"))

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("move of a segment")
        verbose_name_plural = _("moves of segments")
        indexes = [models.Index(fields=["segment", "-id"], name="segmentmove_newest")]

    def __str__(self) -> str:
        return f"{self.segment_id} {'+' if self.is_in else '-'}{self.member_id}"


class SegmentDay(models.Model):
    """How a segment stood at the end of a day of the program, and how many came and went on it."""

    pk = models.CompositePrimaryKey("segment_id", "day")
    segment = models.ForeignKey(
        Segment, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="days"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField(_("day"))
    size = models.BigIntegerField(_("members"))
    entered = models.IntegerField(_("came in"), default=0)
    left = models.IntegerField(_("went out"), default=0)

    objects = scoping.Manager()

    def __str__(self) -> str:
        return f"{self.segment_id} {self.day}: {self.size}"


class Figures(models.Model):
    """What a member's orders come to, the rank of the tier, and the scores of recency, frequency and money (1 to 5, see rfm.py)."""

    member = models.OneToOneField(
        Member, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="figures"
    )
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    orders = models.IntegerField(default=0)
    spend_minor = models.BigIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    # Of the highest standing that has not ended.
    rank = models.SmallIntegerField(null=True)
    recency = models.SmallIntegerField(null=True)
    frequency = models.SmallIntegerField(null=True)
    monetary = models.SmallIntegerField(null=True)
    rfm_class = models.CharField(max_length=16, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("figures of a member")
        verbose_name_plural = _("figures of members")

    def __str__(self) -> str:
        return f"{self.member_id}: {self.orders}"


class Watch(models.Model):
    """A program whose members are watched, since it has segments. Without a row nothing is noted and it costs nothing.
    `horizon` is the mark of the moment from which no change is missed; `counted_at` is when all figures were counted after
    it, and before that they are asked of the orders themselves."""

    program = models.OneToOneField(Program, primary_key=True, on_delete=models.PROTECT, related_name="+")
    horizon = models.BigIntegerField(null=True, editable=False)
    counted_at = models.DateTimeField(null=True)
    scored_on = models.DateField(null=True)
    proven_on = models.DateField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("watched program")
        verbose_name_plural = _("watched programs")

    def __str__(self) -> str:
        return str(self.program_id)

    @classmethod
    def of(cls, program: Program) -> Watch:
        with scope(program=program):
            return cls.objects.get()

    @classmethod
    def programs(cls) -> list[int]:
        """Ids of all programs that are watched."""
        with scopes_disabled():
            return list(cls.objects.values_list("program_id", flat=True))


class Dirty(models.Model):
    """Something about a member has changed, and nobody has looked yet whether it changes a segment. Written by triggers
    (campaigns/sql/segments.sql) in the transaction of the change, deleted with its effect."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member_id = models.BigIntegerField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("change to look at")
        verbose_name_plural = _("changes to look at")
        indexes = [models.Index(fields=["program", "id"], name="dirty_by_program")]

    def __str__(self) -> str:
        return f"{self.program_id}/{self.member_id}"
