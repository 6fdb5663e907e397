"""What a journey can speak of in this program, by name: units, rewards, tiers, segments, messages, events."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.audiences import fields
from campaigns.messages import vouchers
from campaigns.models import Segment, Template
from loyaltysite.kit import formats
from loyaltysite.kit.conditions import Registry, describe, parse
from loyaltysite.kit.conditions.parser import ConditionError
from members.models import Program, Store
from rewards import catalogue, queries
from rewards.models import Reward, Unit

# What a program tells about members; what a shop reports beside is named `event.<its kind>`.
EVENTS: dict[str, str | Promise] = {
    "member.joined": gettext_lazy("Joins the program"),
    "order": gettext_lazy("Orders"),
    "order.paid": gettext_lazy("An order is paid"),
    "order.cancelled": gettext_lazy("An order is cancelled"),
    "return": gettext_lazy("Returns something"),
    "tier.changed": gettext_lazy("The tier changes"),
    "reward.reserved": gettext_lazy("Takes a reward, to be used later"),
    "reward.issued": gettext_lazy("Gets a reward"),
    "reward.fulfilled": gettext_lazy("Uses a reward"),
    "badge.won": gettext_lazy("Wins a badge"),
    "challenge.completed": gettext_lazy("Completes a challenge"),
    "plan.started": gettext_lazy("A plan begins"),
    "plan.renewed": gettext_lazy("A plan is renewed"),
    "plan.ending": gettext_lazy("A plan is about to end"),
    "plan.ended": gettext_lazy("A plan ends"),
    "referral.joined": gettext_lazy("A friend joins"),
    "referral.bought": gettext_lazy("A friend orders for the first time"),
    "points.received": gettext_lazy("Gets points from another member"),
    "member.tagged": gettext_lazy("Is tagged"),
    "household.joined": gettext_lazy("Joins a household"),
}
OWN = "event."

type Choices = list[tuple[str, str]]


@dataclass(slots=True)
class Things:
    """By id as text, each with its name."""

    segments: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


class Names:
    """Loaded once a request; each kind of thing only when it is asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def units(self) -> dict[str, Unit]:
        return {unit.key: unit for unit in queries.units_of(self.program)}

    @cached_property
    def rewards(self) -> dict[str, str]:
        found = Reward.objects.filter(program=self.program).exclude(state=Reward.State.ENDED).order_by("pk")
        return {str(reward.pk): catalogue.name_of(reward.names, reward.key) for reward in found}

    @cached_property
    def coupons(self) -> dict[str, str]:
        return dict(vouchers.offered(self.program))

    @cached_property
    def tiers(self) -> dict[str, str]:
        return {str(tier.pk): queries.name_of(tier) for tier in queries.tiers_of(self.program)}

    @cached_property
    def _things(self) -> Things:
        return things_of(self.program)

    @property
    def segments(self) -> dict[str, str]:
        return self._things.segments

    @property
    def lists(self) -> dict[str, str]:
        return self._things.lists

    @property
    def messages(self) -> dict[str, str]:
        return self._things.messages

    @cached_property
    def stores(self) -> dict[str, str]:
        return {
            store.code: store.name for store in Store.objects.filter(program=self.program).order_by("name")
        }

    def exit_choices(self, chosen: str = "") -> Choices:
        """What can end a journey early: what happens, and segments entered or left."""
        found = [(kind, str(label)) for kind, label in EVENTS.items()]
        for way, words in (
            ("entered", _("Enters the segment %(name)s")),
            ("left", _("Leaves the segment %(name)s")),
        ):
            found += [(f"{way}:{pk}", words % {"name": name}) for pk, name in self.segments.items()]
        if chosen and chosen not in dict(found):
            found.append((chosen, self.event(chosen)))
        return found

    def unit_choices(self) -> Choices:
        return [(key, formats.unit_name(0, unit)) for key, unit in self.units.items()]

    def event(self, kind: str) -> str:
        """An event in words."""
        if kind in EVENTS:
            return str(EVENTS[kind])
        return _("The event %(event)s") % {"event": formats.isolate(kind.removeprefix(OWN))}

    def amount(self, unit_key: str, amount: Any) -> str:
        """So much of a unit in words; `amount` in the unit's smallest part."""
        unit = self.units.get(unit_key)
        if unit is None or not isinstance(amount, int):
            return _("nothing yet")
        return formats.format_units(amount, unit)

    def condition(self, tree: Any) -> str:
        """A condition on the member in words, "" for one that is always true."""
        if not tree:
            return ""
        try:
            return describe(parse(tree, registry()), currency=self.program.currency)
        except ConditionError:
            return _("a condition that cannot be read")


def registry() -> Registry:
    """The fields of a member that conditions ask."""
    return fields.REGISTRY


def things_of(program: Program) -> Things:
    """Segments, lists and message templates of the program that can be used. Two statements."""
    segments = Segment.objects.filter(program=program).exclude(state=Segment.State.ARCHIVED).order_by("name")
    templates = (
        Template.objects.filter(program=program).exclude(state=Template.State.ARCHIVED).order_by("name")
    )
    found = Things(messages={str(one.pk): one.name for one in templates})
    for segment in segments:
        found.segments[str(segment.pk)] = segment.name
        if segment.kind == Segment.Kind.LIST:
            found.lists[str(segment.pk)] = segment.name
    return found
