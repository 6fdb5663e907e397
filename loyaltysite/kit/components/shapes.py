"""What a page is drawn with: style sheets, icons, pictures, and words with a shape."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from loyaltysite.kit import devices

register = template.Library()

SHEETS = {
    "base": ("tokens", "base", "controls", "data", "loyalty"),
    "dashboard": ("charts", "builder", "dashboard"),
    "portal": ("objects", "portal"),
    "door": ("objects", "portal", "door"),
    "till": ("till",),
    "settings": ("settings",),
}


def spell(attributes: Mapping[str, Any]) -> SafeString:
    """Attributes for a tag: hx_get becomes hx-get, True stands alone, None and False leave it out."""
    pairs = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items()]
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value),)
            for name, value in pairs
            if value is not None and value is not False
        ),
    )


@register.simple_tag
def attributes(pairs: Mapping[str, Any]) -> SafeString:
    """{% attributes field.attributes %}: inside a tag, as spell() writes them."""
    return spell(pairs)


@register.simple_tag
def styles(*groups: str) -> SafeString:
    """{% styles "base" "dashboard" %}: the style sheets of a surface, in the order of the layers."""
    names = [name for group in groups for name in SHEETS.get(group, (group,))]
    unique = dict.fromkeys(names)
    links = ((static(f"css/{name}.css"),) for name in unique)
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', links)


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """{% icon "home" %}; "flip" mirrors an arrow in right-to-left, `label` is read aloud instead of nothing."""
    return _icon(static("img/icons.svg"), name, css, label)


@lru_cache(maxsize=1024)
def _icon(drawings: str, name: str, css: str, label: str) -> SafeString:
    """Made once: a page has dozens, mostly the same ones."""
    drawing = format_html('<use href="{}#{}"/>', drawings, name)
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="{}" {}>{}</svg>', f"i {css}".strip(), spoken, drawing)


@register.simple_tag
def mark(size: int = 24) -> SafeString:
    """The shop's mark in the colours of its brand."""
    return format_html(
        '<svg width="{0}" height="{0}" aria-hidden="true"><use href="{1}#mark"/></svg>',
        size,
        static("img/icons.svg"),
    )


@register.simple_tag
def art(name: str, size: int | None = None, css: str = "pic", label: str = "") -> SafeString:
    """{% art "candle" size=72 %}: a drawing in the brand's two colours; the list is in static/img/art.svg."""
    drawing = format_html('<use href="{}#{}"/>', static("img/art.svg"), name)
    measure = format_html(' width="{0}" height="{0}"', size) if size else ""
    spoken = format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"')
    return format_html('<svg class="{}"{}{}>{}</svg>', css, measure, spoken, drawing)


@register.simple_tag
def badge(text: str, kind: str = "") -> SafeString:
    """{% badge "Live" "good" %}; kinds: good, warn, bad, info, draft, bare (no shape), or a pair such as "warn bare"."""
    return format_html('<span class="{}">{}</span>', f"badge {kind}".strip(), text)


@register.simple_tag
def tier(name: str, rank: int) -> SafeString:
    """{% tier "Gold" 2 %}: the bars count the rank, three at most."""
    return format_html('<span class="tier t{}">{}</span>', min(3, max(1, rank)), name)


@register.simple_tag
def button(text: str, kind: str = "", **options: Any) -> SafeString:
    """{% button "Publish" "primary" key="N" icon="plus" href="…" hx_post="…" %}

    Kinds: primary, quiet, danger, square (icon only; the text is read aloud), give (the one big button).
    `busy` shows the work going on, `disabled`, `key`, `icon` and `href`; all else becomes an attribute.
    """
    sign, key, busy = options.pop("icon", ""), options.pop("key", ""), options.pop("busy", False)
    label = format_html('<span class="vh">{}</span>', text) if "square" in kind.split() else text
    inner = format_html(
        "{}{}{}", icon(sign) if sign else "", label, format_html(" <kbd>{}</kbd>", key) if key else ""
    )
    css = f"btn {kind}".strip()
    attributes = {"data-key": key.lower() if len(key) == 1 else None} | options
    if options.get("href"):
        return format_html('<a class="{}"{}>{}</a>', css, spell(attributes), inner)
    attributes = {"type": "submit"} | attributes
    if busy:
        attributes |= {"aria-busy": "true", "aria-disabled": "true", "data-busy": True}
    return format_html('<button class="{}"{}>{}</button>', css, spell(attributes), inner)


@register.filter
def device(user_agent: str) -> str:
    """{{ session.user_agent|device }}: Firefox · Android"""
    return devices.name_of(user_agent)
