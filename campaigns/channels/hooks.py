"""What providers report of messages, read into a few words of ours: by django-anymail for mail, by hand for Twilio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from campaigns.channels import providers
from campaigns.models import Provider

VIEWS = {
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "resend": "anymail.webhooks.resend.ResendTrackingWebhookView",
    "mailersend": "anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
    "sparkpost": "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
}
# Anymail's words for what happened, and Twilio's; what else there is says nothing that we keep.
WORDS = {
    "delivered": "delivered",
    "bounced": "bounced",
    "rejected": "bounced",
    "complained": "complained",
    "unsubscribed": "complained",
    "undelivered": "bounced",
}


@dataclass(frozen=True, slots=True)
class Report:
    """`kind` is delivered, bounced or complained; `provider_id` is the name that the provider gave the message."""

    kind: str
    provider_id: str


def read(provider: Provider, request: HttpRequest) -> list[Report]:
    """What the body says. Raises ValueError, KeyError or TypeError for what is no report."""
    if provider.kind == Provider.Kind.ANYMAIL:
        return list(_mail(provider, request))
    if provider.kind == Provider.Kind.TWILIO:
        kind = WORDS.get(request.POST.get("MessageStatus", ""))
        return [Report(kind, request.POST["MessageSid"])] if kind else []
    if provider.kind == Provider.Kind.HTTP:
        told = json.loads(request.body)
        kind = WORDS.get(str(told["status"]))
        return [Report(kind, str(told["id"]))] if kind else []
    return []


def _mail(provider: Provider, request: HttpRequest) -> Iterator[Report]:
    """The address is secret already, so that the reader need not ask for a password as well."""
    view = import_string(VIEWS[provider.settings["esp"]])
    options: dict[str, Any] = {"webhook_secret": "-"}
    if provider.settings["esp"] == "mailgun":
        options["api_key"] = providers.secret_of(provider)
    for event in view(**options).parse_events(request):
        kind = WORDS.get(str(event.event_type))
        if kind and event.message_id:
            yield Report(kind, str(event.message_id))
