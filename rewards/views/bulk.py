"""Bulk actions: choose what, see what it would do, let it run and watch it, take the list of those left out."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from loyaltysite.kit.sheets import attach, safe
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards import bulk, leaving, queries, tasks
from rewards.coupons import many
from rewards.directory import Directory
from rewards.filters import Catalog, Filters
from rewards.forms.bulk import Terms, form_for
from rewards.models import BulkAction, BulkItem
from rewards.views import bulk_telling
from rewards.views.listing import address

LATEST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def bulk_new(request: StaffRequest, program: Program) -> HttpResponse:
    """What shall happen to the members ticked in the list, or to all that its filters find."""
    catalog, now, kind = Catalog.of(program), clock.now(), request.GET.get("kind", "")
    today = now.astimezone(program.zone).date()
    units = queries.units_of(program)
    form = form_for(
        kind,
        request.POST or None,
        units=units,
        tiers=catalog.tiers,
        coupons=many.offered(program=program) if kind == BulkAction.Kind.COUPON else (),
        today=today,
        initial={"coupon": request.GET.get("coupon", "")},
    )
    if form is None:
        raise Http404
    filters = Filters.parse(request.GET, catalog)
    found = Directory(catalog, filters, now)
    wanted = _wanted(request, program, filters)
    number = len(wanted["members"]) if "members" in wanted else found.count()
    if request.method == "POST" and form.is_valid():
        action = _prepare(request, program, form, wanted)
        if action is not None:
            at_once = isinstance(number, int) or (not number.is_more and number.number <= bulk.AT_ONCE)
            _gather(program, action, at_once=at_once)
            return redirect("rewards:bulk", program.slug, action.pk)
    title = str(BulkAction.Kind(kind).label)
    context = {
        "form": form,
        "title": title,
        "whom": bulk_telling.whom(number),
        "nobody": number == 0,
        "back": address(program, filters.query()),
        **frame.around(request.team, current="members", crumbs=[("", title)]),
    }
    return render(request, "rewards/dashboard/bulk_new.html", context, status=422 if form.errors else 200)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.MANAGER)
def show(request: StaffRequest, program: Program, action_id: int) -> HttpResponse:
    """The preview, then how far it has come, then what came of it."""
    action = _find(program, action_id)
    title = action.get_kind_display()
    context = {
        "action": action,
        "title": title,
        "is_moving": action.state in (BulkAction.State.GATHERING, BulkAction.State.RUNNING),
        "is_mine": action.author_id == request.user.pk,
        "told": bulk_telling.tell(action),
        "may_cancel": action.state in bulk.UNFINISHED,
        **frame.around(request.team, current="members", crumbs=[("", title)]),
    }
    template = "rewards/dashboard/bulk.html"
    return render(request, f"{template}#progress" if request.htmx else template, context)


@require_POST
@program_view(role=Role.MANAGER)
def decide(request: StaffRequest, program: Program, action_id: int) -> HttpResponse:
    """Start what was shown, or go no further."""
    action = _find(program, action_id)
    now = clock.now()
    try:
        if "cancel" in request.POST:
            bulk.cancel(program=program, action_id=action.pk, by=request.user, now=now)
        else:
            bulk.confirm(
                program=program, action_id=action.pk, by=request.user, role=request.team.role, now=now
            )
            tasks.carry_out_bulk.delay(action.pk)
    except DomainError as error:
        frame_of = frame.around(request.team, current="members", crumbs=[("", action.get_kind_display())])
        context = {"action": action, "title": action.get_kind_display(), "error": str(error), **frame_of}
        context["told"] = bulk_telling.tell(action)
        return render(request, "rewards/dashboard/bulk.html", context, status=error.status)
    return redirect("rewards:bulk", program.slug, action.pk)


@require_safe
@program_view(role=Role.MANAGER)
def left(request: StaffRequest, program: Program, action_id: int) -> HttpResponse:
    """Those left out and refused, with the reason, as a file."""
    action = _find(program, action_id)
    states = (BulkItem.State.LEFT_OUT, BulkItem.State.REFUSED)
    items = BulkItem.objects.filter(action=action, state__in=states).order_by("member_id")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("Number"), _("Name"), _("Reason")])
    rows = items.values_list("member__number", "member__name", "why")
    for number, name, why in rows.iterator():
        writer.writerow([number, safe(name), safe(leaving.WORDS.get(why, why))])
    return attach("\ufeff" + text.getvalue(), f"left-out-{action.pk}.csv")


@require_safe
@program_view(role=Role.MANAGER)
def bulk_list(request: StaffRequest, program: Program) -> HttpResponse:
    """The latest bulk actions."""
    title = _("Bulk actions")
    actions = BulkAction.objects.filter(program=program).select_related("author").order_by("-created_at")
    context = {
        "title": title,
        "actions": [bulk_telling.row(action) for action in actions[:50]],
        **frame.around(request.team, current="members", crumbs=[("", title)]),
    }
    return render(request, "rewards/dashboard/bulk_list.html", context)


def _find(program: Program, action_id: int) -> BulkAction:
    actions = BulkAction.objects.select_related("author", "program")
    return get_object_or_404(actions, program=program, pk=action_id)


def _wanted(request: StaffRequest, program: Program, filters: Filters) -> dict[str, Any]:
    if request.GET.get("all"):
        return {"filter": filters.query()}
    numbers = request.GET.getlist("member")[: bulk.MOST_PICKED]
    picked = Member.objects.filter(program=program, number__in=numbers).order_by("pk")
    return {"members": list(picked.values_list("pk", flat=True))}


def _prepare(
    request: StaffRequest, program: Program, form: Terms, wanted: dict[str, Any]
) -> BulkAction | None:
    """The action, or None and the refusal in the form."""
    try:
        return bulk.prepare(
            program=program,
            kind=request.GET["kind"],
            terms=form.terms(),
            wanted=wanted,
            by=request.user,
            role=request.team.role,
            now=clock.now(),
        )
    except bulk.AboveLimit as error:
        unit = next(unit for unit in queries.units_of(program) if unit.key == form.terms()["unit"])
        refuse(form, bulk.AboveLimit(field="amount", most=formats.format_units(error.params["most"], unit)))
    except DomainError as error:
        refuse(form, error)
    return None


def _gather(program: Program, action: BulkAction, *, at_once: bool) -> None:
    if at_once:
        bulk.gather(program=program, action_id=action.pk, now=clock.now())
    else:
        tasks.carry_out_bulk.delay(action.pk)
