"""Customer value on one page: what it is, whether it is true, who is worth most, and what to do next."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from analytics import tasks
from analytics.models import ModelFit, ScoreRun, SelfTest
from analytics.scores import runs, selftest
from analytics.views.value import drawings, words
from loyaltysite.kit import clock, formats
from members import access
from members.access import StaffRequest, program_view
from members.models import Band, MemberScore, NextAction, Program, Role
from members.views import frame

TOP = 20
State = ScoreRun.State
NAMES = {"bgnbd": "BG/NBD", "paretonbd": "Pareto/NBD", "gammagamma": "Gamma-Gamma"}


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def overview(request: StaffRequest, program: Program) -> HttpResponse:
    """The newest scoring that is done, and how far one has come that is not."""
    run = runs.newest(program, State.DONE)
    latest = runs.newest(program)
    context = {
        "run": run,
        "latest": latest,
        "is_open": latest is not None and latest.state in runs.OPEN,
        "has_failed": latest is not None and latest.state == State.FAILED,
        "may_act": access.may(request.team.role, Role.MANAGER),
        "test": _self_test(selftest.newest()),
        **(_told(run, program) if run else {}),
        **frame.around(request.team, current="value"),
    }
    template = "analytics/value/overview.html"
    return render(request, f"{template}#figures" if request.htmx else template, context)


@require_POST
@program_view(role=Role.MANAGER)
def score(request: StaffRequest, program: Program) -> HttpResponse:
    """Ask for a scoring; a worker carries it out."""
    runs.ask(program=program, now=clock.now(), by=request.user)
    tasks.score_members.delay()
    return redirect("analytics:value", program.slug)


@require_POST
@program_view(role=Role.MANAGER)
def self_test(request: StaffRequest, program: Program) -> HttpResponse:
    """Compute the published figures anew, here and now: it takes about a second."""
    done = selftest.carry_out(now=clock.now())
    if done.is_good:
        messages.success(request, _("All published figures came out."))
    else:
        messages.error(request, _("A published figure did not come out. Do not rely on the values."))
    return redirect("analytics:value", program.slug)


def _told(run: ScoreRun, program: Program) -> dict[str, Any]:
    result = run.result
    if not result:
        return {"is_empty": True}
    best = (
        MemberScore.objects.filter(program=program)
        .select_related("member")
        .order_by("-value_minor", "member_id")
    )
    checked = result["calibration"]
    return {
        "result": result,
        "why": words.why_plain(run.why),
        "discount": run.discount_rate / 10_000,
        "tenths": drawings.tenths(result, program),
        "bands": [_band(band, result, run.customers, program) for band in Band],
        "top": [words.tell(one, program=program) for one in best[:TOP]],
        "fits": [
            {
                "fit": fit,
                "name": NAMES[fit.model],
                "how": words.reason_of(fit),
                "is_check": fit.use == ModelFit.Use.CALIBRATION,
            }
            for fit in ModelFit.objects.filter(run=run).order_by("pk")
        ],
        "checked": checked,
        "check_why": words.why_plain(checked.get("why", "")),
        "calibration": drawings.calibration(checked, run.horizon_days) if "parts" in checked else None,
        "skill": 1 - checked["brier"] / checked["of_all"] if checked.get("of_all") else None,
        "actions": [
            {"key": key, "name": NextAction(key).label, "count": count, "offers": offers, "held_out": left}
            for key, (count, offers, left) in result["actions"].items()
            if key != NextAction.NONE
        ],
        "effect": _effect(result.get("effect") or {}, program),
    }


def _band(band: Band, result: dict[str, Any], customers: int, program: Program) -> dict[str, Any]:
    count, value = result["bands"][band]
    share = count / customers if customers else 0
    return {
        "name": str(band.label),
        "share": share,
        "text": formats.format_number(count),
        "of": f"{formats.format_percent(share)} · {formats.format_money(value, program.currency)}",
    }


def _effect(found: dict[str, Any], program: Program) -> dict[str, Any]:
    if not found:
        return {}
    _treated, _held, value, low, high = found["revenue"]
    amounts = [formats.format_money(round(part), program.currency, sign=True) for part in (value, low, high)]
    return {
        **found,
        "value": amounts[0],
        "low": amounts[1],
        "high": amounts[2],
        "is_clear": low > 0 or high < 0,
    }


def _self_test(test: SelfTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    titles = {
        "expected_from": _("Purchases of a customer in the weeks ahead"),
        "expected": _("Purchases of somebody new within the weeks"),
        "chance_of": _("Chance that somebody new does not come back within the weeks"),
        "amount": _("What a purchase to come brings, by the number of purchases"),
        "mean_amount": _("What a purchase of anybody brings"),
        "found_again": _("Fitted to drawn customers, against what they were drawn from"),
    }
    rows = [check | {"title": titles.get(check["key"], check["key"])} for check in test.checks]
    return {
        "at": test.at,
        "is_good": test.is_good,
        "seconds": test.seconds,
        "versions": test.versions,
        "rows": rows,
    }
