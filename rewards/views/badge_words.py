"""Badges in the words of their readers: figures with what they count, times, prizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import formats
from loyaltysite.kit.templatetags.formats import isolate
from members.models import Member, Program, Store
from rewards import catalogue
from rewards.badges import medals, reading
from rewards.badges.goals import Goal, Group, Level
from rewards.badges.prizes import Prize
from rewards.badges.reading import View
from rewards.models import Badge, Reward, Unit
from rewards.views.portal.words import dated, foreign, number, say, units


def name_of(badge: Badge) -> str:
    return catalogue.name_of(badge.names, badge.key)


def text_of(badge: Badge) -> str:
    return catalogue.name_of(badge.texts)


def level_name(badge: Badge, goal: Goal, level: Level) -> str:
    """A level by its name; the only one of a badge is the badge."""
    return catalogue.name_of(level.names) or (name_of(badge) if len(goal.levels) == 1 else level.key.title())


def amount(goal: Goal, value: Decimal, program: Program) -> SafeString:
    """5 orders, £40.00, 12.5 km, 3 weeks in a row."""
    if goal.is_money:
        return isolate(formats.format_money(int(value), program.currency))
    count = int(value)
    shown = isolate(formats.format_number(value))
    if goal.streak is not None:
        return say(_row(goal.streak.unit, count), count=shown)
    if goal.counted == "sum":
        return say("%(count)s %(name)s", count=shown, name=foreign(goal.field))
    texts = {
        "orders": ngettext("%(count)s order", "%(count)s orders", count),
        "items": ngettext("%(count)s item", "%(count)s items", count),
        "days": ngettext("%(count)s day", "%(count)s days", count),
        "stores": ngettext("%(count)s store", "%(count)s stores", count),
        "categories": ngettext("%(count)s category", "%(count)s categories", count),
        "events": ngettext("%(count)s time", "%(count)s times", count),
    }
    return say(texts[goal.counted], count=shown)


def _row(unit: str, count: int) -> str:
    texts = {
        "day": ngettext("%(count)s day in a row", "%(count)s days in a row", count),
        "week": ngettext("%(count)s week in a row", "%(count)s weeks in a row", count),
        "month": ngettext("%(count)s month in a row", "%(count)s months in a row", count),
        "quarter": ngettext("%(count)s quarter in a row", "%(count)s quarters in a row", count),
        "year": ngettext("%(count)s year in a row", "%(count)s years in a row", count),
    }
    return texts[unit]


def within(goal: Goal) -> SafeString | str:
    """In which time it must be; nothing where it has all the time."""
    window = goal.window
    if window.kind == "calendar":
        texts = {
            "day": _("within a day"),
            "week": _("within a calendar week"),
            "month": _("within a calendar month"),
            "quarter": _("within a quarter"),
            "year": _("within a calendar year"),
        }
        return texts[window.unit]
    if window.kind == "days":
        text = ngettext("within %(count)s day", "within %(count)s days", window.days)
        return say(text, count=number(window.days))
    if window.kind == "joining":
        text = ngettext(
            "in the first %(count)s day after joining",
            "in the first %(count)s days after joining",
            window.days,
        )
        return say(text, count=number(window.days))
    return ""


def prize(each: Prize, known: Mapping[str, Unit], names: Mapping[str, str]) -> SafeString | str:
    """50 Stars, a coffee; a tag is for the team and no prize to the member."""
    if each.kind == "units" and each.name in known:
        return units(each.amount, known[each.name])
    if each.kind == "reward":
        return foreign(names.get(each.name, each.name))
    return ""


def reward_names(program: Program) -> dict[str, str]:
    rows = Reward.objects.filter(program=program).values_list("key", "names")
    return {key: catalogue.name_of(names, key) for key, names in rows}


@dataclass(frozen=True, slots=True)
class Step:
    """A level for a list: what it asks, what it gives, and when it was won."""

    name: str
    asks: SafeString
    gives: list[SafeString | str]
    won_on: SafeString | str
    is_won: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A badge for a page; `note` says what it needs or when it was won, `spoken` tells the ring in words. `team` is with
    whom it is done, `own` what of it is the member's, and `share_note` what is needed to have a part in the prize."""

    key: str
    kind: str
    name: str
    text: str
    medal: Mapping[str, str]
    share: float
    is_won: bool
    is_ghost: bool
    note: SafeString | str
    now: SafeString
    left: SafeString | str
    spoken: str
    dates: SafeString | str
    is_open: bool
    is_joined: bool
    needs_joining: bool
    has_board: bool
    within: SafeString | str
    team: SafeString | str = ""
    own: SafeString | str = ""
    share_note: SafeString | str = ""

    @property
    def is_joinable(self) -> bool:
        """Whether there is something to say: that one takes part, or what the board shows."""
        is_challenge = self.kind == Badge.Kind.CHALLENGE and self.is_open
        return is_challenge and (self.needs_joining or self.has_board or self.is_joined)


def card(view: View, program: Program) -> Card:
    badge, goal = view.badge, view.goal
    share = 0.0 if badge.needs_joining and view.entry is None else view.share
    left = _left(view, program)
    medal = medals.full(badge.medal)
    return Card(
        badge.key,
        badge.kind,
        name_of(badge),
        text_of(badge),
        medal,
        share,
        view.is_won,
        not view.is_won,
        _note(view, left),
        amount(goal, view.value, program),
        left,
        say(
            _("%(name)s: %(percent)s of the way"), name=name_of(badge), percent=formats.format_percent(share)
        ),
        dates(badge),
        view.is_open,
        view.entry is not None,
        badge.needs_joining,
        badge.has_board,
        within(goal),
        *_together(view, program),
    )


def _together(view: View, program: Program) -> tuple[SafeString | str, SafeString | str, SafeString | str]:
    part, group = view.part, view.goal.group
    if part is None or group is None:
        return "", "", ""
    own = say(_("Of it from you: %(amount)s"), amount=amount(view.goal, part.own, program))
    if part.own >= group.least:
        note = _("You have a part in what your team reaches.")
    else:
        left = amount(view.goal, group.least - part.own, program)
        note = say(_("%(amount)s more from you, and you have a part in what your team reaches."), amount=left)
    return team_name(group, part.name, store_names(program, group)), own, note


def grouped(group: Group) -> str:
    """Who does it together."""
    texts = {
        "all": _("Everybody together"),
        "stores": _("Stores against each other"),
        "tags": _("Teams by tag"),
        "households": _("Households"),
    }
    return texts[group.by]


def team_name(group: Group, name: str, stores: Mapping[str, str]) -> SafeString | str:
    """A team as its members call it; nothing for who has none. Others' households have no name."""
    if group.by == "all":
        return _("Everybody together")
    if not name:
        return ""
    return _("Your household") if group.by == "households" else foreign(stores.get(name, name))


def store_names(program: Program, group: Group) -> dict[str, str]:
    """{code: name}, where teams are stores."""
    if group.by != "stores":
        return {}
    return dict(Store.objects.filter(program=program).values_list("code", "name"))


def of_member(program: Program, member: Member, now: datetime) -> list[Card]:
    """What a member has won or is on the way to. One statement where the program has nothing of the kind."""
    if not Badge.objects.filter(program=program).exclude(state=Badge.State.DRAFT).exists():
        return []
    found = reading.of_member(program=program, member=member, now=now)
    return [
        card(view, program) for view in found if view.is_won or (view.part.own if view.part else view.value)
    ]


def _left(view: View, program: Program) -> SafeString | str:
    if view.next is None or not view.is_open:
        return ""
    return say(_("%(amount)s to go"), amount=amount(view.goal, view.left, program))


def _note(view: View, left: SafeString | str) -> SafeString | str:
    if view.level is not None and len(view.goal.levels) > 1:
        name = foreign(level_name(view.badge, view.goal, view.level))
        return say(_("%(level)s · %(left)s"), level=name, left=left) if left else name
    if view.is_won:
        return dated(timezone.localtime(view.wins[0].won_at).date())
    return left


def dates(badge: Badge) -> SafeString | str:
    """From when to when; the last day is still good."""
    if badge.kind != Badge.Kind.CHALLENGE or badge.ends_at is None:
        return ""
    last = dated(timezone.localtime(badge.ends_at - timedelta(microseconds=1)).date(), "long")
    if badge.starts_at is None:
        return say(_("Until the end of %(day)s"), day=last)
    first = dated(timezone.localtime(badge.starts_at).date(), "long")
    return say(_("%(first)s to %(last)s"), first=first, last=last)


def steps(view: View, program: Program, known: Mapping[str, Unit]) -> list[Step]:
    """All levels, the lowest first."""
    won = {win.level: win for win in reversed(view.wins)}
    names = reward_names(program) if any(level.prizes for level in view.goal.levels) else {}
    return [
        Step(
            level_name(view.badge, view.goal, level),
            amount(view.goal, level.target, program),
            [text for text in (prize(each, known, names) for each in level.prizes) if text],
            dated(timezone.localtime(won[level.key].won_at).date()) if level.key in won else "",
            level.key in won,
        )
        for level in view.goal.levels
    ]
