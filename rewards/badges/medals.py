"""How a medal looks: one of our own shapes, colours and pictures, so that every program can have its own look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError

SHAPES = {
    "rosette": _("Rosette"),
    "shield": _("Shield"),
    "hexagon": _("Hexagon"),
    "drop": _("Drop"),
    "star": _("Star"),
}
COLORS = {
    "brand": _("Brand colour"),
    "bronze": _("Bronze"),
    "silver": _("Silver"),
    "gold": _("Gold"),
    "green": _("Green"),
    "blue": _("Blue"),
    "plum": _("Plum"),
}
ICONS = {
    "star": _("Star"),
    "run": _("Shoe"),
    "flame": _("Flame"),
    "bag": _("Bag"),
    "leaf": _("Leaf"),
    "heart": _("Heart"),
    "map": _("Map pin"),
    "book": _("Book"),
    "bolt": _("Bolt"),
    "cup": _("Cup"),
    "gift": _("Gift"),
    "calendar": _("Calendar"),
    "mountain": _("Mountain"),
    "crown": _("Crown"),
}
PARTS: Mapping[str, Mapping[str, Any]] = {"shape": SHAPES, "color": COLORS, "icon": ICONS}
PLAIN = {"shape": "rosette", "color": "brand", "icon": "star"}


class MedalRefused(DomainError):
    code = "medal_refused"
    message = _("There is no such medal.")


def check(medal: Mapping[str, Any]) -> None:
    """Raises MedalRefused with the field."""
    for name, value in medal.items():
        if name not in PARTS or value not in PARTS[name]:
            raise MedalRefused(field=f"medal_{name}")


def full(medal: Mapping[str, Any]) -> dict[str, str]:
    """All parts, those not chosen as they are without choice."""
    return PLAIN | {name: str(value) for name, value in medal.items() if name in PARTS}
