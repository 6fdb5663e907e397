"""The frame around a mail's words: made once for a language and a shape, then filled for each member.

A frame is Django's template, rendered with marks in the places of what differs; to fill it is to join strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape, unescape
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from inscriptis import get_text

from loyaltysite.kit.formats import RIGHT_TO_LEFT

# What differs from mail to mail; `html` alone is HTML already.
PLACES = ("subject", "preview", "html", "button", "link", "unsubscribe", "pixel")
# Of the private part of Unicode, so that nobody's text holds one.
MARK = "\ue000{}\ue001"
MARKS = re.compile("\ue000([a-z]+)\ue001")

# What most mails are made of; a quoted sign in an attribute is no end of a tag.
TAG = re.compile(r"""<(/?[a-z][a-z0-9]*)(?:\s(?:"[^"]*"|'[^']*'|[^'">])*)?/?>""", re.IGNORECASE)
BLOCKS, LINES = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"), ("div", "br")
INLINE = ("a", "b", "strong", "em", "i", "u", "span", "small")
ITEM = "\ue002"
# What stands in the place of a tag; others are for the library.
BREAKS = {
    **{f"{slash}{name}": "\n\n" for name in BLOCKS for slash in ("", "/")},
    **{f"{slash}{name}": "\n" for name in LINES for slash in ("", "/")},
    **{f"{slash}{name}": "" for name in INLINE for slash in ("", "/")},
    "li": f"\n{ITEM}",
    "/li": "",
}
HIDDEN = ("display", "visibility", "hidden")

type Parts = tuple[str, ...]


def page(said: Mapping[str, str], *, program: Any, manners: Any, language: str, preferences: str) -> str:
    """The HTML of a mail with what is `said` in its places; what is empty or missing leaves no trace."""
    parts = _page(*_frame_of(said, program, manners, language, preferences))
    return _fill(parts, {name: text if name == "html" else escape(text) for name, text in said.items()})


def words(said: Mapping[str, str], *, program: Any, manners: Any, language: str, preferences: str) -> str:
    """The same as a mail program without HTML shows it."""
    parts = _words(*_frame_of(said, program, manners, language, preferences))
    told = _fill(parts, {**said, "html": plain(said.get("html", ""))})
    return "\n".join(line.rstrip() for line in told.splitlines()).strip() + "\n"


def plain(html: str) -> str:
    """The words of a piece of HTML, line by line. Of paragraphs, lists and links it is told here, twenty times as quick as
    by the library, which is asked about everything else."""
    lowered = html.lower()
    if ITEM in html or any(word in lowered for word in HIDDEN):
        return str(get_text(html)).strip()
    text = TAG.sub(_break, " ".join(html.split()))
    if "<" in text:
        return str(get_text(html)).strip()
    lines = "\n".join(line.strip(" ") for line in text.split("\n"))
    return re.sub("\n{3,}", "\n\n", unescape(lines.replace(ITEM, "  * "))).strip()


# --- parts ------------------------------------------------------------------------------------------------------------


def _break(found: re.Match[str]) -> str:
    return BREAKS.get(found[1].lower(), found[0])


def _frame_of(
    said: Mapping[str, str], program: Any, manners: Any, language: str, preferences: str
) -> tuple[Any, ...]:
    """All that a frame depends on."""
    shape = tuple(name for name in PLACES if said.get(name))
    facts = (program.name, program.brand, manners.postal_address, preferences)
    return language, shape, facts


@lru_cache(maxsize=256)
def _page(language: str, shape: Parts, facts: Parts) -> Parts:
    name, brand, address, preferences = facts
    marked = {each: MARK.format(each) for each in shape}
    with translation.override(language):
        made = render_to_string(
            "campaigns/messages/mail.html",
            {
                "program": {"name": name, "brand": brand},
                "manners": {"postal_address": address},
                "fields": marked,
                "language": language,
                "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
                "unsubscribe": marked.get("unsubscribe", ""),
                "preferences": preferences,
                "pixel": marked.get("pixel", ""),
            },
        )
    return tuple(MARKS.split(made))


@lru_cache(maxsize=256)
def _words(language: str, shape: Parts, facts: Parts) -> Parts:
    parts = _page(language, shape, facts)
    html = "".join(MARK.format(part) if n % 2 else part for n, part in enumerate(parts))
    # A table that is centered is no reason to indent words.
    lines = "\n".join(line.strip() for line in get_text(html).splitlines())
    return tuple(MARKS.split(re.sub("\n{3,}", "\n\n", lines)))


def _fill(parts: Parts, said: Mapping[str, str]) -> str:
    """Every second part is the name of a place."""
    return "".join(said.get(part, "") if n % 2 else part for n, part in enumerate(parts))
