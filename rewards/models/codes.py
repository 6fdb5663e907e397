"""Codes and the pools they lie in: ours drawn at random, or those of a partner. A code is kept by its keyed digest."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Member, Program

DIGEST = 16


class CodePool(models.Model):
    """`most_uses` is how often each of its codes works: once, so many times, or null without end. `warn_below` is the
    number of free codes below which the team is warned."""

    class Purpose(models.TextChoices):
        COUPON = "coupon", _("Coupons: typed in at the till or in the shop")
        VOUCHER = "voucher", _("Vouchers: handed out with a reward")

    class Source(models.TextChoices):
        OURS = "ours", _("Drawn here")
        FOREIGN = "foreign", _("Brought along")

    class Use(models.TextChoices):
        SINGLE = "single", _("Once")
        MULTI = "multi", _("Several times")
        MEMBER = "member", _("Once for each member")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="code_pools")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    purpose = models.CharField(_("purpose"), max_length=7, choices=Purpose, default=Purpose.COUPON)
    source = models.CharField(
        _("where the codes come from"), max_length=7, choices=Source, default=Source.OURS
    )
    use = models.CharField(_("each code works"), max_length=6, choices=Use, default=Use.SINGLE)
    most_uses = models.BigIntegerField(_("at most"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    warn_below = models.PositiveIntegerField(_("warn below"), null=True, blank=True)
    is_open = models.BooleanField(_("open"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("code pool")
        verbose_name_plural = _("code pools")
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="codepool_key_unique"),
            models.CheckConstraint(
                condition=Q(use="single", most_uses=1)
                | Q(use__in=["multi", "member"]) & (Q(most_uses__isnull=True) | Q(most_uses__gte=1)),
                name="codepool_single_is_one",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="voucher") | Q(use="single"), name="codepool_vouchers_are_single"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="codepool_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class CodeBatch(models.Model):
    """Codes that come into a pool together: a file of a partner, or so many drawn here. `position` is how far the file
    was read (bytes) or how many were drawn; with it the codes of each chunk are written, so that a repeat goes on
    there. `told` is {reason: rows left out}, and `left_out_bytes` the length of the file that lists them."""

    class Kind(models.TextChoices):
        FILE = "file", _("From a file")
        DRAWN = "drawn", _("Drawn")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+")
    pool = models.ForeignKey(CodePool, on_delete=models.PROTECT, related_name="batches")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    name = models.CharField(_("file"), max_length=200, blank=True)
    stored = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    position = models.BigIntegerField(default=0)
    wanted = models.BigIntegerField(_("wanted"), default=0)
    rows = models.BigIntegerField(_("rows"), default=0)
    taken = models.BigIntegerField(_("taken in"), default=0)
    told = models.JSONField(default=dict)
    left_out_bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    downloaded_at = models.DateTimeField(_("downloaded"), null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("batch of codes")
        verbose_name_plural = _("batches of codes")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]), name="codebatch_state_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=["file", "drawn"]), name="codebatch_kind_known"),
        ]
        indexes = [
            models.Index(fields=["pool", "-created_at"], name="codebatch_by_time"),
            models.Index(
                fields=["seen_at"], condition=Q(state__in=["waiting", "running"]), name="codebatch_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.kind} {self.pk}"

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def rejected(self) -> int:
        return sum(self.told.values())


class Code(models.Model):
    """One code. `sealed` is null where nobody must ever be shown it again; `most` and `used` count where there is a
    limit. `given_at` is when it was handed to a member or first used: then it is nobody else's any more. Rows are added
    by the application and changed by wafa_post alone."""

    # Without foreign keys: a million rows are copied in, and what they name is never deleted.
    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    pool = models.ForeignKey(
        CodePool, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="codes"
    )
    batch_id = models.BigIntegerField(null=True)
    digest = models.BinaryField(max_length=DIGEST)
    sealed = models.BinaryField(null=True)
    member = models.ForeignKey(
        Member, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    redemption_id = models.BigIntegerField(null=True)
    most = models.BigIntegerField(null=True)
    used = models.BigIntegerField(default=0, db_default=0)
    given_at = models.DateTimeField(null=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["program", "digest"], name="code_unique_in_program"),
            models.CheckConstraint(
                condition=Q(used__gte=0) & (Q(most__isnull=True) | Q(used__lte=F("most"))),
                name="code_within_most",
            ),
        ]
        indexes = [
            models.Index(fields=["pool", "id"], condition=Q(given_at__isnull=True), name="code_free"),
            models.Index(fields=["member"], condition=Q(member__isnull=False), name="code_by_member"),
            models.Index(
                fields=["redemption_id"], condition=Q(redemption_id__isnull=False), name="code_by_redemption"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id}/{self.pk}"
