"""What mail programs, members and providers call: unsubscribe, opened, clicked, and reports of deliveries.

Each address bears a signed token of its own purpose. GET changes nothing that matters: only POST unsubscribes.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_scopes import scope, scopes_disabled

from campaigns.channels import hooks, providers
from campaigns.messages import links, outcomes
from campaigns.models import Kind, Message, Provider
from loyaltysite.kit import clock
from members import consent
from members.models import Channel, Member
from members.portal.entrance import frame

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One click by RFC 8058: a POST to the address in the header takes the consent back and answers 200 at once. A person
    who follows the link is asked first; forgery gains nothing, since the token is the right."""
    message = _message(links.read(token, links.UNSUBSCRIBE))
    with scope(program=message.program):
        member = Member.objects.get(pk=message.member_id)
        if request.method == "POST":
            consent.withdraw(
                member=member,
                channel=Channel.EMAIL,
                topic=message.topic,
                source="unsubscribe",
                now=clock.now(),
            )
        with translation.override(member.language or message.program.languages[0]):
            request.LANGUAGE_CODE = translation.get_language()
            context = {"message": message, "is_done": request.method == "POST", "navigation": []}
            page = frame(request, message.program, **context)
            response = render(request, "campaigns/messages/unsubscribe.html", page)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """A picture of one point. It counts where the member still agrees to the topic."""
    number = links.read(token, links.OPEN)
    message = _find(number)
    if message is not None and request.method == "GET" and _counts(message):
        outcomes.note(message=message, kind="opened", now=clock.now())
    return HttpResponse(PIXEL, content_type="image/gif", headers={"Cache-Control": "no-store"})


@require_safe
def clicked(request: HttpRequest, token: str) -> HttpResponse:
    """On to where the link led; only what we signed is led to."""
    found = links.read_click(token)
    if found is None:
        raise Http404
    message = _find(found[0])
    if message is not None and request.method == "GET" and _counts(message):
        now = clock.now()
        outcomes.note(message=message, kind="opened", now=now)
        outcomes.note(message=message, kind="clicked", now=now)
    return redirect(found[1])


@csrf_exempt
@require_POST
def hook(request: HttpRequest, provider_id: int, token: str) -> HttpResponse:
    """A provider reports what became of messages. The token in the address is the provider's own secret."""
    with scopes_disabled():
        provider = Provider.objects.select_related("program").filter(pk=provider_id).first()
    if provider is None or not constant_time_compare(token, providers.hook_token(provider)):
        raise Http404
    try:
        reports = hooks.read(provider, request)
    except (ValueError, KeyError, TypeError, json.JSONDecodeError):
        return HttpResponse(status=400)
    for report in reports:
        _take(provider, report)
    return HttpResponse(status=200)


# --- parts ------------------------------------------------------------------------------------------------------------


def _find(number: int | None) -> Message | None:
    with scopes_disabled():
        return Message.objects.select_related("program").filter(pk=number or 0).first()


def _message(number: int | None) -> Message:
    found = _find(number)
    if found is None:
        raise Http404
    return found


def _counts(message: Message) -> bool:
    """Whether this member may be watched: marketing that is still agreed to."""
    if message.kind != Kind.MARKETING:
        return False
    with scope(program=message.program):
        member = Member.objects.get(pk=message.member_id)
    return consent.has_consent(member=member, channel=message.channel, topic=message.topic)


def _take(provider: Provider, report: hooks.Report) -> None:
    with scope(program=provider.program):
        mine: Any = Message.objects.filter(channel=provider.channel)
        found = mine.filter(provider_id=report.provider_id).first() if report.provider_id else None
    if found is not None:
        outcomes.report(message=found, kind=report.kind, now=clock.now())
