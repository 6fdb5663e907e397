"""`python -m tests.translations`: every text that the program says stands in every catalogue, translated.

Texts are found as `manage.py makemessages` finds them, but without the gettext tools, so that any machine can check.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("loyaltysite", "members", "rewards", "campaigns", "analytics")
LANGUAGES = ("ar", "he", "fa")
FUNCTIONS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
PLACE = re.compile(r"%\((\w+)\)[sd]")

# What a text is known by: its context, itself.
type Key = tuple[str | None, str]


def said() -> dict[Key, str]:
    """Every text, with a file that says it."""
    found: dict[Key, str] = {}
    for path in sorted(_files()):
        for key in _texts_of(path):
            found.setdefault(key, str(path.relative_to(ROOT)))
    return found


def _files() -> Iterator[Path]:
    for folder in SOURCES:
        yield from (ROOT / folder).rglob("*.py")
    for kind in ("*.html", "*.txt"):
        yield from (ROOT / "templates").rglob(kind)


def _texts_of(path: Path) -> Iterator[Key]:
    from django.utils.translation.template import templatize

    text = path.read_text()
    if path.suffix == ".py":
        code = text
    else:
        # What remains of a template between its texts is blanked out, but for the indentation.
        code = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    for _line, message, _comments, context in extract("python", io.BytesIO(code.encode()), FUNCTIONS):
        first = message[0] if isinstance(message, tuple) else message
        if first:
            yield context, first


def faults() -> Iterator[str]:
    """What is missing or wrong, catalogue by catalogue."""
    texts = said()
    for language in LANGUAGES:
        catalogue = polib.pofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"))
        known = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
        for key, path in texts.items():
            entry = known.get(key)
            if entry is None or not entry.translated() or entry.fuzzy:
                yield f"{language}: {path}: {key[1]!r} is not translated"
        for key, entry in known.items():
            if key not in texts:
                yield f"{language}: {key[1]!r} is said nowhere any more"
            yield from (f"{language}: {key[1]!r}: {fault}" for fault in _places(entry))


def _places(entry: polib.POEntry) -> Iterator[str]:
    """A translation uses the same named places; a plural form may leave the number out."""
    wanted = set(PLACE.findall(entry.msgid + entry.msgid_plural))
    for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
        used = set(PLACE.findall(text))
        if text and (used - wanted or (wanted - used and not entry.msgid_plural)):
            yield f"{text!r} has other places"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.test")
    found = list(faults())
    for fault in found[:200]:
        sys.stderr.write(fault + "\n")
    if found:
        sys.stderr.write(f"{len(found)} faults in the catalogues\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
