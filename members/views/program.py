"""The settings of a program: one form, the colour judged while it is typed, and the logo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import logos, programs
from members.access import StaffRequest, program_view
from members.forms.program import LogoForm, ProgramForm, parse_color
from members.models import Program, Role
from members.portal import brands
from members.views import frame

PAGE = "members/dashboard/program.html"


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
def program(request: StaffRequest, program: Program) -> HttpResponse:
    """Name, money, languages, prices, colour, sign-in."""
    form = _form(request, program)
    if request.method == "POST" and "take" in request.POST:
        form = _with_color(request, program, request.POST["take"])
    elif request.method == "POST" and form.is_valid():
        try:
            programs.change(program=program, by=request.user, now=clock.now(), **form.values())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The settings were saved."))
            return redirect("members:program", program.slug)
    return _page(request, program, form, LogoForm())


@require_safe
@program_view(role=Role.OWNER)
def brand(request: StaffRequest, program: Program) -> HttpResponse:
    """How a colour would look and whether it can be read, while somebody types it."""
    color = parse_color(request.GET.get("brand", ""))
    return render(request, "members/dashboard/parts/brand.html", {"brand": judge(color)})


@require_POST
@program_view(role=Role.OWNER)
def logo(request: StaffRequest, program: Program) -> HttpResponse:
    """Put up another logo, or take it away."""
    if "remove" in request.POST:
        logos.remove(program=program, by=request.user, now=clock.now())
        messages.success(request, _("The logo was removed."))
        return redirect("members:program", program.slug)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            logos.upload(program=program, file=form.cleaned_data["logo"], by=request.user, now=clock.now())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The logo was saved."))
            return redirect("members:program", program.slug)
    return _page(request, program, _form(None, program), form)


def judge(color: str | None) -> dict[str, Any] | None:
    """A colour with every pair that the portal makes of it; None while it is no colour yet."""
    if color is None:
        return None
    ink, second, night = brands.ink_on(color), brands.nearest(brands.GLOW, on=color), brands.on_night(color)
    pairs = [
        (_("Letters on the colour"), ink, color),
        (_("Second colour on the colour"), second, color),
        (_("The colour on light paper"), color, brands.PAPER),
        (_("Lightened on the dark ground"), night, brands.NIGHT),
    ]
    return {
        "color": color,
        "ink": ink,
        "second": second,
        "pairs": [
            {
                "text": text,
                "ink": over,
                "ground": under,
                "contrast": brands.contrast(over, under),
                "is_enough": brands.contrast(over, under) >= brands.ENOUGH,
            }
            for text, over, under in pairs
        ],
        "is_readable": brands.is_readable(color),
        "nearest": brands.nearest(color, on=brands.PAPER),
        "enough": brands.ENOUGH,
    }


def _form(request: StaffRequest | None, program: Program) -> ProgramForm:
    data = request.POST if request is not None and request.method == "POST" else None
    return ProgramForm(data, program=program, currency_is_fixed=programs.has_orders(program))


def _with_color(request: StaffRequest, program: Program, color: str) -> ProgramForm:
    """What was typed, with the shade that was offered."""
    data = request.POST.copy()
    data["brand"] = color
    return ProgramForm(data, program=program, currency_is_fixed=programs.has_orders(program))


def _page(request: StaffRequest, program: Program, form: ProgramForm, logo_form: LogoForm) -> HttpResponse:
    context = {
        "form": form,
        "logo_form": logo_form,
        "brand": judge(parse_color(str(form["brand"].value()))),
        **frame.around(request.team, current="program"),
    }
    refused = form.errors or logo_form.errors
    return render(request, PAGE, context, status=422 if refused else 200)
