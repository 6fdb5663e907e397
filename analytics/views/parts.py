"""Which part of trade or members a page of figures tells of: from the address, by a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Min
from django.http import QueryDict
from django.utils.translation import gettext as _

from analytics.kpis import groups, narrowing
from analytics.kpis.groups import BY, Group, GroupsApart, GroupUnknown, Part
from analytics.kpis.narrowing import Narrowed
from analytics.models import Day, TradeDay
from analytics.periods import Period
from loyaltysite.kit.forms import refuse
from members.models import Program

# Channels in which nothing was bought within so many days before the last trade are not offered, but can be asked for.
SHOWN, SHOWN_DAYS = 50, 366


@dataclass(frozen=True, slots=True)
class Asked:
    """The part that an address means; with `problem` none that there is."""

    part: Part
    problem: GroupUnknown | GroupsApart | None = None

    def compare(self, keys: Iterable[str], period: Period) -> Narrowed:
        """No figure of anything else where the part is none."""
        if self.problem:
            return narrowing.nothing(part=self.part, keys=keys, period=period, why=str(self.problem))
        return narrowing.compare(part=self.part, keys=keys, period=period)


def asked(program: Program, query: Mapping[str, str]) -> Asked:
    try:
        return Asked(groups.part_of(program=program, words=query))
    except (GroupUnknown, GroupsApart) as error:
        return Asked(Part(program), error)


class PartForm(forms.Form):
    """A choice for each way to narrow, filled with what is asked for; what cannot be is told at its field."""

    def __init__(self, program: Program, query: QueryDict, asked: Asked) -> None:
        super().__init__({by: query.get(by, "") for by in BY} if asked.problem else None)
        self.problem = asked.problem
        for by, name in BY.items():
            offered = [(group.word, group.name) for group in _offered(program, by)]
            chosen = asked.part.chosen.get(by)
            if chosen and chosen.word not in dict(offered):
                offered.append((chosen.word, chosen.name))
            one = self.fields[by] = forms.ChoiceField(
                label=str(name),
                required=False,
                choices=[("", _("All")), *offered],
                initial=chosen.word if chosen else "",
                error_messages={"invalid_choice": GroupUnknown.message},
            )
            # All is a choice too: nothing is optional about it.
            one.is_needed = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if isinstance(self.problem, GroupsApart):
            refuse(self, self.problem)
        return found


def _offered(program: Program, by: str) -> list[Group]:
    if by == "channel":
        last = TradeDay.objects.filter(program=program).order_by("-day").values_list("day", flat=True).first()
        since = last - timedelta(days=SHOWN_DAYS) if last else None
        rows = TradeDay.objects.filter(program=program, day__gt=since) if since else TradeDay.objects.none()
        found = list(rows.order_by("channel").values_list("channel", flat=True).distinct()[:SHOWN])
        return [Group(one or groups.NONE, one, one or _("No channel")) for one in found]
    if by == "joined":
        first = Day.objects.filter(program=program, members__gt=0).aggregate(day=Min("day"))["day"]
        last = (
            Day.objects.filter(program=program, members__gt=0)
            .order_by("-day")
            .values_list("day", flat=True)
            .first()
        )
        return _years(first, last)
    return groups.choices(program=program, by=by)


def _years(first: date | None, last: date | None) -> list[Group]:
    if first is None or last is None:
        return []
    return [Group(str(year), year, str(year)) for year in range(last.year, first.year - 1, -1)]


def context(program: Program, query: QueryDict, asked: Asked, narrowed: Narrowed) -> dict[str, Any]:
    """The form, what is chosen with a link that lets it go, and what else an address must keep."""
    chosen = asked.part.chosen
    return {
        "part_form": PartForm(program, query, asked),
        "narrowed": narrowed,
        "chips": [(BY[by], group.name, _without(query, by)) for by, group in chosen.items()],
        "kept_part": [(by, group.word) for by, group in chosen.items()],
        "kept_days": [(name, query[name]) for name in ("period", "first", "last", "by") if query.get(name)],
    }


def _without(query: QueryDict, by: str) -> str:
    found = query.copy()
    found.pop(by, None)
    return f"?{found.urlencode()}"
