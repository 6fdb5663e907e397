"""Plans for staff: every plan with how it does, and one plan with who holds it and whose time ends soon."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock, conditions
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import candidates, queries
from rewards.models import Plan, Term
from rewards.plans import editing, reading
from rewards.plans.reading import Figures
from rewards.views.benefit_words import Teller
from rewards.views.plans import words
from rewards.views.portal.words import dated, last_day, number, say

State = Plan.State
BADGES = {State.DRAFT: "draft", State.LIVE: "good", State.ENDED: ""}
TERM_BADGES = {"active": "good", "leaving": "warn", "ended": "", "refunded": "bad"}
SHOWN = 50


@require_safe
@program_view(role=Role.ANALYST)
def plans(request: StaffRequest, program: Program) -> HttpResponse:
    """All plans: the live ones first, then drafts, then what is over."""
    now = clock.now()
    known = {unit.key: unit for unit in queries.units_of(program)}
    teller, figures = Teller(program, known), reading.figures(program=program, now=now)
    order = {State.LIVE: 0, State.DRAFT: 1, State.ENDED: 2}
    found = sorted(
        Plan.objects.filter(program=program).order_by("-created_at", "-pk"),
        key=lambda plan: order[State(plan.state)],
    )
    rows = [
        {
            "plan": plan,
            "card": words.draw(plan, program=program, known=known, teller=teller),
            "state": plan.get_state_display(),
            "badge": BADGES[State(plan.state)],
            "figures": figures.get(plan.pk, Figures()),
        }
        for plan in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="plans"),
    }
    return render(request, "rewards/dashboard/plans/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def plan(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One plan: what it asks and gives, its figures, whose time ends soon, and its members."""
    one, now = find(program, key), clock.now()
    known = {unit.key: unit for unit in queries.units_of(program)}
    card = words.draw(one, program=program, known=known)
    figures = reading.figures(program=program, now=now).get(one.pk, Figures())
    context: dict[str, Any] = {
        "plan": one,
        "card": card,
        "badge": BADGES[State(one.state)],
        "pairs": _pairs(one, program),
        "figures": figures,
        "net_minor": figures.income_minor - figures.refunded_minor,
        "due": [_row(term) for term in reading.due(program=program, plan=one, now=now)[:SHOWN]],
        "due_days": number(reading.DUE_DAYS),
        "holders": [_row(term) for term in reading.holders(program=program, plan=one)[:SHOWN]],
        "may_edit": access.may(request.team.role, Role.MANAGER) and one.state != State.ENDED,
        "is_draft": one.state == State.DRAFT,
        **frame.around(request.team, current="plans", crumbs=[("", card.name)]),
    }
    return render(request, "rewards/dashboard/plans/plan.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def plan_move(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Put it up, or end it."""
    one = find(program, key)
    is_ending = request.POST.get("to") == State.ENDED
    move = editing.end if is_ending else editing.publish
    try:
        move(program=program, key=one.key, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The plan has ended.") if is_ending else _("Members can see it now."))
    return redirect("rewards:plan", program.slug, key)


def find(program: Program, key: str) -> Plan:
    found = Plan.objects.filter(program=program, key=key).select_related("program").first()
    if found is None:
        raise Http404
    return found


def _row(term: Term) -> dict[str, Any]:
    return {
        "term": term,
        "state": term.get_state_display(),
        "badge": TERM_BADGES[term.state],
        "starts_on": dated(timezone.localtime(term.starts_at).date()),
        "ends_on": dated(last_day(term.ends_at)) if term.ends_at else "",
        "saved_minor": getattr(term, "saved_minor", None),
    }


def _pairs(plan: Plan, program: Program) -> list[tuple[str, Any]]:
    """Everything that is set, with its name."""

    def days(count: int) -> Any:
        return say(ngettext("%(count)s day", "%(count)s days", count), count=number(count))

    found: list[tuple[str, Any]] = [(_("Price"), words.price_of(plan, program))]
    found.append((_("Days to get the price back"), days(plan.refund_days)))
    if plan.months is not None:
        found.append((_("Days before the end to renew"), days(plan.renewal_days)))
        found.append((_("Days of notice before the end"), days(plan.notice_days)))
    if plan.eligibility:
        tree = candidates.parse(plan.eligibility)
        found.append((_("For whom"), conditions.describe(tree, currency=program.currency)))
    return found
