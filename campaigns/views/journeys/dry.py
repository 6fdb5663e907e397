"""A dry run of the draft: what it would send, give and cost in a month, played with all members and nothing of it kept."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from campaigns import drafting
from campaigns.journeys import dryrun
from campaigns.journeys.dryrun import Forecast
from campaigns.journeys.graph import GraphInvalid
from campaigns.views.journeys import lives, triggers, words
from campaigns.views.journeys.finding import find
from campaigns.views.journeys.names import Names
from loyaltysite.kit import clock, formats
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

TEMPLATE = "campaigns/dashboard/journeys/dry.html"
DAYS = 30
# A page waits no longer than this for all members to be played.
PATIENCE = "25s"


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def dry_run(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Played when it is asked for, since it goes through everybody."""
    journey, names = find(program, key), Names(program)
    draft = drafting.beginning(journey)
    context: dict[str, Any] = {
        "journey": journey,
        "trigger": triggers.trigger(draft, names),
        "days": DAYS,
        **_around(request, program, journey.key, journey.name),
    }
    status = 200
    if request.method == "POST":
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                played = dryrun.play(
                    program=program, draft=draft, by=request.user, now=clock.now(), days=DAYS
                )
        except GraphInvalid as error:
            context["faults"], status = error.faults, 422
        except OperationalError:
            context["refusal"] = _(
                "There are too many members to play it on a page. Narrow it to a segment first."
            )
        else:
            context["told"] = tell(played, names)
    return render(request, TEMPLATE, context, status=status)


def tell(played: Forecast, names: Names) -> dict[str, Any]:
    """The forecast as the page shows it."""
    days = sorted({day for day, _channel in played.sent} | {day for day, *_rest in played.unsent})
    channels = sorted({channel for _day, channel in played.sent} | {one for _day, one, _why in played.unsent})
    reasons: Counter[str] = Counter()
    for (_day, _channel, reason), number in played.unsent.items():
        reasons[lives.why(reason)] += number
    return {
        "entered": played.entered,
        "sent": sum(played.sent.values()),
        "unsent": sum(played.unsent.values()),
        "capped": sum(number for (*_rest, why), number in played.unsent.items() if why == "capped"),
        "cost": formats.format_money(played.cost_minor, names.program.currency),
        "points": [names.amount(unit, amount) for unit, amount in played.points.items()],
        "rewards": dict(played.rewards),
        "channels": [words.CHANNELS.get(channel, channel) for channel in channels],
        "rows": [(day, [played.sent.get((day, channel), 0) for channel in channels]) for day in days],
        "reasons": reasons.most_common(),
        "is_cut": played.is_cut,
    }


def _around(request: StaffRequest, program: Program, key: str, name: str) -> dict[str, Any]:
    crumbs = [(reverse("campaigns:journey", args=[program.slug, key]), name), (request.path, _("Dry run"))]
    return frame.around(request.team, current="journeys", crumbs=crumbs)
