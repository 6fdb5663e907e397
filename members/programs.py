"""The settings of a program. Every change is audited and told to the processes that keep compiled rules."""

from __future__ import annotations

from django.db.models import F

from members.models import Program


def touch(program: Program) -> None:
    """Say that something compiled changed; every process loads it again before its next posting."""
    Program.objects.filter(pk=program.pk).update(catalogue=F("catalogue") + 1)
