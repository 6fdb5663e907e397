"""The stores of a program: the list, a new one, a change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members import stores as places
from members.access import StaffRequest, program_view
from members.forms.stores import StoreChangeForm, StoreForm
from members.models import Program, Role, Store
from members.views import frame

ALL = "members:stores"


@require_safe
@program_view(role=Role.ANALYST)
def stores(request: StaffRequest, program: Program) -> HttpResponse:
    """All stores, the open ones first."""
    context = {
        "stores": Store.objects.filter(program=program).order_by("-is_active", "name", "pk"),
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="stores"),
    }
    return render(request, "members/dashboard/stores.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def store_new(request: StaffRequest, program: Program) -> HttpResponse:
    """Add a store."""
    form = StoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            store = places.add(program=program, by=request.user, now=clock.now(), **form.told())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": store.name})
            return redirect(ALL, program.slug)
    return _page(request, program, form, title=_("Add a store"), act=_("Add"))


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def store_edit(request: StaffRequest, program: Program, store_id: int) -> HttpResponse:
    """Rename, close or open a store."""
    store = get_object_or_404(Store, program=program, pk=store_id)
    form = StoreChangeForm(request.POST or None, initial=_initial(store))
    if request.method == "POST" and form.is_valid():
        places.change(program=program, code=store.code, by=request.user, now=clock.now(), **form.told())
        messages.success(request, _("%(name)s was saved.") % {"name": form.cleaned_data["name"]})
        return redirect(ALL, program.slug)
    return _page(request, program, form, title=store.name, act=_("Save"), fixed=[(_("Code"), store.code)])


def _initial(store: Store) -> dict[str, Any]:
    spot = "" if store.latitude is None else f"{store.latitude}, {store.longitude}"
    return {"name": store.name, "is_active": store.is_active, "spot": spot, "radius_m": store.radius_m}


def _page(
    request: StaffRequest,
    program: Program,
    form: StoreForm | StoreChangeForm,
    *,
    title: str,
    act: str,
    fixed: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "act": act,
        "fixed": fixed,
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="stores", crumbs=[("", title)]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)
