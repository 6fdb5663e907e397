"""Finds the journey that an address names."""

from __future__ import annotations

from django.http import Http404

from campaigns.models import Journey, JourneyStep, JourneyVersion
from members.models import Program


def find(program: Program, key: str) -> Journey:
    found = Journey.objects.filter(program=program, key=key).select_related("current", "owner").first()
    if found is None:
        raise Http404
    return found


def version_of(journey: Journey, number: str) -> JourneyVersion | None:
    """The version asked for by its number, else the one in force."""
    if number.isascii() and number.isdigit() and len(number) < 6:
        return journey.versions.filter(number=int(number)).first() or journey.current
    return journey.current


def taken_keys(journey: Journey) -> set[str]:
    """The keys of steps that any version had: what a key said once it says for ever."""
    return set(JourneyStep.objects.filter(version__journey=journey).values_list("key", flat=True))
