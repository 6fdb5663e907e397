"""What is foretold of one member and why: a pane on the member's page, or a page of its own."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from analytics.scores import policies
from analytics.views.value import words
from members import scores
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def person(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """The member's scores with the figures behind them."""
    member = get_object_or_404(Member, program=program, number=number)
    score = scores.of(member)
    here = reverse("rewards:member", args=[program.slug, number])
    context = {
        "person": member,
        "told": words.tell(score, program=program) if score else None,
        "horizon": policies.of(program).horizon_days,
        **frame.around(
            request.team, current="members", crumbs=[(here, str(member)), ("", _("Customer value"))]
        ),
    }
    template = "analytics/value/person.html"
    return render(request, f"{template}#pane" if request.htmx else template, context)
