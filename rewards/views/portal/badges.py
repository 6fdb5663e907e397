"""Badges for the member: what is won and still to be won, one badge with its levels, a challenge with its board."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal.entrance import frame, member_page
from rewards import queries
from rewards.badges import board, entering, reading, teams
from rewards.badges.reading import View
from rewards.models import Badge
from rewards.views import badge_words as words

# On the first page.
SHOWN = 4
MOST_TEAMS = 10


class JoinForm(forms.Form):
    is_shown = forms.BooleanField(label=gettext_lazy("Show me on the leaderboard"), required=False)
    shown_as = forms.CharField(
        label=gettext_lazy("Name on the leaderboard"),
        max_length=entering.LONGEST,
        required=False,
        help_text=gettext_lazy("Without one the board shows the beginning of your member number."),
    )


@require_safe
@member_page
def badges(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    found = reading.of_member(program=program, member=member, now=clock.now())
    cards = [words.card(view, program) for view in found if view.is_open or view.is_won]
    challenge = Badge.Kind.CHALLENGE
    context = {
        "member": member,
        "challenges": [one for one in cards if one.kind == challenge and one.is_open],
        "won": [one for one in cards if one.is_won],
        "ahead": [one for one in cards if not one.is_won and one.kind != challenge],
    }
    return render(request, "rewards/portal/badges.html", frame(request, program, **context))


def glance(program: Program, member: Member, now: datetime) -> list[words.Card]:
    """A few for the first page: what is nearest, then what was won last. One statement where there are none."""
    if not Badge.objects.filter(program=program, state=Badge.State.LIVE).exists():
        return []
    found = [each for each in reading.of_member(program=program, member=member, now=now) if each.is_open]
    ahead = sorted((view for view in found if not view.is_won), key=lambda view: -view.share)
    won = sorted((view for view in found if view.is_won), key=lambda view: view.wins[0].won_at, reverse=True)
    return [words.card(view, program) for view in [*ahead[:2], *won, *ahead[2:]][:SHOWN]]


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def badge(request: HttpRequest, program: Program, member: Member, key: str) -> HttpResponse:
    """One badge; a POST joins a challenge, leaves it, or sets what its board shows."""
    now, status = clock.now(), 200
    one = Badge.objects.filter(program=program, key=key).exclude(state=Badge.State.DRAFT).first()
    if one is None:
        raise Http404
    view = reading.one_of_member(program=program, badge=one, member=member, now=now)
    if not (view.is_open or view.is_won or one.state == Badge.State.LIVE):
        raise Http404
    form = JoinForm(request.POST or None, initial=_shown(view))
    if request.method == "POST":
        if form.is_valid() and _change(request, program, member, key, form, now):
            return redirect("portal:badge", program.slug, key)
        status = 422
    context = _context(program, member, view, form)
    return render(request, "rewards/portal/badge.html", frame(request, program, **context), status=status)


def _shown(view: View) -> dict[str, Any]:
    entry = view.entry
    return {"is_shown": entry.is_shown, "shown_as": entry.shown_as} if entry else {}


def _change(
    request: HttpRequest, program: Program, member: Member, key: str, form: JoinForm, now: datetime
) -> bool:
    try:
        if request.POST.get("do") == "leave":
            entering.leave(program=program, member=member, key=key, now=now)
            messages.success(request, _("You have left the challenge."))
        else:
            entering.join(program=program, member=member, key=key, now=now, **form.cleaned_data)
            messages.success(request, _("Kept."))
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


def _context(program: Program, member: Member, view: View, form: JoinForm) -> dict[str, Any]:
    known = {unit.key: unit for unit in queries.units_of(program)}
    found = board.read(badge=view.badge, member=member) if view.badge.has_board else None
    lines = [
        {"line": line, "value": words.amount(view.goal, line.value, program)}
        for line in (found.lines if found else ())
    ]
    return {
        "member": member,
        "one": words.card(view, program),
        "steps": words.steps(view, program, known),
        "form": form,
        "board": found,
        "lines": lines,
        "teams": _teams(program, view),
    }


def _teams(program: Program, view: View) -> list[dict[str, Any]]:
    """The first teams and the member's own; everybody together is one, and households are nobody's business."""
    group = view.goal.group
    if group is None or group.by not in ("stores", "tags"):
        return []
    own = view.part.name if view.part else ""
    stores = words.store_names(program, group)
    return [
        {
            "place": team.place,
            "name": words.team_name(group, team.name, stores),
            "value": words.amount(view.goal, team.value, program),
            "is_own": team.name == own,
        }
        for team in teams.standing(view.badge, top=MOST_TEAMS, also=own)
    ]
