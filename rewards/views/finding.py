"""The member that an address names."""

from __future__ import annotations

from django.http import Http404

from members.models import Member, Program


def find(program: Program, number: str) -> Member:
    """The member of that number; 404 for any other."""
    members = Member.objects.select_related("program", "merged_into", "address")
    found = members.filter(program=program, number=number).first()
    if found is None:
        raise Http404
    return found
