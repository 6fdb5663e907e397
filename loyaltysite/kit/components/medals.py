"""Medals of badges: a body, a metal and a sign of our own, and around them a ring that closes on the way to them."""

from collections.abc import Mapping

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

PLAIN = {"shape": "rosette", "color": "brand", "icon": "star"}


@register.simple_tag
def medallion(
    medal: Mapping[str, str], share: float = 1.0, ghost: bool = False, label: str = ""
) -> SafeString:
    """{% medallion badge.medal share=0.4 ghost=True label="Two of five runs" %}: `share` of the ring is closed, from 0
    to 1; a ghost is still to be won. The drawings are in static/img/medals.svg."""
    parts = PLAIN | {name: value for name, value in medal.items() if value}
    done = max(0, min(100, round(share * 100)))
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    ring = (
        format_html('<circle class="ring done" cx="60" cy="60" r="56" pathLength="100" stroke-dasharray="{} 100" transform="rotate(-90 60 60)"/>', done)
        if done > 0
        else ""
    )  # fmt: skip
    drawings = static("img/medals.svg")
    return format_html(
        '<svg class="medallion m-{color}{ghost}" viewBox="0 0 120 120" {spoken}><circle class="ring" cx="60" cy="60" r="56"/>'
        '{ring}<use href="{file}#{shape}" x="14" y="14" width="92" height="92"/>'
        '<use class="sign" href="{file}#s-{icon}" x="43" y="43" width="34" height="34"/></svg>',
        ghost=" ghost" if ghost else "",
        spoken=spoken,
        ring=ring,
        file=drawings,
        **parts,
    )
