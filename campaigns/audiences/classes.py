"""What the scores of recency, frequency and money together say of a customer, in a word."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CHOICES = [
    ("champions", _("Champions")),
    ("loyal", _("Loyal")),
    ("potential", _("Could become loyal")),
    ("new", _("New")),
    ("promising", _("Promising")),
    ("attention", _("Need attention")),
    ("sleeping", _("About to fall asleep")),
    ("risk", _("At risk")),
    ("cannot_lose", _("Not to be lost")),
    ("hibernating", _("Hibernating")),
    ("lost", _("Lost")),
]

# By recency (5 is the most recent), then by the mean of frequency and money, 1 to 5, halves rounded up.
GRID = {
    5: ("new", "potential", "potential", "champions", "champions"),
    4: ("promising", "potential", "loyal", "champions", "champions"),
    3: ("sleeping", "attention", "attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "risk", "risk", "risk"),
    1: ("lost", "lost", "hibernating", "cannot_lose", "cannot_lose"),
}


def class_of(recency: int, frequency: int, monetary: int) -> str:
    return GRID[recency][(frequency + monetary + 1) // 2 - 1]


def as_sql(prefix: str = "") -> str:
    """The grid as a CASE over columns named recency, frequency and monetary."""
    mean = f"({prefix}frequency + {prefix}monetary + 1) / 2"
    cells = " ".join(
        f"WHEN {prefix}recency = {recency} AND {mean} = {place} THEN '{name}'"
        for recency, row in GRID.items()
        for place, name in enumerate(row, start=1)
    )
    return f"CASE {cells} ELSE '' END"
