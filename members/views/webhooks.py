"""The program's webhooks: the list, one with its last messages, its secret, and what can be done with it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest, confirmed, program_view
from members.forms.webhooks import WebhookForm
from members.models import Program, Role, Webhook, WebhookMessage
from members.views import frame
from members.webhooks import endpoints, topics

ALL, ONE = "members:webhooks", "members:webhook"
PER_PAGE = 25
MOVES = {
    "pause": endpoints.pause,
    "resume": endpoints.resume,
    "end": endpoints.end,
    "test": endpoints.test,
}
DONE: dict[str, str | Promise] = {
    "pause": gettext_lazy("It is paused. What happens meanwhile waits."),
    "resume": gettext_lazy("It goes on, with what waited first."),
    "end": gettext_lazy("It has ended."),
    "test": gettext_lazy("A test is on its way."),
}
TROUBLES: dict[str, str | Promise] = {
    "address_refused": gettext_lazy("this address is not public"),
    "host_unknown": gettext_lazy("this name is unknown"),
    "timeout": gettext_lazy("no answer in time"),
    "tls": gettext_lazy("the certificate does not fit"),
    "no_connection": gettext_lazy("no connection"),
    "no_secret": gettext_lazy("the secret cannot be read any more"),
}


@require_safe
@program_view(role=Role.OWNER)
def webhooks(request: StaffRequest, program: Program) -> HttpResponse:
    """All webhooks, those in force first."""
    order = {Webhook.State.LIVE: 0, Webhook.State.PAUSED: 1, Webhook.State.ENDED: 2}
    rows = sorted(
        Webhook.objects.filter(program=program).order_by("-pk"),
        key=lambda row: order[Webhook.State(row.state)],
    )
    context = {
        "webhooks": [{"webhook": row, "topics": _topics(row)} for row in rows],
        **frame.around(request.team, current="webhooks"),
    }
    return render(request, "members/dashboard/webhooks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def webhook_new(request: StaffRequest, program: Program) -> HttpResponse:
    """Make a webhook. Its secret is on the answer to this very request and nowhere else."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = endpoints.create(
                program=program, by=request.user, now=clock.now(), **form.values()
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return _secret_page(request, made, secret, is_new=True)
    context = {
        "form": form,
        "title": _("Make a webhook"),
        "act": _("Make the webhook"),
        "lead": _("Your shop is told at this address what happens here, so that it need not ask."),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="webhooks", crumbs=[("", _("Make a webhook"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def webhook_edit(request: StaffRequest, program: Program, webhook_id: int) -> HttpResponse:
    row = _find(program, webhook_id)
    form = WebhookForm(request.POST or None, initial={"name": row.name, "url": row.url, "topics": row.topics})
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change(webhook=row, by=request.user, now=clock.now(), **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The webhook was saved."))
            return redirect(ONE, program.slug, row.pk)
    context = {
        "form": form,
        "title": row.name,
        "act": _("Save"),
        "back": reverse(ONE, args=[program.slug, row.pk]),
        **frame.around(request.team, current="webhooks", crumbs=[_crumb(row), ("", _("Change"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_safe
@program_view(role=Role.OWNER)
def webhook(request: StaffRequest, program: Program, webhook_id: int) -> HttpResponse:
    """One webhook and what it was sent lately."""
    row = _find(program, webhook_id)
    rows = WebhookMessage.objects.filter(webhook=row).order_by("-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "webhook": row,
        "topics": _topics(row),
        "page": page,
        "sent": [{"message": each, "trouble": TROUBLES.get(each.trouble, each.trouble)} for each in page],
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        **frame.around(request.team, current="webhooks", crumbs=[("", row.name)]),
    }
    return render(request, "members/dashboard/webhook.html", context)


@require_POST
@program_view(role=Role.OWNER)
def webhook_move(request: StaffRequest, program: Program, webhook_id: int, move: str) -> HttpResponse:
    """Pause it, let it go on, end it, or try it."""
    row = _find(program, webhook_id)
    if move not in MOVES:
        raise Http404
    try:
        if move == "test":
            endpoints.test(webhook=row, now=clock.now())
        else:
            MOVES[move](webhook=row, by=request.user, now=clock.now())  # type: ignore[operator]
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, str(DONE[move]))
    return redirect(ONE, program.slug, row.pk)


@require_POST
@program_view(role=Role.OWNER)
@confirmed
def webhook_secret(request: StaffRequest, program: Program, webhook_id: int) -> HttpResponse:
    """A new secret, shown on this answer and nowhere else."""
    row = _find(program, webhook_id)
    try:
        secret = endpoints.renew_secret(webhook=row, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(ONE, program.slug, row.pk)
    return _secret_page(request, row, secret, is_new=False)


@require_POST
@program_view(role=Role.OWNER)
def webhook_again(request: StaffRequest, program: Program, webhook_id: int, message_id: int) -> HttpResponse:
    """Send a message once more."""
    row = _find(program, webhook_id)
    try:
        if not endpoints.send_again(webhook=row, message_id=message_id, now=clock.now()):
            raise Http404
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is sent once more."))
    return redirect(ONE, program.slug, row.pk)


# --- parts ------------------------------------------------------------------------------------------------------------


def _find(program: Program, webhook_id: int) -> Webhook:
    return get_object_or_404(
        Webhook.objects.select_related("program", "created_by"), program=program, pk=webhook_id
    )


def _crumb(row: Webhook) -> tuple[str, str]:
    return reverse(ONE, args=[row.program.slug, row.pk]), row.name


def _topics(row: Webhook) -> list[str]:
    """In words; empty for everything."""
    return [str(topic.label) for topic in topics.TOPICS if topic.key in row.topics]


def _secret_page(request: StaffRequest, row: Webhook, secret: str, *, is_new: bool) -> HttpResponse:
    context = {
        "webhook": row,
        "secret": secret,
        "is_new": is_new,
        **frame.around(request.team, current="webhooks", crumbs=[("", row.name)]),
    }
    return render(request, "members/dashboard/webhook_secret.html", context)
