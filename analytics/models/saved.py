"""Views that staff keep under a name, what they want to be told by e-mail, and which periodic work is done already."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program


class SavedView(models.Model):
    """A page of figures and what its address says behind the question mark; shared with the team or one's own."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    page = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, default="")
    is_shared = models.BooleanField(_("for the whole team"), default=False)
    made_at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["program", "owner", "name"], name="savedview_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """That a person of the team wants to be written to. `site` is the address of the site as the person saw it, for links
    in the mail; `sent_on` is the local day of the last one."""

    class What(models.TextChoices):
        ALERTS = "alerts", _("New alerts")
        GOALS = "goals", _("Goals that change their state")
        WEEKLY = "weekly", _("A view, every week")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(_("what"), max_length=8, choices=What)
    view = models.ForeignKey(
        SavedView, null=True, blank=True, on_delete=models.CASCADE, related_name="subscriptions"
    )
    # Monday is 1, Sunday 7.
    weekday = models.PositiveSmallIntegerField(_("weekday"), default=1)
    site = models.CharField(max_length=200)
    since = models.DateTimeField()
    sent_on = models.DateField(null=True, blank=True)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["program", "user", "what", "view"],
                nulls_distinct=False,
                name="subscription_once",
            ),
            models.CheckConstraint(
                condition=Q(what="weekly", view__isnull=False) | ~Q(what="weekly") & Q(view__isnull=True),
                name="subscription_weekly_has_a_view",
            ),
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7), name="subscription_weekday_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.what}"


class Round(models.Model):
    """That a program's periodic work of this name is done for this local day: whoever inserts the row does it."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=16)
    day = models.DateField()
    at = models.DateTimeField()

    objects = scoping.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "name", "day"], name="round_once_a_day")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"
