"""The groups of trade and of members that key figures can be narrowed to: their names, and how an address calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Segment
from loyaltysite.kit.errors import DomainError
from members.models import Program, Store
from rewards.models import Tier
from rewards.queries import base_of, name_of, tiers_of

OF_TRADE = ("store", "channel")
OF_MEMBERS = ("tier", "segment", "joined", "language")
BY: Mapping[str, str | Promise] = {
    "store": gettext_lazy("Store"),
    "channel": gettext_lazy("Channel"),
    "tier": gettext_lazy("Tier"),
    "segment": gettext_lazy("Segment"),
    "joined": gettext_lazy("Year of joining"),
    "language": gettext_lazy("Language"),
}
# How an address names what has no name.
NONE = "-"
YEARS = range(1990, 2200)


class GroupUnknown(DomainError):
    code = "group_unknown"
    message = gettext_lazy("There is no such group.")


class GroupsApart(DomainError):
    code = "groups_apart"
    message = gettext_lazy("Stores and channels are not kept by what members are: choose one or the other.")


@dataclass(frozen=True, slots=True)
class Group:
    """`word` is what an address calls it, `value` what the database does."""

    word: str
    value: Any
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a program's trade or members that figures are asked of: at most one group `by` each. Nothing chosen: the
    whole."""

    program: Program
    chosen: Mapping[str, Group] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return not self.chosen

    @property
    def is_of_members(self) -> bool:
        return any(by in OF_MEMBERS for by in self.chosen)

    @property
    def where(self) -> dict[str, Any]:
        """What narrows sums of trade."""
        columns = {"store": "store_id", "channel": "channel"}
        return {columns[by]: group.value for by, group in self.chosen.items() if by in columns}

    @property
    def query(self) -> str:
        """As it stands in an address."""
        return urlencode({by: group.word for by, group in self.chosen.items()})

    @property
    def text(self) -> str:
        return ", ".join(f"{BY[by]}: {group.name}" for by, group in self.chosen.items())

    def members(self) -> tuple[str, dict[str, Any]]:
        """A statement of the ids of its members, and its values."""
        wheres = ["m.program_id = %(program)s", "m.state <> 'closed'"]
        values: dict[str, Any] = {"program": self.program.pk}
        for by, group in self.chosen.items():
            more, given = _CONDITIONS[by](self.program, group)
            wheres.append(more)
            values |= given
        return f"SELECT m.holder_id AS member_id FROM members_member m WHERE {' AND '.join(wheres)}", values  # noqa: S608


def _of_tier(program: Program, group: Group) -> tuple[str, dict[str, Any]]:
    """By the highest level held now; who holds none is at the base."""
    open_one = "SELECT FROM rewards_standing s JOIN rewards_tier t ON t.id = s.tier_id WHERE s.member_id = m.holder_id AND s.ended_at IS NULL"
    tiers = tiers_of(program)
    tier = next((tier for tier in tiers if tier.key == group.value), None)
    above = f"NOT EXISTS ({open_one} AND t.rank > %(rank)s)"
    if tier is None or tier == base_of(tiers):
        return above, {"rank": tier.rank if tier else -1}
    return f"EXISTS ({open_one} AND s.tier_id = %(tier)s) AND {above}", {"tier": tier.pk, "rank": tier.rank}


def _of_segment(_program: Program, group: Group) -> tuple[str, dict[str, Any]]:
    text = "EXISTS (SELECT FROM members_audiencemember a WHERE a.audience_id = %(segment)s AND a.member_id = m.holder_id)"
    return text, {"segment": group.value}


def _of_year(program: Program, group: Group) -> tuple[str, dict[str, Any]]:
    first, end = (
        datetime.combine(date(year, 1, 1), datetime.min.time(), program.zone)
        for year in (group.value, group.value + 1)
    )
    return "m.joined_at >= %(joined_from)s AND m.joined_at < %(joined_to)s", {
        "joined_from": first,
        "joined_to": end,
    }


def _of_language(_program: Program, group: Group) -> tuple[str, dict[str, Any]]:
    return "m.language = %(language)s", {"language": group.value}


_CONDITIONS = {"tier": _of_tier, "segment": _of_segment, "joined": _of_year, "language": _of_language}


def part_of(*, program: Program, words: Mapping[str, str]) -> Part:
    """The part that these words of an address mean; empty ones say nothing. Raises GroupUnknown, GroupsApart."""
    chosen = {by: find(program=program, by=by, word=words[by]) for by in BY if words.get(by)}
    if chosen.keys() & set(OF_TRADE) and chosen.keys() & set(OF_MEMBERS):
        raise GroupsApart(field=next(by for by in chosen if by in OF_MEMBERS))
    return Part(program, chosen)


def find(*, program: Program, by: str, word: str) -> Group:
    """Raises GroupUnknown."""
    if by in ("channel", "joined"):
        found = _channel(word) if by == "channel" else _year(word)
    else:
        found = next((group for group in choices(program=program, by=by) if group.word == word), None)
    if found is None:
        raise GroupUnknown(field=by)
    return found


def _channel(word: str) -> Group | None:
    return (
        Group(NONE, "", _("No channel"))
        if word == NONE
        else Group(word, word, word)
        if len(word) <= 32
        else None
    )


def _year(word: str) -> Group | None:
    return Group(word, int(word), word) if word.isascii() and word.isdigit() and int(word) in YEARS else None


def choices(*, program: Program, by: str) -> list[Group]:
    """The groups that there are by store, tier, segment or language."""
    if by == "store":
        rows = Store.objects.filter(program=program).order_by("name", "pk")
        return [*(Group(row.code, row.pk, row.name) for row in rows), Group(NONE, 0, _("No store"))]
    if by == "tier":
        return _tiers(tiers_of(program))
    if by == "segment":
        live = Segment.objects.filter(program=program, state=Segment.State.LIVE).order_by("name", "pk")
        return [Group(row.key, row.pk, row.name) for row in live]
    languages = [Group(key, key, str(name)) for key, name in settings.LANGUAGES]
    return [*languages, Group(NONE, "", _("Not known"))]


def _tiers(tiers: Iterable[Tier]) -> list[Group]:
    rows = list(tiers)
    named = [Group(tier.key, tier.key, name_of(tier)) for tier in rows]
    return named if base_of(rows) else [Group(NONE, "", _("No tier")), *named]


def names(program: Program, by: str) -> dict[Any, str]:
    """The names of groups as the roll-ups call them; what is empty has a name too."""
    if by == "channel":
        return {"": _("No channel")}
    if by == "joined":
        return {}
    found = {
        str(group.value) if by == "segment" else group.value: group.name
        for group in choices(program=program, by=by)
    }
    if by == "tier" and "" not in found:
        base = base_of(tiers_of(program))
        found[""] = name_of(base) if base else _("No tier")
    return found
