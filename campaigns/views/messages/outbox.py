"""The outbox, one message with its story, and why a member got or did not get something."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.channels.letter import Letter
from campaigns.messages import letters, outbox, outcomes, reading
from campaigns.models import Carrier, Message
from loyaltysite.kit import clock
from members.access import StaffRequest, may, program_view
from members.models import Member, Program, Role
from members.views import frame

PER_PAGE = 50
ALL, ONE = "campaigns:messages", "campaigns:message"


@require_safe
@program_view(role=Role.ANALYST)
def message_list(request: StaffRequest, program: Program) -> HttpResponse:
    """What was sent and what waits, the newest first."""
    wanted = {name: request.GET.get(name, "") for name in ("channel", "state")}
    rows = Message.objects.filter(program=program).select_related("member", "template").order_by("-pk")
    if wanted["channel"] in Carrier.values:
        rows = rows.filter(channel=wanted["channel"])
    if wanted["state"] in Message.State.values:
        rows = rows.filter(state=wanted["state"])
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    now = clock.now()
    context = {
        "rows": [_row(message) for message in page],
        "tally": reading.tally_lately(program=program, now=now),
        "reasons": reading.reasons_lately(program=program, now=now),
        "channels": [(str(key), label) for key, label in Carrier.choices],
        "states": [(str(key), label) for key, label in Message.State.choices],
        "wanted": wanted,
        "next": _at(wanted, page.next_page_number()) if page.has_next() else "",
        "previous": _at(wanted, page.previous_page_number()) if page.has_previous() else "",
        "tabs": tabs_of(request, program, "messages"),
        **frame.around(request.team, current="messages"),
    }
    return render(request, "campaigns/dashboard/messages/messages.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def message(request: StaffRequest, program: Program, letter_id: int) -> HttpResponse:
    """One message: what happened to it, and what it says, as the template and the member are now."""
    row = _find(program, letter_id)
    ((_message, made),) = letters.of(program=program, messages=[row], now=clock.now())
    context = {
        "message": row,
        "tone": reading.TONES[row.state],
        "why": reading.reason_of(row.reason) or reading.TROUBLES.get(row.trouble, row.trouble),
        "story": reading.story_of(row),
        "money_minor": reading.redeemed_of(row),
        "said": _said(made),
        "may_act": may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="messages", crumbs=[("", row.template.name)]),
    }
    return render(request, "campaigns/dashboard/messages/message.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def message_move(request: StaffRequest, program: Program, letter_id: int) -> HttpResponse:
    """Call back what waits, or say what became of a message that nobody knows of."""
    row, move, now = _find(program, letter_id), request.POST.get("move", ""), clock.now()
    if move == "call_back":
        is_done = outbox.call_back(program=program, ids=[row.pk], by=request.user, now=now) > 0
    else:
        is_done = outcomes.settle(message=row, state=move, by=request.user, now=now)
    if is_done:
        notes.success(request, _("Kept."))
    else:
        notes.error(request, _("It is too late for that."))
    return redirect(ONE, program.slug, row.pk)


@require_safe
@program_view(role=Role.ANALYST)
def member_messages(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """Why this member got, or did not get, what."""
    person = get_object_or_404(Member, program=program, number=number)
    here = reverse("rewards:member", args=[program.slug, number])
    context = {
        "person": person,
        "lines": reading.lines_of(member=person),
        **frame.around(request.team, current="members", crumbs=[(here, str(person)), ("", _("Messages"))]),
    }
    return render(request, "campaigns/dashboard/messages/member.html", context)


def tabs_of(request: StaffRequest, program: Program, current: str) -> list[dict[str, Any]]:
    """The pages of messages that this role may open."""
    pages = [
        ("messages", _("Outbox"), Role.ANALYST),
        ("templates", _("Templates"), Role.ANALYST),
        ("files", _("Files"), Role.MANAGER),
        ("manners", _("Rules"), Role.MANAGER),
        ("providers", _("Providers"), Role.OWNER),
    ]
    return [
        {"url": reverse(f"campaigns:{name}", args=[program.slug]), "text": text, "current": name == current}
        for name, text, role in pages
        if may(request.team.role, role)
    ]


# --- parts ------------------------------------------------------------------------------------------------------------


def _find(program: Program, number: int) -> Message:
    rows = Message.objects.select_related("member", "template", "content", "program")
    return get_object_or_404(rows, program=program, pk=number)


def _row(row: Message) -> dict[str, Any]:
    why = reading.reason_of(row.reason) or reading.TROUBLES.get(row.trouble, row.trouble)
    return {"message": row, "tone": reading.TONES[row.state], "why": why}


def _said(made: Letter | letters.Unsendable) -> dict[str, Any]:
    """Its words; of a mail those without HTML."""
    if isinstance(made, letters.Unsendable):
        return {}
    words = {name: text for name, text in made.fields.items() if name not in {"html", "place"}}
    return words | ({"text": made.text} if made.text else {})


def _at(wanted: dict[str, str], number: int) -> str:
    return "?" + urlencode({**{name: value for name, value in wanted.items() if value}, "page": number})
