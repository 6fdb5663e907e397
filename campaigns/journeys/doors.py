"""What of a journey is in force, read once for a piece of work; and a member let in because somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.journeys import entering
from campaigns.journeys import graph as graphs
from campaigns.journeys.entering import Door
from campaigns.models import Enrolment, Journey, JourneyStep
from loyaltysite.kit.errors import Conflict
from members.models import Member


class JourneyNotLive(Conflict):
    code = "journey_not_live"
    message = _("This journey does not run.")


ONE = """
    SELECT %(member)s::bigint AS member_id, NULL::bigint AS event_id, NULL::bigint AS order_id, %(at)s::timestamptz AS at,
        %(name)s::text AS name, %(context)s::jsonb AS context
"""


def enrol(
    *, journey: Journey, member: Member, key: str, context: Mapping[str, Any], now: datetime
) -> Enrolment | None:
    """Let one member in because another system asks for it; None if the rule of re-entry or the condition keeps the
    member out. The same key again finds the first. Raises JourneyNotLive."""
    with scope(program=journey.program), transaction.atomic():
        door = of(journey)
        if door is None or door.graph.trigger.kind != "api":
            raise JourneyNotLive
        values = {
            "member": member.pk, "at": now, "name": f"key:{key}"[:80],
            "context": json.dumps({**context, "key": key}),
        }  # fmt: skip
        entering.enter(door, source=ONE, values=values, now=now)
        mine = Enrolment.objects.filter(journey=journey, member=member, context__key=key)
        return mine.order_by("-pk").first()


def of(journey: Journey) -> Door | None:
    """None unless members may enter now. Within the program's scope."""
    rows = Journey.objects.select_related("current", "program").filter(state=Journey.State.LIVE)
    fresh = rows.filter(pk=journey.pk).first()
    if fresh is None or fresh.current is None:
        return None
    graph = graphs.read(fresh.current.graph)
    step = JourneyStep.objects.get(version=fresh.current, key=graph.steps[0].key)
    return Door(fresh.program, fresh, fresh.current, step, graph)
