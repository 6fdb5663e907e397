"""What an address can be told: groups of events, by how their kinds begin."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Topic:
    """`beginnings` are those of the kinds of events; one that ends without a dot is a whole kind."""

    key: str
    label: str | Promise
    beginnings: tuple[str, ...]


TOPICS: tuple[Topic, ...] = (
    Topic("orders", _("Orders and returns"), ("order", "order.", "return")),
    Topic("points", _("Points: spent, adjusted, sent, given, about to end"), ("points.",)),
    Topic("members", _("Members: joined, merged, closed"), ("member.",)),
    Topic("tiers", _("Tiers: reached and left"), ("tier.",)),
    Topic("rewards", _("Rewards: reserved, issued, used, given back"), ("reward.",)),
    Topic("plans", _("Plans: begun, renewed, ended"), ("plan.",)),
    Topic("badges", _("Badges and challenges"), ("badge.", "challenge.")),
    Topic("referrals", _("Friends brought"), ("referral.",)),
    Topic("households", _("Households: founded, joined, left, taken from"), ("household.",)),
    Topic("segments", _("Segments: entered and left"), ("segment.",)),
    Topic("events", _("What happened besides purchases"), ("event.",)),
)
KEYS = tuple(topic.key for topic in TOPICS)
TEST = "webhook.test"


def covers(wanted: Collection[str], kind: str) -> bool:
    """Whether an address that wants these topics is told events of this kind; none means all."""
    return not wanted or any(_begins(kind, topic.beginnings) for topic in TOPICS if topic.key in wanted)


def _begins(kind: str, beginnings: tuple[str, ...]) -> bool:
    return any(kind.startswith(each) if each.endswith(".") else kind == each for each in beginnings)
