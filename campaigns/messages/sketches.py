"""A mail's texts with places for what differs from member to member: all the rest of a version is worked out once.

Only of texts that show what they are told and do nothing else; of the others each mail is made by itself (letters.py)."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from markupsafe import escape

from campaigns.messages import language, links
from campaigns.messages.facts import Facts

# What the program tells is the same in every mail; `event` and `data` may hold anything.
FIXED, LOOSE = ("program", "links"), ("member", "balance", "tier", "store", "now", "weather", "code")
# Of the private part of Unicode, and other signs than those of frames.py.
MARK = "\ue003{}\ue004"
MARKS = re.compile("\ue003([a-z0-9]+)\ue004")
STOP, PIXEL = MARK.format("u"), MARK.format("o")
PRIVATE = re.compile("[\ue000-\uf8ff]")
# What means nothing in HTML and does not touch the words around it.
SAFE = re.compile("(?!\\s)[^<>&\"'\ue000-\uf8ff]+(?<!\\s)")
MOST = 256

type Parts = tuple[str, ...]
type Path = tuple[str, ...]
# Fields of a mail with marks → the page and the words of all of it.
type Paint = Callable[[Mapping[str, str]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sketch:
    """`paths` lead to what is told in the places 0, 1 …; `urls` are led through ours in the places c0, c1 …"""

    paths: tuple[Path, ...]
    fields: Mapping[str, Parts]
    page: Parts
    words: Parts
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    fields: Mapping[str, str]
    page: str
    words: str


_kept: OrderedDict[Hashable, Sketch | None] = OrderedDict()


def of(
    key: Hashable, *, said: Mapping[str, str], told: Facts, paint: Paint, keep: tuple[str, ...] | None
) -> Sketch | None:
    """The sketch under a key, of which everything else is a function; None where the texts do more than to show. With
    `keep`, addresses are led through ours unless they begin so."""
    if key not in _kept:
        if len(_kept) >= MOST:
            _kept.popitem(last=False)
        _kept[key] = _draw(said, told, paint, keep)
    return _kept[key]


def fill(sketch: Sketch, told: Facts, *, site: str, message_id: int, stop: str, pixel: str) -> Filled | None:
    """None where something is not there, or is no word among words."""
    said: dict[str, str] = {}
    for number, path in enumerate(sketch.paths):
        value = _shown(told, path)
        if value is None:
            return None
        said[str(number)] = value
    plainly = {place: " ".join(value.split()) for place, value in said.items()}
    ours = {"u": stop, "o": pixel}
    ours |= {f"c{number}": links.click(site, message_id, url) for number, url in enumerate(sketch.urls)}
    return Filled(
        {name: _joined(parts, said) for name, parts in sketch.fields.items()},
        _joined(sketch.page, said | ours),
        _joined(sketch.words, plainly | ours),
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _draw(said: Mapping[str, str], told: Facts, paint: Paint, keep: tuple[str, ...] | None) -> Sketch | None:
    paths: list[Path] = []
    marked: dict[str, str] = {}
    for name, text in said.items():
        parts = list(_parts(text))
        if None in parts or PRIVATE.search(text):
            return None
        shown = [_marked(part, paths, told, is_html=name == "html") for part in parts if part is not None]
        marked[name] = "".join(shown).strip()
    page, words = paint(marked)
    urls: list[str] = []
    if keep is not None:
        page = links.lead(page, keep=keep, through=lambda url: _numbered("c", url, urls))
    if any(MARKS.search(url) for url in urls):
        return None
    fields = {name: tuple(MARKS.split(text)) for name, text in marked.items()}
    return Sketch(tuple(paths), fields, tuple(MARKS.split(page)), tuple(MARKS.split(words)), tuple(urls))


def _parts(text: str) -> Iterator[str | Path | None]:
    """Words as they are, and what is shown between them; None for anything else."""
    try:
        body = language.PLAIN.parse(text).body
    except TemplateSyntaxError:
        yield None
        return
    for output in body:
        if not isinstance(output, nodes.Output):
            yield None
            return
        for node in output.nodes:
            yield node.data if isinstance(node, nodes.TemplateData) else _path(node)


def _path(node: nodes.Node) -> Path | None:
    if isinstance(node, nodes.Name):
        return (node.name,) if node.name in (*FIXED, *LOOSE) else None
    before = _path(node.node) if isinstance(node, nodes.Getattr) else None
    return (*before, node.attr) if before and isinstance(node, nodes.Getattr) else None


def _marked(part: str | Path, paths: list[Path], told: Facts, *, is_html: bool) -> str:
    if isinstance(part, str):
        return part
    value = told.get(part[0], {}).get(part[-1]) if part[0] in FIXED and len(part) > 1 else None
    if isinstance(value, str) and not PRIVATE.search(value):
        return str(escape(value)) if is_html else value
    return _numbered("", part, paths)


def _numbered[T](letter: str, thing: T, things: list[T]) -> str:
    if thing not in things:
        things.append(thing)
    return MARK.format(f"{letter}{things.index(thing)}")


def _shown(told: Facts, path: Path) -> str | None:
    value: Any = told
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    if type(value) in {int, float}:
        return str(value)
    return value if isinstance(value, str) and SAFE.fullmatch(value) else None


def _joined(parts: Parts, said: Mapping[str, str]) -> str:
    return "".join([said[part] if n % 2 else part for n, part in enumerate(parts)])
