"""The units of a program: the list in plain words, a new one, a change, and who may adjust how much."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import queries
from rewards import units as catalogue
from rewards.forms.stamps import StampForm
from rewards.forms.units import LimitForm, UnitForm
from rewards.models import TillStamp, Unit
from rewards.till import stamps
from rewards.views import unit_words

ALL, PAGE = "rewards:units", "rewards/dashboard/unit.html"


@require_safe
@program_view(role=Role.ANALYST)
def units(request: StaffRequest, program: Program) -> HttpResponse:
    """Every unit, and what it means."""
    now = clock.now()
    rows = [
        {
            "unit": unit,
            "name": formats.unit_name(10 * 10**unit.precision, unit),
            "ends": unit_words.ends(unit.expiry),
            "words": unit_words.all_of(unit, program, now),
            "is_stamp": catalogue.is_stamp(unit),
        }
        for unit in queries.units_of(program)
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        "may_limit": access.may(request.team.role, Role.OWNER),
        **frame.around(request.team, current="units"),
    }
    return render(request, "rewards/dashboard/units.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def unit_new(request: StaffRequest, program: Program) -> HttpResponse:
    """Add a unit."""
    form = UnitForm(request.POST or None, program=program)
    if request.method == "POST" and form.is_valid():
        try:
            key = form.cleaned_data["key"]
            catalogue.create(program=program, key=key, by=request.user, now=clock.now(), **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The unit was added."))
            return redirect(ALL, program.slug)
    return _page(request, program, form, title=_("Add a unit"), act=_("Add"))


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def unit_edit(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Change a unit."""
    unit = get_object_or_404(Unit, program=program, key=key)
    form = UnitForm(request.POST or None, program=program, unit=unit, is_fixed=catalogue.has_entries(unit))
    if request.method == "POST" and form.is_valid():
        try:
            catalogue.change(program=program, key=key, by=request.user, now=clock.now(), **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The unit was saved."))
            return redirect(ALL, program.slug)
    name = formats.unit_name(10 * 10**unit.precision, unit)
    return _page(request, program, form, title=name, act=_("Save"), unit=unit)


@require_safe
@program_view(role=Role.MANAGER)
def unit_example(request: StaffRequest, program: Program) -> HttpResponse:
    """What the form as typed so far would mean; nothing where it cannot be told yet."""
    key = request.GET.get("of", "")
    unit = Unit.objects.filter(program=program, key=key).first() if key else None
    fixed = unit is not None and catalogue.has_entries(unit)
    form = UnitForm(request.GET, program=program, unit=unit, is_fixed=fixed)
    return render(
        request, "rewards/dashboard/parts/unit_example.html", {"words": _example(form, program, unit)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
def unit_limits(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """How much each role may adjust at once without a second person."""
    unit = get_object_or_404(Unit, program=program, key=key)
    form = LimitForm(request.POST or None, program=program, unit=unit)
    if request.method == "POST" and form.is_valid():
        catalogue.limit(program=program, key=key, limits=form.limits(), by=request.user, now=clock.now())
        messages.success(request, _("The limits were saved."))
        return redirect(ALL, program.slug)
    name = formats.unit_name(10 * 10**unit.precision, unit)
    context = {
        "form": form,
        "title": _("%(unit)s: adjusting alone") % {"unit": name},
        "lead": _("Beyond these limits a second person has to approve an adjustment."),
        "act": _("Save"),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="units", crumbs=[("", name)]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def unit_stamp(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """What one tap at the till stands for; only units of stamps have it."""
    unit = get_object_or_404(Unit, program=program, key=key)
    if not catalogue.is_stamp(unit):
        raise Http404
    now = clock.now()
    row = TillStamp.objects.filter(unit=unit).first()
    form = StampForm(
        request.POST or None,
        program=program,
        shown=stamps.proposed(program=program, unit=unit, now=now),
        is_shown=row is None or row.is_shown,
    )
    if request.method == "POST" and form.is_valid():
        try:
            stamps.change(program=program, unit=key, by=request.user, now=now, **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The stamp at the till was saved."))
            return redirect(ALL, program.slug)
    name = formats.unit_name(10 * 10**unit.precision, unit)
    context = {
        "form": form,
        "title": _("%(unit)s at the till") % {"unit": name},
        "lead": _(
            "The till shows a button for one, two and three. A tap records a sale, and the rules give for it."
        ),
        "act": _("Save"),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="units", crumbs=[("", name)]),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


def _example(form: UnitForm, program: Program, unit: Unit | None) -> list[str]:
    """The unit that the form describes, told in words; that which is saved while the form cannot be read."""
    if form.is_bound and (form.is_valid() or form.errors.keys() <= {"key"}):
        values = form.values()
        worth = values.pop("worth")
        draft = Unit(
            key="unit", worth_numerator=worth.numerator, worth_denominator=worth.denominator, **values
        )
        return unit_words.all_of(draft, program, clock.now())
    return unit_words.all_of(unit, program, clock.now()) if unit and not form.is_bound else []


def _page(
    request: StaffRequest, program: Program, form: UnitForm, *, title: str, act: str, unit: Unit | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "act": act,
        "unit": unit,
        "words": _example(form, program, unit),
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="units", crumbs=[("", title)]),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)
