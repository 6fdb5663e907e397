"""Back-tests in the dashboard: those there are, a new one, how it goes, what came out, and its figures as files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from analytics import tasks
from analytics.backtests import changes, results, runs
from analytics.backtests.changes import Changes
from analytics.models import Backtest
from analytics.views.backtests import drawings, tables, words
from analytics.views.backtests.forms import DAYS, BacktestForm
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import queries
from rewards.forms.tiers import TiersForm
from rewards.tiers import editing

ALL, ONE, NEW = "analytics:backtests", "analytics:backtest", "analytics:backtest_new"
SHOWN = 50
PARTS = ("stores", "categories", "tiers")


@require_safe
@program_view(role=Role.ANALYST)
def backtests(request: StaffRequest, program: Program) -> HttpResponse:
    """Those there are, the newest first."""
    found = Backtest.objects.filter(program=program).select_related("author").order_by("-created_at", "-pk")
    teller = words.Teller(program)
    context = {
        "rows": [_row(one, teller) for one in found[:SHOWN]],
        "may_begin": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="backtests"),
    }
    return render(request, "analytics/backtests/list.html", context)


def _row(backtest: Backtest, teller: words.Teller) -> dict[str, Any]:
    """A line of the list; what it came to stands there once it is done."""
    told: dict[str, Any] = {"one": backtest, "badge": words.KINDS[backtest.state]}
    if backtest.state == Backtest.State.DONE:
        found = results.of(backtest)
        before, after = (found.minor(value) for value in found.cost)
        told |= {"change": after - before, "watch": tables.watched(backtest)}
    return told


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def new(request: StaffRequest, program: Program) -> HttpResponse:
    """Choose what is changed and the past to try it on; `?rule=` brings the draft of that rule."""
    now = clock.now()
    today = timezone.localdate(now, program.zone)
    sent = request.POST if request.method == "POST" else None
    initial = {"drafts": request.GET.getlist("rule")}
    form = BacktestForm(sent, program=program, today=today, initial=initial)
    if sent is not None and form.is_valid():
        try:
            return _begin(request, program, form.changes, form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
    context = {
        "form": form,
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="backtests", crumbs=[("", _("New"))]),
    }
    return render(request, "analytics/backtests/new.html", context, status=422 if form.errors else 200)


@require_POST
@program_view(role=Role.MANAGER)
def of_tiers(request: StaffRequest, program: Program) -> HttpResponse:
    """Try the tiers as they stand in their form on the last year."""
    before, now = editing.read(program), clock.now()
    form = TiersForm(
        program=program,
        units=queries.units_of(program),
        before=before,
        is_fixed=before is not None and editing.has_counted(program),
        data=request.POST,
    )
    back = redirect("rewards:tiers_edit", program.slug)
    if not form.is_valid():
        messages.error(request, _("Some fields need another look."))
        return back
    today = timezone.localdate(now, program.zone)
    period = {"first": today - timedelta(days=DAYS), "last": today - timedelta(days=1)}
    try:
        return _begin(request, program, Changes(tiers=changes.of_tiers(form.draft)), period)
    except DomainError as error:
        messages.error(request, str(error))
        return back


def _begin(request: StaffRequest, program: Program, wanted: Changes, asked: dict[str, Any]) -> HttpResponse:
    made = runs.begin(
        program=program,
        name=_name(wanted),
        changes=wanted,
        first=asked["first"],
        last=asked["last"],
        basis=asked.get("basis", Backtest.Basis.THEN),
        pauses=asked.get("pauses", False),
        by=request.user,
        now=clock.now(),
    )
    # Losing the wake-up is harmless: resume_backtests finds what waits.
    transaction.on_commit(lambda: tasks.wake_backtest(made.pk), robust=True)
    address = reverse(ONE, args=[program.slug, made.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _name(wanted: Changes) -> str:
    """What it is called: after its rules, else after what it changes."""
    parts = [str(draft["name"]) for draft in wanted.rules.values()]
    parts += [_("Without %(rule)s") % {"rule": key} for key in wanted.retired]
    parts += (
        [_("Tiers")] * bool(wanted.tiers)
        + [_("Expiry")] * bool(wanted.expiry)
        + [_("Prices")] * bool(wanted.prices)
    )
    return ", ".join(parts)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def one(request: StaffRequest, program: Program, backtest_id: int) -> HttpResponse:
    """How it goes, and what came out."""
    backtest = _find(program, backtest_id)
    teller = words.Teller(program)
    context = {
        "backtest": backtest,
        "badge": words.KINDS[backtest.state],
        "changes": teller.changes(backtest),
        "may_change": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="backtests", crumbs=[("", backtest.name)]),
    }
    if backtest.state == Backtest.State.DONE:
        context |= _result(backtest, teller)
    else:
        context["progress"] = runs.progress(backtest)
    template = "analytics/backtests/backtest.html"
    return render(request, f"{template}#backtest" if request.htmx else template, context)


def _result(backtest: Backtest, teller: words.Teller) -> dict[str, Any]:
    found, program = results.of(backtest), teller.program
    names = {"stores": tables.stores(program), "categories": {}, "tiers": tables.tiers(program)}
    titles = {"stores": _("By store"), "categories": _("By category"), "tiers": _("By tier at the order")}
    return {
        "result": found,
        "headline": words.headline(found, teller),
        "breakeven": words.breakeven(found),
        "compared": words.compared(found, teller),
        "lacking": words.lacking(found, teller),
        "stats": words.stats(found, teller),
        "figures": words.figures(found, teller),
        "course": drawings.course(backtest, found, teller),
        "gains": drawings.gains(found, teller),
        "breakdowns": [
            {
                "part": part,
                "title": titles[part],
                "rows": tables.rows(getattr(found.sums, part), names[part], found)[:12],
            }
            for part in PARTS
            if getattr(found.sums, part)
        ],
        "segments": tables.segments(found),
        "rules": tables.rules(found),
        "moves": tables.moves(found, program),
        "affected": tables.affected(found, program),
        "budgets": tables.budgets(found),
        "watched": tables.watched(backtest),
    }


@require_POST
@program_view(role=Role.MANAGER)
def stop(request: StaffRequest, program: Program, backtest_id: int) -> HttpResponse:
    """Let no worker go on with it."""
    return _act(request, program, backtest_id, runs.stop)


@require_POST
@program_view(role=Role.MANAGER)
def go_on(request: StaffRequest, program: Program, backtest_id: int) -> HttpResponse:
    """Go on where it was stopped or failed."""
    transaction.on_commit(lambda: tasks.wake_backtest(backtest_id), robust=True)
    return _act(request, program, backtest_id, runs.go_on)


@require_POST
@program_view(role=Role.MANAGER)
def delete(request: StaffRequest, program: Program, backtest_id: int) -> HttpResponse:
    """Delete one that nobody works on."""
    backtest = _find(program, backtest_id)
    try:
        runs.forget(backtest=backtest, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(ONE, program.slug, backtest_id)
    return redirect(ALL, program.slug)


def _act(request: StaffRequest, program: Program, backtest_id: int, act: Any) -> HttpResponse:
    try:
        act(backtest=_find(program, backtest_id), by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(ONE, program.slug, backtest_id)


def _find(program: Program, backtest_id: int) -> Backtest:
    found = Backtest.objects.filter(program=program, pk=backtest_id).first()
    if found is None:
        raise Http404
    return found
