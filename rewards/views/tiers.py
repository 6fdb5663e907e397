"""The tiers of a program: what is in force, one form for all of it, and what a re-grade would do before it is saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members import access
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards import queries, tasks
from rewards.forms.tiers import TiersForm, rows_of
from rewards.models import Standing
from rewards.tiers import editing, forecast
from rewards.tiers.schemes import TICK
from rewards.views import tier_words

ALL, PAGE = "rewards:tiers", "rewards/dashboard/tiers_edit.html"
MOST_MANUAL = 100


@require_safe
@program_view(role=Role.ANALYST)
def tiers(request: StaffRequest, program: Program) -> HttpResponse:
    """The tiers in words, and the members whose tier staff gave."""
    now = clock.now()
    draft = editing.read(program)
    found = Standing.objects.filter(
        program=program, origin=Standing.Origin.MANUAL, ended_at=None, valid_until__gt=now
    ).select_related("member", "tier", "author")
    manual = list(found.order_by("valid_until", "pk")[:MOST_MANUAL])
    for standing in manual:
        standing.last_day = standing.valid_until and standing.valid_until - TICK  # type: ignore[attr-defined]
        standing.tier.display_name = queries.name_of(standing.tier)  # type: ignore[attr-defined]
    context = {
        "draft": draft,
        "rows": tier_words.rows(draft, program) if draft else [],
        "words": tier_words.scheme(draft, program) if draft else [],
        "manual": manual,
        "manual_count": found.count(),
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="tiers"),
    }
    return render(request, "rewards/dashboard/tiers.html", context)


@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def tiers_edit(request: StaffRequest, program: Program) -> HttpResponse:
    """Rows come and go, the effect is shown, and only what was shown is saved."""
    before = editing.read(program)
    asked = request.POST.get("do", "")
    data = _with_rows(request.POST, asked) if request.method == "POST" else None
    form = TiersForm(
        program=program,
        units=queries.units_of(program),
        before=before,
        is_fixed=before is not None and editing.has_counted(program),
        data=data,
    )
    seen = request.POST.get("seen") or (before.digest if before else "")
    context: dict[str, Any] = {"form": form, "seen": seen, "reason": request.POST.get("reason", "")}
    status = 200
    if request.method == "POST" and asked in ("preview", "save", "regrade"):
        answer = _try(request, program, form, asked, context)
        if answer is not None:
            return answer
        status = 422 if context.get("refused") else 200
    elif data is not None:
        context["is_fresh"] = True  # a row came or went: nothing is wrong yet
    return _page(request, program, form, before, context, status)


def _try(
    request: StaffRequest, program: Program, form: TiersForm, asked: str, context: dict[str, Any]
) -> HttpResponse | None:
    """Preview, or save what was previewed; None where the page is to be shown again."""
    if not form.is_valid():
        context["refused"] = [_("Some fields need another look.")]
        return None
    draft, now = form.draft, clock.now()
    try:
        if asked != "preview" and request.POST.get("previewed") == draft.digest:
            editing.save(
                program=program, draft=draft, seen=context["seen"], reason=context["reason"], by=request.user, now=now
            )  # fmt: skip
            return _done(request, program, asked, context["reason"])
        editing.check(program=program, draft=draft)
        context["forecast"] = _told(program, draft, now)
        context["previewed"] = draft.digest
        context["changed_since"] = asked != "preview"
    except DomainError as error:
        context["refused"] = [str(error)]
        context["reason_refused"] = error.field == "reason"
        if context["reason_refused"]:
            context["forecast"] = _told(program, draft, now)
            context["previewed"] = draft.digest
    return None


def _done(request: StaffRequest, program: Program, asked: str, reason: str) -> HttpResponse:
    if asked == "regrade":
        # In its own time: with many members it takes minutes, and each chunk is a transaction of its own.
        transaction.on_commit(
            lambda: tasks.regrade_tiers.delay(program.pk, reason.strip()[:300], request.user.pk)
        )
        messages.success(request, _("The tiers were saved. Members are being re-graded now."))
    else:
        messages.success(request, _("The tiers were saved. Members keep theirs until it ends."))
    address = reverse(ALL, args=[program.slug])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _told(program: Program, draft: editing.Draft, now: Any) -> dict[str, Any]:
    """The forecast in words, or why there is none."""
    try:
        found = forecast.measure(program=program, draft=draft, now=now)
    except forecast.ForecastTooSlow as error:
        return {"too_slow": str(error)}
    members = Member.objects.in_bulk([one.member_id for one in found.largest])
    return tier_words.effect(found, draft, program, members)


def _with_rows(typed: QueryDict, asked: str) -> QueryDict:
    """What was typed with one row more or less, where that was asked for."""
    data = typed.copy()
    rows = rows_of(data)
    if asked == "add":
        data[f"tier-{max(rows, default=-1) + 1}-threshold"] = ""
    elif asked.startswith("remove-"):
        gone = f"tier-{asked.removeprefix('remove-')}-"
        for name in [name for name in data if name.startswith(gone)]:
            del data[name]
    return data


def _page(
    request: StaffRequest,
    program: Program,
    form: TiersForm,
    before: editing.Draft | None,
    context: dict[str, Any],
    status: int,
) -> HttpResponse:
    held = editing.in_use(program) if before else set()
    if context.get("is_fresh"):
        _quieten(form)
    context |= {
        "rows": [
            {
                "form": row,
                "is_held": str(row["id"].value()) in map(str, held),
                "remove": (row.prefix or "").replace("tier-", "remove-"),
            }
            for row in form.rows
        ],
        "suffix": tier_words.suffix(form.counted, program),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="tiers", crumbs=[("", _("Change"))]),
    }
    return render(request, f"{PAGE}#tiers" if request.htmx else PAGE, context, status=status)


def _quieten(form: TiersForm) -> None:
    """Show what was typed without judging it: somebody is still at work."""
    for part in (form.scheme, *form.rows):
        part._errors = type(part.errors)() if part.is_bound else None  # type: ignore[attr-defined]  # noqa: SLF001
