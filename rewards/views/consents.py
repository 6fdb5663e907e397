"""The pane of what a member allows to be sent: staff read it, and change it when the member asks them to."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock
from members import access, consent, people
from members.access import StaffRequest, program_view
from members.models import Channel, ConsentChange, Member, Program, Role, Topic
from rewards.views import panes
from rewards.views.finding import find

CHANGES = 10
SOURCE = "staff"


@vary_on_headers("HX-Request")
@require_POST
@program_view(role=Role.MANAGER)
def change(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """What was ticked or unticked; what the member changed meanwhile and staff left alone stays."""
    person, now = find(program, number), clock.now()
    shown, ticked = set(request.POST.getlist("shown")), set(request.POST.getlist("allow"))
    keys = {pair: f"{pair[1]}-{pair[0]}" for pair in consent.ALL}
    wanted: dict[tuple[str, str], bool] = {
        pair: key in ticked for pair, key in keys.items() if (key in ticked) != (key in shown)
    }
    with transaction.atomic():
        person = people.lock(person)
        # As by the member's own hand: where nobody has proven the contact, it waits until somebody does.
        if consent.ask(member=person, wanted=wanted, source=SOURCE, now=now):
            people.audit_of(person, "member.change", request.user, now, after={"fields": ["consents"]})
    return panes.done(request, program, person, "consents", tell(request, program, person))


def tell(request: StaffRequest, program: Program, person: Member) -> dict[str, Any]:
    """What is allowed by topic, and the latest changes. Two statements."""
    states = consent.states_of(member=person)
    changes = ConsentChange.objects.filter(member_id=person.pk).order_by("-at", "-pk")[:CHANGES]
    return {
        "consents": [
            {
                "topic": topic.label,
                "channels": [str(one.channel.label) for one in states if one.topic == topic and one.is_given],
                "wished": [str(one.channel.label) for one in states if one.topic == topic and one.is_wished],
                "states": [one for one in states if one.topic == topic],
            }
            for topic in Topic
        ],
        "consent_changes": [
            {
                "topic": Topic(row.topic).label,
                "channel": Channel(row.channel).label,
                "is_given": row.is_given,
                "through": row.source,
                "at": row.at,
            }
            for row in changes
        ],
        "consents_url": reverse("rewards:consents", args=[program.slug, person.number]),
        "may_write": access.may(request.team.role, Role.MANAGER),
    }
