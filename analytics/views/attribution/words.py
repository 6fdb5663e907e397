"""Touches in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from campaigns.models import Carrier


def touch_name(key: str) -> str:
    """A channel and how it was touched."""
    channel, _dot, touch = key.partition(".")
    if channel == "code":
        return _("A code in the order")
    name = Carrier(channel).label
    return {"": f"{name}", "click": _("%(channel)s: clicked"), "open": _("%(channel)s: opened")}[touch] % {
        "channel": name
    }
