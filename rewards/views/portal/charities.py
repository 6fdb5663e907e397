"""A cause as everybody sees it: its story, what it was given, how far it is to its goal."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.safestring import SafeString

from members.models import Program
from rewards import catalogue
from rewards.causes import reading
from rewards.models import Cause
from rewards.views.portal.words import units


@dataclass(slots=True)
class Charity:
    """A cause as everybody sees it; `width` is how much of the goal is reached, in percent."""

    key: str
    name: str
    story: str
    picture: str
    link: str
    is_live: bool
    total: reading.Total
    goal_minor: int | None = None
    width: int = 0
    amounts: list[SafeString | str] = field(default_factory=list)


def tell(one: reading.Shown, program: Program) -> Charity:
    cause = one.cause
    picture = (
        reverse("portal:picture", args=[program.slug, cause.picture_digest]) if cause.picture_digest else ""
    )
    return Charity(
        key=cause.key,
        name=catalogue.name_of(cause.names, cause.key),
        story=catalogue.name_of(cause.stories),
        picture=picture,
        link=cause.link,
        is_live=cause.state == Cause.State.LIVE,
        total=one.total,
        goal_minor=cause.goal_minor,
        width=int(100 * one.share),
        amounts=[units(amount, unit) for unit, amount in one.total.units],
    )
