"""Saved views: the list, a new one, and the mail that brings one every week."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.models import SavedView, Subscription
from analytics.saved import subscriptions, views
from analytics.views.saved import rows
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotAllowed, NotFound
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

WEEKLY = Subscription.What.WEEKLY


class ViewForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    is_shared = forms.BooleanField(label=gettext_lazy("For the whole team"), required=False)


class WeekdayForm(forms.Form):
    """Monday is 1."""

    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Weekday"), coerce=int, choices=[(day + 1, name) for day, name in WEEKDAYS.items()]
    )


@require_safe
@program_view(role=Role.ANALYST)
def view_list(request: StaffRequest, program: Program) -> HttpResponse:
    mine = {
        row.view_id: row
        for row in Subscription.objects.filter(program=program, user=request.user, what=WEEKLY)
    }
    today = timezone.localdate(clock.now())
    found = views.visible_to(program=program, user=request.user).select_related("owner")
    context = {
        "views": [_line(view, mine.get(view.pk), request, today.isoweekday()) for view in found],
        "has_others": len(access.open_to(request.user)) > 1,
        **frame.around(request.team, current="views"),
    }
    return render(request, "analytics/saved/list.html", context)


def _line(view: SavedView, sub: Subscription | None, request: StaffRequest, weekday: int) -> dict[str, Any]:
    address = reverse(f"analytics:{view.page}", args=[request.team.program.slug])
    mine = view.owner_id == request.user.pk
    return {
        "view": view,
        "page": views.PAGES[view.page],
        "url": f"{address}?{view.query}" if view.query else address,
        "is_mine": mine,
        "may_delete": mine or access.may(request.team.role, Role.MANAGER),
        "can_be_sent": rows.has_rows(view.page),
        "weekday": WEEKDAYS[sub.weekday - 1] if sub else "",
        "form": WeekdayForm(initial={"weekday": weekday}, auto_id=f"view{view.pk}_%s"),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def view_new(request: StaffRequest, program: Program) -> HttpResponse:
    """The address names the page and says what it shows; the form adds a name."""
    page, query = request.GET.get("page", "kpis"), views.cleaned(request.GET.urlencode())
    if page not in views.PAGES:
        raise Http404
    form = ViewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            views.save(
                program=program, page=page, query=query, by=request.user, now=clock.now(), **form.cleaned_data
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The view is saved."))
            return redirect("analytics:views", program.slug)
    address = reverse(f"analytics:{page}", args=[program.slug])
    context = {
        "form": form,
        "title": _("Save this view"),
        "act": _("Save"),
        "lead": views.PAGES[page],
        "back": f"{address}?{query}" if query else address,
        **frame.around(request.team, current="views", crumbs=[("", _("Save this view"))]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_POST
@program_view(role=Role.ANALYST)
def view_delete(request: StaffRequest, program: Program, view_id: int) -> HttpResponse:
    try:
        may_manage = access.may(request.team.role, Role.MANAGER)
        views.delete(
            program=program, view_id=view_id, by=request.user, may_manage=may_manage, now=clock.now()
        )
    except NotFound:
        raise Http404 from None
    except NotAllowed as error:
        raise PermissionDenied from error
    messages.success(request, _("The view is gone."))
    return redirect("analytics:views", program.slug)


@require_POST
@program_view(role=Role.ANALYST)
def view_weekly(request: StaffRequest, program: Program, view_id: int) -> HttpResponse:
    """Begin the weekly mail of a view, on another day if there is one; without a day it ends."""
    found = get_object_or_404(views.visible_to(program=program, user=request.user), pk=view_id)
    user, now, form = request.user, clock.now(), WeekdayForm(request.POST)
    if not rows.has_rows(found.page):
        raise Http404
    if form.is_valid():
        subscriptions.begin(
            program=program,
            user=user,
            what=WEEKLY,
            view=found,
            weekday=form.cleaned_data["weekday"],
            site=request.build_absolute_uri("/"),
            now=now,
        )
        messages.success(request, _("You get this view every week."))
    else:
        subscriptions.end(program=program, user=user, what=WEEKLY, view=found, now=now)
        messages.success(request, _("You will not get these e-mails any more."))
    return redirect("analytics:views", program.slug)
