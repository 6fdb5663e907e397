"""What can be said: a template has a draft and published versions, each for any channels and languages."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import scoping
from members.models import Program, Topic


class Kind(models.TextChoices):
    """Marketing needs consent and bears caps; what the person is owed does not."""

    MARKETING = "marketing", _("Marketing")
    TRANSACTIONAL = "transactional", _("Needed")


class Carrier(models.TextChoices):
    """Through what a message reaches the member."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PUSH = "push", _("Notice on the phone")
    INAPP = "inapp", _("On the portal")
    TILL = "till", _("At the till")
    PRINT = "print", _("Print list")
    WEBHOOK = "webhook", _("Webhook")


class Template(models.Model):
    """`draft` is {channel: {language: {field: text}}}; see campaigns/messages/contents.py for the fields."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("In force")
        ARCHIVED = "archived", _("Put away")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="templates")
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.MARKETING)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic, default=Topic.OFFERS)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    draft = models.JSONField(_("draft"), default=dict, blank=True)
    # Grows with each save, so that two editors do not overwrite each other.
    edition = models.IntegerField(default=1)
    live = models.ForeignKey(
        "TemplateVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="template_name_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values, topic__in=Topic.values), name="template_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="live") | Q(live__isnull=False), name="template_live_has_a_version"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """What was published, for ever as it was; `digest` is the SHA-256 of its canonical content."""

    program = models.ForeignKey(
        Program, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions", db_index=False)
    number = models.IntegerField(_("number"))
    content = models.JSONField(_("content"))
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = scoping.Manager()

    class Meta:
        verbose_name = _("version of a template")
        verbose_name_plural = _("versions of templates")
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="templateversion_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.template_id}.{self.number}"
