"""An amount as a person types it, in the digits and with the marks of any script, becomes minor units."""

from __future__ import annotations

import re
import unicodedata

from loyaltysite.kit.formats import minor_digits

# What stands between the whole and the fraction, in any of our languages; a comma is read as one where it must be.
POINTS = {"٫": ".", "·": "."}
GROUPS = re.compile(r"[\s٬’'\u00a0\u202f]")
PLAIN = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?")


def parse(text: str, currency: str) -> int | None:
    """4260 for "42.60", "42,60", "٤٢٫٦٠"; None for what is no amount of this currency."""
    latin = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    for mark, point in POINTS.items():
        latin = latin.replace(mark, point)
    found = PLAIN.fullmatch(_without_groups(GROUPS.sub("", latin)))
    digits = minor_digits(currency)
    if found is None or len(found[2] or "") > digits:
        return None
    return int(found[1] + (found[2] or "").ljust(digits, "0"))


def _without_groups(text: str) -> str:
    """1,284.50 and 1.284,50 lose their groups; of a single mark, three digits after it make it one of groups."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text
    whole, rest = text[:last], text[last + 1 :]
    is_group = text[last] == "," and len(rest) == 3 and text.count(".") == 0
    whole = re.sub(r"[.,](?=[0-9]{3}(?:[.,]|$))", "", whole)
    return whole + rest if is_group else f"{whole}.{rest}"
