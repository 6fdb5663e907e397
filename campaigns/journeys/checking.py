"""What a draft needs before it can run: a sound graph, conditions that can be asked, and things that are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.journeys import conditions
from campaigns.journeys.graph import Fault, Graph, GraphInvalid, Step, read
from campaigns.models import Segment, Template
from members.models import Program, Store
from rewards.models import Coupon, Reward, Tier, Unit


def check(program: Program, draft: Any) -> Graph:
    """The graph, if it can run in this program. Raises GraphInvalid with every fault."""
    graph = read(draft)
    with scope(program=program):
        if faults := [*_conditions(graph), *_things(graph)]:
            raise GraphInvalid(faults)
    return graph


def _conditions(graph: Graph) -> Iterator[Fault]:
    for key, tree in graph.conditions():
        try:
            conditions.member(tree)
        except conditions.ConditionError as error:
            yield Fault(f"where.{error.path}" if error.path else "where", key, str(error))


def _things(graph: Graph) -> Iterator[Fault]:
    if (number := graph.trigger.settings.get("segment")) and not _has_segment(number):
        yield Fault("trigger.segment", "", _("There is no such segment."))
    if (code := graph.trigger.settings.get("store")) and not Store.objects.filter(code=code).exists():
        yield Fault("trigger.store", "", _("There is no such store."))
    for i, each in enumerate(graph.exits):
        if each.segment is not None and not _has_segment(each.segment):
            yield Fault(f"exit[{i}].segment", "", _("There is no such segment."))
    for step in graph.walk():
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[Fault]:
    settings = step.settings
    if step.kind == "message":
        found = Template.objects.filter(pk=settings["message"]).first()
        if found is None or found.live_id is None:
            yield Fault("message", step.key, _("Choose a template that is published."))
        if settings.get("coupon") and not _has_codes(settings["coupon"]):
            yield Fault("coupon", step.key, _("There is no such coupon."))
    elif step.kind == "points" and not Unit.objects.filter(key=settings["unit"]).exists():
        yield Fault("unit", step.key, _("There is no such unit."))
    elif step.kind == "reward":
        offered = Reward.objects.filter(pk=settings["reward"]).exclude(state=Reward.State.ENDED)
        if not offered.exclude(kind=Reward.Kind.DONATION).exists():
            yield Fault("reward", step.key, _("There is no such reward."))
    elif step.kind == "tier" and not Tier.objects.filter(pk=settings["tier"]).exists():
        yield Fault("tier", step.key, _("There is no such tier."))
    elif step.kind == "segment":
        found_list = Segment.objects.filter(pk=settings["segment"]).first()
        if found_list is None or found_list.kind != Segment.Kind.LIST:
            yield Fault("segment", step.key, _("Choose a list that is kept by hand."))


def _has_codes(key: str) -> bool:
    return Coupon.objects.filter(key=key, state=Coupon.State.LIVE).exists()


def _has_segment(number: int) -> bool:
    return Segment.objects.filter(pk=number).exists()
