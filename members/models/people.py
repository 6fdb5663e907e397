"""Members of a program and what identifies them. Personal data lives here and nowhere else."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Collate, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models.programs import Program

# How names are put in order: by code point, in small letters of every script.
NAME_ORDER = "pg_c_utf8"


class Holder(models.Model):
    """Whoever can hold wallets: a member, a household, a cause or a gift card. `seq` is the guard: every fact raises it by one,
    so that two facts about one holder never pass each other unseen (SEMANTICS 16)."""

    class Kind(models.TextChoices):
        MEMBER = "member", _("Member")
        HOUSEHOLD = "household", _("Household")
        CAUSE = "cause", _("Cause")
        CARD = "card", _("Gift card")

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.MEMBER)
    seq = models.BigIntegerField(default=0)

    objects = scoping.Manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(seq__gte=0), name="holder_seq_positive")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Member(models.Model):
    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        BLOCKED = "blocked", _("Blocked")
        CLOSED = "closed", _("Closed")

    holder = models.OneToOneField(Holder, primary_key=True, on_delete=models.PROTECT, related_name="member")
    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    number = models.CharField(_("member number"), max_length=12)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.ACTIVE)
    tags = ArrayField(models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True)
    source = models.CharField(_("joined through"), max_length=32, default="dashboard")
    joined_at = models.DateTimeField(_("joined"), default=timezone.now)
    # Kept, not made anew for every member that a search walks past: that took most of its time.
    name_words = models.GeneratedField(
        expression=SearchVector("name", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    # Whom this member was merged into: always the last of a chain, so that one look finds who is meant now.
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        verbose_name=_("merged into"),
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            # The number first: see the look-ups in rewards/sql/read.sql.
            models.UniqueConstraint(fields=["number", "program"], name="member_number_unique"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "blocked", "closed"]), name="member_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(number__regex=r"^\d{12}$"), name="member_number_twelve_digits"
            ),
        ]
        indexes = [
            models.Index(fields=["program", "-joined_at", "-holder"], name="member_by_joining"),
            GinIndex(fields=["name_words"], name="member_name_words"),
            models.Index("program", Collate(Lower("name"), NAME_ORDER), "holder", name="member_by_name"),
            # Nearly everybody is active and has no tag; these stay small.
            models.Index(
                fields=["program", "state", "-joined_at", "-holder"],
                condition=~models.Q(state="active"),
                name="member_by_state",
            ),
            GinIndex(fields=["tags"], condition=~models.Q(tags=[]), name="member_by_tag"),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class Identity(models.Model):
    """What a member is known by, normalised; one kind and value belong to one member of a program."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        CARD = "card", _("Card number")
        SHOP = "shop", _("Shop customer id")
        SOCIAL = "social", _("Social account")

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    value = models.CharField(_("value"), max_length=254)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    # Whose it was before merges.
    origin = models.ForeignKey(Member, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["program", "kind", "value"], name="identity_unique"),
            models.CheckConstraint(condition=~models.Q(value=""), name="identity_not_empty"),
        ]
        indexes = [
            # In the order of bytes, whatever the database's own is: beginnings are ranges, and a limit stops the scan.
            # The value first: an index that begins with the program as the unique one does is taken in its place by a plan
            # that was made while the table was empty, and then every look-up reads all of the program's identities.
            # With whose it is, so that hundreds who begin alike are read from the index alone.
            models.Index(Collate("value", "C"), "program", include=["member"], name="identity_by_beginning"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"
