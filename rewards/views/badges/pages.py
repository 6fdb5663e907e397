"""Badges for staff: all of them with who is on the way, and one with its levels, its holders and its board."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import queries
from rewards.badges import board, counting, editing, medals, reading, teams
from rewards.badges.goals import Goal, Group
from rewards.badges.teams import Team
from rewards.models import Badge, BadgeWin, Household, Unit
from rewards.views import badge_words as words
from rewards.views.portal.words import foreign, say

MOODS = {Badge.State.DRAFT: "draft", Badge.State.LIVE: "good", Badge.State.ENDED: ""}
ORDER = {Badge.State.LIVE: 0, Badge.State.DRAFT: 1, Badge.State.ENDED: 2}
KINDS = {
    Badge.Kind.BADGE: gettext_lazy("Badge"),
    Badge.Kind.CHALLENGE: gettext_lazy("Challenge"),
    Badge.Kind.MILESTONE: gettext_lazy("Milestone"),
}
LATEST = 12
MOST_TEAMS = 20


@require_safe
@program_view(role=Role.ANALYST)
def badges(request: StaffRequest, program: Program) -> HttpResponse:
    """All: the live ones first, then drafts, then what is over."""
    found = list(Badge.objects.filter(program=program).order_by("-created_at", "-pk"))
    found.sort(key=lambda badge: ORDER[Badge.State(badge.state)])
    counts = reading.counts([badge.pk for badge in found])
    rows = [
        {
            "badge": badge,
            "name": words.name_of(badge),
            "medal": medals.full(badge.medal),
            "kind": KINDS[Badge.Kind(badge.kind)],
            "state": badge.get_state_display(),
            "mood": MOODS[Badge.State(badge.state)],
            "asks": _asks(badge, program),
            "counts": counts[badge.pk],
        }
        for badge in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="badges"),
    }
    return render(request, "rewards/dashboard/badges/list.html", context)


def _asks(badge: Badge, program: Program) -> Any:
    """What the last level asks."""
    goal = counting.known(badge, program).goal
    return words.amount(goal, goal.levels[-1].target, program)


@require_safe
@program_view(role=Role.ANALYST)
def badge(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One badge."""
    one = find(program, key)
    goal = counting.known(one, program).goal
    known = {unit.key: unit for unit in queries.units_of(program)}
    counts = reading.counts([one.pk])[one.pk]
    context: dict[str, Any] = {
        "badge": one,
        "name": words.name_of(one),
        "text": words.text_of(one),
        "medal": medals.full(one.medal),
        "kind": KINDS[Badge.Kind(one.kind)],
        "mood": MOODS[Badge.State(one.state)],
        "counts": counts,
        "dates": words.dates(one),
        "within": words.within(goal),
        "levels": _levels(one, goal, program, known),
        "spread": [] if goal.group else _spread(one, goal, program),
        "teams": _teams(one, goal, program),
        "together": words.grouped(goal.group) if goal.group else "",
        "least": words.amount(goal, goal.group.least, program) if goal.group else "",
        "holders": _holders(one, goal),
        "board": _board(one, goal, program),
        "entries": one.entries.count() if one.kind == Badge.Kind.CHALLENGE else 0,
        "may_edit": access.may(request.team.role, Role.MANAGER) and one.state != Badge.State.ENDED,
        "is_draft": one.state == Badge.State.DRAFT,
        "is_counting": one.state == Badge.State.LIVE and one.counted_at is None,
        **frame.around(request.team, current="badges", crumbs=[("", words.name_of(one))]),
    }
    return render(request, "rewards/dashboard/badges/badge.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def badge_move(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Put it up, or end it."""
    one = find(program, key)
    is_ending = request.POST.get("to") == Badge.State.ENDED
    move = editing.end if is_ending else editing.publish
    try:
        move(program=program, key=one.key, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        text = (
            _("The badge has ended.")
            if is_ending
            else _("Members can see it now. What they did is being counted.")
        )
        messages.success(request, text)
    return redirect("rewards:badge", program.slug, key)


def find(program: Program, key: str) -> Badge:
    found = Badge.objects.filter(program=program, key=key).first()
    if found is None:
        raise Http404
    return found


def _levels(one: Badge, goal: Goal, program: Program, known: dict[str, Unit]) -> list[dict[str, Any]]:
    wins = BadgeWin.objects.filter(badge=one, lost_at__isnull=True).order_by().values("level")
    held = dict(wins.annotate(members=Count("member_id", distinct=True)).values_list("level", "members"))
    names = words.reward_names(program)
    return [
        {
            "name": words.level_name(one, goal, level),
            "asks": words.amount(goal, level.target, program),
            "gives": [
                text
                for text in (words.prize(each, known, names) or _tag(each.name) for each in level.prizes)
                if text
            ],
            "count": held.get(level.key, 0),
        }
        for level in goal.levels
    ]


def _tag(name: str) -> Any:
    return say(_("tag %(tag)s"), tag=foreign(name))


def _spread(one: Badge, goal: Goal, program: Program) -> list[dict[str, Any]]:
    """How far members are on the way to the last level, in fifths and beyond; `width` in percent of the fullest."""
    tenths = reading.spread(one, goal.levels[-1])
    fifths = [tenths[n] + tenths[n + 1] for n in range(0, 10, 2)] + [tenths[10]]
    most = max(fifths)
    if not most:
        return []
    target = goal.levels[-1].target
    labels = [
        say(
            _("%(first)s to %(last)s"),
            first=formats.format_percent(number / 5, decimals=0),
            last=formats.format_percent((number + 1) / 5, decimals=0),
        )
        for number in range(5)
    ]
    labels.append(say(_("%(amount)s and more"), amount=words.amount(goal, target, program)))
    return [
        {"label": label, "count": count, "width": round(100 * count / most, 1)}
        for label, count in zip(labels, fifths, strict=True)
    ]


def _teams(one: Badge, goal: Goal, program: Program) -> list[dict[str, Any]]:
    """The first teams, how many brought something, and how far each is to the last level, in percent."""
    if goal.group is None:
        return []
    last = goal.levels[-1].target
    found = teams.standing(one, top=MOST_TEAMS, with_members=True)
    names = _names(program, goal.group, found)
    return [
        {
            "place": team.place,
            "name": names.get(team.name) or words.team_name(goal.group, team.name, {}),
            "value": words.amount(goal, team.value, program),
            "members": team.members,
            "width": min(100.0, round(float(team.value * 100 / last), 1)),
        }
        for team in found
    ]


def _names(program: Program, group: Group, found: list[Team]) -> dict[str, Any]:
    """What staff call stores and households: these by their head."""
    if group.by != "households":
        return {code: foreign(name) for code, name in words.store_names(program, group).items()}
    rows = Household.objects.filter(pk__in=[int(team.name) for team in found]).select_related("head")
    return {str(one.pk): say(_("Household of %(name)s"), name=foreign(str(one.head))) for one in rows}


def _holders(one: Badge, goal: Goal) -> list[dict[str, Any]]:
    """Who won it last."""
    named = {level.key: words.level_name(one, goal, level) for level in goal.levels}
    rows = BadgeWin.objects.filter(badge=one, lost_at__isnull=True).select_related("member")
    return [
        {
            "member": win.member,
            "level": named.get(win.level, win.level),
            "won_on": timezone.localtime(win.won_at).date(),
        }
        for win in rows.order_by("-won_at", "-pk")[:LATEST]
    ]


def _board(one: Badge, goal: Goal, program: Program) -> list[dict[str, Any]]:
    """The board as members see it: staff learn no more of who is behind a name."""
    if not one.has_board:
        return []
    return [
        {"line": line, "value": words.amount(goal, line.value, program)}
        for line in board.read(badge=one).lines
    ]
