"""Code pools for staff: how many are free and used, and bringing, drawing and taking away codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from loyaltysite.kit.sheets import attach
from loyaltysite.kit.templatetags.formats import number
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import tasks
from rewards.models import CodeBatch, CodePool
from rewards.pools import batches
from rewards.pools import pools as domain
from rewards.views.pools.forms import DrawForm, FileForm
from rewards.views.portal.words import dated, last_day, say

SHOWN = 20
BADGES = {"waiting": "", "running": "info", "done": "good", "failed": "bad"}


@require_safe
@program_view(role=Role.ANALYST)
def pools(request: StaffRequest, program: Program) -> HttpResponse:
    """All pools, the newest first, with what is left of them."""
    found = list(CodePool.objects.filter(program=program).order_by("-created_at", "-pk"))
    counts = domain.counts_of(found)
    rows = [
        {
            "pool": pool,
            "counts": counts[pool.pk],
            "is_low": domain.is_low(pool, counts[pool.pk]),
            # A code that works several times is never given away.
            "is_counted": pool.use == CodePool.Use.SINGLE,
        }
        for pool in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="pools"),
    }
    return render(request, "rewards/dashboard/pools/list.html", context)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def pool(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One pool; while codes come in, its middle is asked for every second."""
    return _page(request, program, find(program, key))


@require_POST
@program_view(role=Role.MANAGER)
def pool_import(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Take in a file of codes: at once where it is small, else by a worker."""
    one, form = find(program, key), FileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = batches.upload(
                pool=one, name=file.name, chunks=file.chunks(), by=request.user, now=clock.now()
            )
        except DomainError as error:
            error.field = "file"
            refuse(form, error)
        else:
            return _started(request, program, one, batch)
    return _page(request, program, one, file_form=form, status=422)


@require_POST
@program_view(role=Role.MANAGER)
def pool_draw(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Draw so many new codes."""
    one, form = find(program, key), DrawForm(request.POST)
    if form.is_valid():
        try:
            batch = batches.ask(pool=one, count=form.cleaned_data["count"], by=request.user, now=clock.now())
        except DomainError as error:
            error.field = "count"
            refuse(form, error)
        else:
            return _started(request, program, one, batch)
    return _page(request, program, one, draw_form=form, status=422)


@require_safe
@program_view(role=Role.MANAGER)
def pool_left(request: StaffRequest, program: Program, key: str, batch_id: int) -> HttpResponse:
    """The rows that were left out, with the reason for each."""
    batch = _batch(find(program, key), batch_id)
    path = batches.left_out_of(batch)
    if not batch.rejected or not path.is_file():
        raise Http404
    return attach([path.read_text(encoding="utf-8")], f"{key}-{batch.pk}-left-out.csv")


@require_POST
@program_view(role=Role.MANAGER)
@access.confirmed
def pool_download(request: StaffRequest, program: Program, key: str, batch_id: int) -> HttpResponse:
    """The codes of a drawn batch, once."""
    batch = _batch(find(program, key), batch_id)
    try:
        lines = domain.take_away(batch=batch, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("rewards:pool", program.slug, key)
    return attach(lines, f"{key}-{batch.pk}.csv")


def find(program: Program, key: str) -> CodePool:
    found = CodePool.objects.filter(program=program, key=key).first()
    if found is None:
        raise Http404
    return found


def _batch(pool: CodePool, batch_id: int) -> CodeBatch:
    found = CodeBatch.objects.filter(pool=pool, pk=batch_id).first() if batch_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _started(request: StaffRequest, program: Program, one: CodePool, batch: CodeBatch) -> HttpResponse:
    if batches.is_small(batch):
        batches.run(program=program, batch_id=batch.pk, clock=clock.now)
        batch.refresh_from_db()
        said = ngettext("%(count)s code was taken in.", "%(count)s codes were taken in.", batch.taken)
        messages.success(request, say(said, count=number(batch.taken)))
    else:
        # Losing the wake-up is harmless: resume_code_batches finds what waits.
        transaction.on_commit(lambda: tasks.run_code_batch.delay(batch.pk), robust=True)
    return redirect("rewards:pool", program.slug, one.key)


def _page(
    request: StaffRequest,
    program: Program,
    one: CodePool,
    *,
    file_form: forms.Form | None = None,
    draw_form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    counts = domain.counts_of([one])[one.pk]
    rows = list(CodeBatch.objects.filter(pool=one).order_by("-created_at", "-pk")[:SHOWN])
    may_edit = access.may(request.team.role, Role.MANAGER)
    context = {
        "pool": one,
        "counts": counts,
        "is_low": domain.is_low(one, counts),
        "pairs": _pairs(one),
        "batches": [_row(batch) for batch in rows],
        "is_working": any(batch.is_unfinished for batch in rows),
        "coupons": list(one.coupons.all()),
        "may_edit": may_edit,
        "may_fill": may_edit and one.is_open,
        "is_ours": one.source == CodePool.Source.OURS,
        "file_form": file_form or FileForm(),
        "draw_form": draw_form or DrawForm(),
        **frame.around(request.team, current="pools", crumbs=[("", one.name)]),
    }
    template = "rewards/dashboard/pools/pool.html"
    if request.htmx and request.htmx.target == "batches":
        return render(request, f"{template}#batches", context)
    return render(request, template, context, status=status)


def _pairs(one: CodePool) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        (_("What the codes are"), one.get_purpose_display()),
        (_("Where they come from"), one.get_source_display()),
        (_("Each code works"), one.get_use_display()),
    ]
    if one.most_uses is not None and one.use != CodePool.Use.SINGLE:
        found.append((_("At most so often"), number(one.most_uses)))
    if one.starts_at:
        found.append((_("From the day"), dated(timezone.localtime(one.starts_at).date(), "long")))
    if one.ends_at:
        found.append((_("To the end of the day"), dated(last_day(one.ends_at), "long")))
    if one.warn_below is not None:
        found.append((_("Warn when fewer are free than"), number(one.warn_below)))
    return found


def _row(batch: CodeBatch) -> dict[str, Any]:
    """A batch with how far it is; the file of what was left out is kept for a week."""
    whole = batch.size if batch.kind == CodeBatch.Kind.FILE else batch.wanted
    return {
        "batch": batch,
        "badge": BADGES[batch.state],
        "share": min(1.0, batch.position / whole) if whole else 1.0,
        "reasons": [(batches.REASONS[name], count) for name, count in sorted(batch.told.items())],
        "has_list": bool(batch.rejected) and batches.left_out_of(batch).is_file(),
        "can_download": batch.kind == CodeBatch.Kind.DRAWN
        and batch.state == CodeBatch.State.DONE
        and batch.downloaded_at is None,
    }
