"""The units and segments of the program in scope, for conditions to offer and to name in sentences."""

from __future__ import annotations

from functools import lru_cache

from django.db import connection
from django_scopes import get_scope, scope

from campaigns.models import Segment
from loyaltysite.kit import formats
from loyaltysite.kit.conditions.registry import Choices
from members.models import Program
from rewards import queries
from rewards.models import Unit


def program_in_scope() -> Program | None:
    found = get_scope().get("program")
    return found if isinstance(found, Program) else None


def units_in_scope() -> tuple[Unit, ...]:
    """Kept by the process for as long as the program's catalogue is the same."""
    program = program_in_scope()
    if program is None:
        return ()
    return _units(str(connection.settings_dict["NAME"]), program.pk, program.catalogue)


@lru_cache(maxsize=256)
def _units(database: str, program_id: int, catalogue: int) -> tuple[Unit, ...]:
    program = Program(pk=program_id)
    with scope(program=program):
        return tuple(queries.units_of(program))


def units() -> Choices:
    """Key and name of every unit."""
    return [(unit.key, formats.unit_name(0, unit)) for unit in units_in_scope()]


def segments() -> Choices:
    """Key and name of every segment that is not archived."""
    if program_in_scope() is None:
        return ()
    rows = Segment.objects.exclude(state=Segment.State.ARCHIVED).order_by("name", "pk")
    return list(rows.values_list("key", "name"))
