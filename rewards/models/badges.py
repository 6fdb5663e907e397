"""Badges, challenges and milestones, what each member's deeds bring to them, how members stand and what they won."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program


class Badge(models.Model):
    """`definition` see rewards/badges/goals.py; `names` and `texts` are {language: text}; `medal` says how it is drawn.

    `counted_at` is empty while what was there before is being counted (see rewards/badges/recounting.py), up to the member
    `counted_to`; `horizon` is the mark of the log from which its follower misses nothing. Where teams do it together that
    is done twice: once for what everybody brought, and from `summed_at` on, when teams are known, for how members stand."""

    class Kind(models.TextChoices):
        BADGE = "badge", _("Badge")
        CHALLENGE = "challenge", _("Challenge")
        MILESTONE = "milestone", _("Milestone")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="badges")
    key = models.SlugField(_("key"), max_length=60)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    names = models.JSONField(_("names"), default=dict)
    texts = models.JSONField(_("what to do"), default=dict, blank=True)
    medal = models.JSONField(_("medal"), default=dict, blank=True)
    definition = models.JSONField(_("goal"), default=dict)
    is_kept = models.BooleanField(_("kept once won"), default=False)
    # What was done before does not count.
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    # Of a challenge.
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    needs_joining = models.BooleanField(_("members join it"), default=False)
    has_board = models.BooleanField(_("leaderboard"), default=False)
    horizon = models.BigIntegerField(null=True, editable=False)
    counted_to = models.BigIntegerField(default=0, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    summed_at = models.DateTimeField(null=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("badge")
        verbose_name_plural = _("badges")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="badge_key_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=["badge", "challenge", "milestone"]), name="badge_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "live", "ended"]), name="badge_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="challenge") | Q(ends_at=None, needs_joining=False, has_board=False),
                name="badge_only_challenges_have_times",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="badge_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class BadgeShare(models.Model):
    """What one order or event (the anchor) brings to one badge of one member, as it stands now, and to which team."""

    pk = models.CompositePrimaryKey("badge_id", "anchor", "key")
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, db_index=False, related_name="+")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    anchor = models.BigIntegerField()
    key = models.CharField(max_length=128)
    member_id = models.BigIntegerField()
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=20, decimal_places=4)
    team = models.CharField(max_length=64, blank=True, default="", db_default="")

    objects = scoping.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["badge", "member_id"], name="badgeshare_by_member"),
            models.Index(fields=["anchor"], name="badgeshare_by_anchor"),
            models.Index(
                fields=["badge", "team", "member_id"], condition=~Q(team=""), name="badgeshare_by_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.anchor} {self.value}"


class BadgeProgress(models.Model):
    """How a member stands (see rewards/badges/folding.py): `value` counts in `period` since `at` and changes by itself at
    `until`; `step` is the last quarter of the way that was told, for the level after `level` levels."""

    pk = models.CompositePrimaryKey("badge_id", "member_id")
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, db_index=False, related_name="+")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    member_id = models.BigIntegerField()
    period = models.CharField(max_length=10, blank=True)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    best = models.DecimalField(max_digits=20, decimal_places=4)
    at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    level = models.SmallIntegerField(default=0)
    step = models.SmallIntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["badge", "-value", "at", "member_id"], name="badgeprogress_by_rank"),
            models.Index(fields=["member_id"], name="badgeprogress_by_member"),
            models.Index(fields=["until"], condition=Q(until__isnull=False), name="badgeprogress_due"),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.member_id}: {self.value}"


class BadgeTeam(models.Model):
    """What a team brought together: `value` is the sum of its shares, `reached` is {level: moment}. After a level changed
    its members are settled some at a time, up to `turned_to`; empty when nothing is left to do."""

    pk = models.CompositePrimaryKey("badge_id", "team")
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, db_index=False, related_name="+")
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    team = models.CharField(max_length=64)
    value = models.DecimalField(max_digits=20, decimal_places=4)
    reached = models.JSONField(default=dict)
    turned_to = models.BigIntegerField(null=True)

    objects = scoping.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["badge", "-value"], name="badgeteam_by_rank"),
            models.Index(fields=["program"], condition=Q(turned_to__isnull=False), name="badgeteam_turning"),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.team}: {self.value}"


class BadgeWin(models.Model):
    """A level that a member reached, in a period where it can be reached in each; `lost_at` says that what it was for
    came back. `prizes` is what was given for it, each with what takes it back."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, db_index=False, related_name="wins")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="wins")
    level = models.CharField(_("level"), max_length=40)
    period = models.CharField(max_length=10, blank=True)
    won_at = models.DateTimeField(_("won"))
    recorded_at = models.DateTimeField(_("recorded"))
    lost_at = models.DateTimeField(_("taken back"), null=True)
    prizes = models.JSONField(default=list)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("badge won")
        verbose_name_plural = _("badges won")
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "member", "level", "period"],
                condition=Q(lost_at__isnull=True),
                name="badgewin_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["badge", "-won_at"], condition=Q(lost_at__isnull=True), name="badgewin_by_badge"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.level} {self.member_id}"


class ChallengeEntry(models.Model):
    """A member takes part, and whether the board shows it, under which name: personal data, gone with the person."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, db_index=False, related_name="entries")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="challenges")
    joined_at = models.DateTimeField(_("joined"))
    is_shown = models.BooleanField(_("on the leaderboard"), default=False)
    shown_as = models.CharField(_("name on the leaderboard"), max_length=30, blank=True, default="")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [
            models.UniqueConstraint(fields=["badge", "member"], name="challengeentry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} {self.member_id}"
