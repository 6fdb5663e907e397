"""Templates: the list, and one with its words beside what they become for a member."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages as notes
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.forms.messages import AboutForm, SayingForm
from campaigns.messages import contents, previews, reading, templates
from campaigns.models import Carrier, Template
from campaigns.views.messages.outbox import tabs_of
from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members.access import StaffRequest, may, program_view
from members.models import Program, Role
from members.views import frame

ALL, ONE = "campaigns:templates", "campaigns:template"
# Of the mail in its frame: no script, no form, no origin, nothing from anywhere but pictures.
BARE: Any = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["https:", "data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": [""],
}
PAGE = "campaigns/dashboard/messages/template.html"


@require_safe
@program_view(role=Role.ANALYST)
def template_list(request: StaffRequest, program: Program) -> HttpResponse:
    """All templates, those in force first."""
    order = {Template.State.LIVE: 0, Template.State.DRAFT: 1, Template.State.ARCHIVED: 2}
    rows = Template.objects.filter(program=program).select_related("live")
    found = sorted(rows, key=lambda row: (order[Template.State(row.state)], row.name.casefold()))
    labels = dict(Carrier.choices)
    effects = reading.effects_lately(program=program, now=clock.now())
    context = {
        "rows": [
            {
                "template": row,
                "channels": [labels[Carrier(each)] for each in row.draft],
                "effect": effects.get(row.pk, reading.Effect()),
            }
            for row in found
        ],
        "has_effects": any(effect.sent for effect in effects.values()),
        "may_act": may(request.team.role, Role.MANAGER),
        "tabs": tabs_of(request, program, "templates"),
        **frame.around(request.team, current="messages", crumbs=[("", _("Templates"))]),
    }
    return render(request, "campaigns/dashboard/messages/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def template_new(request: StaffRequest, program: Program) -> HttpResponse:
    form = AboutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("name", "kind", "topic")}
        try:
            made = templates.create(program=program, draft={}, by=request.user, now=clock.now(), **values)
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect(ONE, program.slug, made.pk)
    context = {
        "form": form,
        "title": _("New template"),
        "act": _("Write it"),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="messages", crumbs=[_crumb(program), ("", _("New template"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def template(request: StaffRequest, program: Program, template_id: int) -> HttpResponse:
    """Its words on one channel in one language, and beside them what the member gets."""
    row = _find(program, template_id)
    channel, tag = _place(request, program)
    form = _form(request, row, channel, tag)
    if request.method == "POST":
        if not may(request.team.role, Role.MANAGER):
            return HttpResponse(status=403)
        if form.is_valid() and _keep(request, row, form):
            return redirect(f"{reverse(ONE, args=[program.slug, row.pk])}?channel={channel}&language={tag}")
    number = request.GET.get("member", "").strip()
    context = {
        "template": row,
        "form": form,
        "channel": channel,
        "language": tag,
        "direction": "rtl" if tag in formats.RIGHT_TO_LEFT else "ltr",
        "channels": _channels(row, channel, tag),
        "languages": _languages(row, program, channel, tag),
        "names": previews.NAMES,
        "preview": previews.of(template=row, channel=channel, tag=tag, number=number, now=clock.now()),
        "preview_url": _preview_url(row, channel, tag, number),
        "number": number,
        "may_act": may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="messages", crumbs=[_crumb(program), ("", row.name)]),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


@require_POST
@program_view(role=Role.MANAGER)
def template_move(request: StaffRequest, program: Program, template_id: int, move: str) -> HttpResponse:
    """Publish it, put it away, or send a test to one's own address."""
    row, now = _find(program, template_id), clock.now()
    channel, tag = _place(request, program)
    try:
        if move == "publish":
            version = templates.publish(template=row, by=request.user, now=now)
            notes.success(request, _("Version %(number)d is in force.") % {"number": version.number})
        elif move == "archive":
            templates.archive(template=row, by=request.user, now=now)
            notes.success(request, _("It was put away."))
        elif move == "test":
            _test(request, row, tag)
        else:
            raise Http404
    except DomainError as error:
        notes.error(request, str(error))
    return redirect(f"{reverse(ONE, args=[program.slug, row.pk])}?channel={channel}&language={tag}")


@require_safe
@xframe_options_sameorigin
@csp_override(BARE)
@program_view(role=Role.ANALYST)
def template_preview(request: StaffRequest, program: Program, template_id: int) -> HttpResponse:
    """The mail itself, for the frames of the page: without scripts, forms or an origin."""
    row = _find(program, template_id)
    _channel, tag = _place(request, program)
    number = request.GET.get("member", "").strip()
    found = previews.of(template=row, channel="email", tag=tag, number=number, now=clock.now())
    return HttpResponse(found.html or "<!doctype html><html lang=en><title>-</title></html>")


# --- parts ------------------------------------------------------------------------------------------------------------


def _find(program: Program, number: int) -> Template:
    rows = Template.objects.select_related("program", "live")
    return get_object_or_404(rows, program=program, pk=number)


def _crumb(program: Program) -> tuple[str, str]:
    return reverse(ALL, args=[program.slug]), _("Templates")


def _place(request: StaffRequest, program: Program) -> tuple[str, str]:
    """The channel and language of the page."""
    channel, tag = request.GET.get("channel", ""), request.GET.get("language", "")
    spoken = dict(settings.LANGUAGES)
    return (
        channel if channel in Carrier.values else str(Carrier.EMAIL),
        tag if tag in spoken else program.languages[0],
    )


def _form(request: StaffRequest, row: Template, channel: str, tag: str) -> SayingForm:
    said = (row.draft.get(channel) or {}).get(tag) or {}
    about = {"name": row.name, "kind": row.kind, "topic": row.topic, "edition": row.edition}
    return SayingForm(request.POST or None, channel=channel, tag=tag, said=said, initial=about)


def _keep(request: StaffRequest, row: Template, form: SayingForm) -> bool:
    """Save the words, and publish where that was the button. Says what is wrong with them in either case."""
    values: dict[str, Any] = {name: form.cleaned_data[name] for name in ("name", "kind", "topic")}
    languages = {**(row.draft.get(form.channel) or {}), form.tag: form.words()}
    draft = {**row.draft, form.channel: languages}
    now = clock.now()
    try:
        edition = form.cleaned_data["edition"] or 0
        saved = templates.change(
            template=row, draft=draft, edition=edition, by=request.user, now=now, **values
        )
        contents.check(saved.draft)
    except contents.NothingSaid:
        notes.success(request, _("Kept."))
        return True
    except DomainError as error:
        row.refresh_from_db()
        data = request.POST.copy()
        data["edition"] = str(row.edition)
        form.data = data
        field = (error.field or "").rpartition("-")[2]
        error.field = f"say-{field}" if f"say-{field}" in form.fields else error.field
        refuse(form, error)
        return False
    notes.success(request, _("Kept."))
    return True


def _test(request: StaffRequest, row: Template, tag: str) -> None:
    outcome = previews.send_test(template=row, tag=tag, to=request.user.email, now=clock.now())
    if outcome.fate == "sent":
        notes.success(request, _("A test went to %(address)s.") % {"address": request.user.email})
    else:
        notes.error(request, _("The test did not go out: %(why)s") % {"why": outcome.trouble})


def _channels(row: Template, current: str, tag: str) -> list[dict[str, Any]]:
    return [
        {
            "url": f"?channel={key}&language={tag}",
            "text": label,
            "count": len(row.draft.get(key) or {}) or None,
            "current": key == current,
        }
        for key, label in Carrier.choices
    ]


def _languages(row: Template, program: Program, channel: str, current: str) -> list[dict[str, Any]]:
    said = row.draft.get(channel) or {}
    spoken = dict(settings.LANGUAGES)
    shown = [tag for tag in spoken if tag in program.languages or tag in said or tag == current]
    return [
        {"url": f"?channel={channel}&language={tag}", "text": spoken[tag], "current": tag == current}
        for tag in shown
    ]


def _preview_url(row: Template, channel: str, tag: str, number: str) -> str:
    if channel != Carrier.EMAIL or not (row.draft.get(channel) or {}).get(tag):
        return ""
    address = reverse("campaigns:template_preview", args=[row.program.slug, row.pk])
    return f"{address}?language={tag}&member={number}&edition={row.edition}"
