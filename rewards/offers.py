"""The tiers and stores of the program in scope, which conditions offer to choose from and name in sentences."""

from __future__ import annotations

from django.db import connection
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django_scopes import get_scope

from loyaltysite.kit.conditions.registry import Choices
from rewards import rulebook
from rewards.rulebook import Rulebook


def _book() -> Rulebook | None:
    program = get_scope().get("program")
    if program is None or isinstance(program, list | tuple):
        return None
    return rulebook.of(
        program.pk, database=str(connection.settings_dict["NAME"]), catalogue=program.catalogue
    )


def tiers() -> Choices:
    """Key and name of every tier, lowest first."""
    book = _book()
    if book is None or book.scheme is None:
        return ()
    language = get_language() or "en"
    return [
        (level.key, level.names.get(language) or next(iter(level.names.values()), level.key))
        for level in book.scheme.levels
    ]


def stores() -> Choices:
    """Code and name of every store."""
    book = _book()
    return [] if book is None else sorted(book.store_names.items(), key=lambda pair: pair[1])


def weekdays() -> Choices:
    """1 is Monday."""
    return [(str(day + 1), name) for day, name in WEEKDAYS.items()]
