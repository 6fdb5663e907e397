"""Good causes for staff: what each was given over time, what of it was paid to the charity, and what is open."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import charts, clock, formats
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import catalogue, queries
from rewards.causes import editing, paying, reading
from rewards.models import Cause, Donation
from rewards.views.catalogue.pages import PictureForm
from rewards.views.causes.forms import PaymentForm
from rewards.views.portal.charities import tell
from rewards.views.portal.words import units

State = Cause.State
BADGES = {State.DRAFT: "draft", State.LIVE: "good", State.ENDED: ""}
SHOWN_GIFTS, MONTHS = 25, 12


@require_safe
@program_view(role=Role.ANALYST)
def causes(request: StaffRequest, program: Program) -> HttpResponse:
    """All causes: the live ones first, then drafts, then what is over."""
    order = {State.LIVE: 0, State.DRAFT: 1, State.ENDED: 2}
    found = reading.shown(program=program, states=list(order))
    found.sort(key=lambda one: order[State(one.cause.state)])
    rows = [
        {
            "one": tell(one, program),
            "state": one.cause.get_state_display(),
            "badge": BADGES[State(one.cause.state)],
        }
        for one in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="causes"),
    }
    return render(request, "rewards/dashboard/causes/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def cause(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One cause."""
    return _page(request, program, find(program, key))


@require_POST
@program_view(role=Role.MANAGER)
def cause_move(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Put it up, or end it."""
    one = find(program, key).cause
    is_ending = request.POST.get("to") == State.ENDED
    move = editing.end if is_ending else editing.publish
    try:
        move(program=program, key=one.key, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The cause has ended.") if is_ending else _("Members can see it now."))
    return redirect("rewards:cause", program.slug, key)


@require_POST
@program_view(role=Role.MANAGER)
def cause_picture(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Give it another picture, or take it away."""
    one = find(program, key)
    given: dict[str, Any] = {"program": program, "key": key, "by": request.user, "now": clock.now()}
    if "remove" in request.POST:
        editing.set_picture(**given, file=None)
        messages.success(request, _("The picture was removed."))
        return redirect("rewards:cause", program.slug, key)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            editing.set_picture(**given, file=form.cleaned_data["picture"])
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The picture was saved."))
            return redirect("rewards:cause", program.slug, key)
    return _page(request, program, one, picture_form=form, status=422)


@require_POST
@program_view(role=Role.MANAGER)
def cause_pay(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Say that money was paid to the charity."""
    one, now = find(program, key), clock.now()
    form = PaymentForm(request.POST, program=program, initial={})
    if form.is_valid():
        typed = form.cleaned_data
        try:
            paying.pay_out(
                program=program, cause=key, amount_minor=typed["amount"], paid_on=typed["paid_on"],
                reference=typed["reference"], by=request.user, key=f"{key}:{typed['key']}", now=now,
            )  # fmt: skip
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Recorded."))
            return redirect("rewards:cause", program.slug, key)
    return _page(request, program, one, payment_form=form, status=422)


def find(program: Program, key: str) -> reading.Shown:
    try:
        return reading.find(program=program, key=key)
    except NotFound as error:
        raise Http404 from error


def _page(
    request: StaffRequest,
    program: Program,
    one: reading.Shown,
    *,
    picture_form: forms.Form | None = None,
    payment_form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    cause, now = one.cause, clock.now()
    told = tell(one, program)
    may_edit = access.may(request.team.role, Role.MANAGER)
    first = {"key": uuid.uuid4(), "paid_on": timezone.localtime(now, program.zone).date()}
    context: dict[str, Any] = {
        "cause": cause,
        "one": told,
        "badge": BADGES[State(cause.state)],
        "accepts": [
            units(cause.accepts[unit.key], unit)
            for unit in queries.units_of(program)
            if unit.key in cause.accepts
        ],
        "gifts": [row_of(gift) for gift in reading.latest(cause=cause, limit=SHOWN_GIFTS)],
        "payouts": reading.payouts_of(cause),
        "chart": _chart(cause, program),
        "picture_form": picture_form or PictureForm(),
        "payment_form": payment_form or PaymentForm(program=program, initial=first),
        "may_pay": may_edit and one.total.open_minor > 0,
        "may_edit": may_edit and cause.state != State.ENDED,
        "is_draft": cause.state == State.DRAFT,
        **frame.around(request.team, current="causes", crumbs=[("", told.name)]),
    }
    return render(request, "rewards/dashboard/causes/cause.html", context, status=status)


def row_of(gift: Donation) -> dict[str, Any]:
    """A gift for the templates."""
    return {"gift": gift, "amount": units(gift.amount, gift.unit), "is_void": gift.withdrawn_at is not None}


def _chart(cause: Cause, program: Program) -> charts.Chart | None:
    """What was given in each of the last twelve months, in money; None before the first gift."""
    now = timezone.localtime(clock.now(), program.zone)
    this_month = now.date().replace(day=1)
    months = [this_month]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    begin = now.replace(
        year=months[0].year, month=months[0].month, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    given = {month: (count, worth) for month, count, worth in reading.course(cause=cause, since=begin)}
    if not given:
        return None
    count = sum(each[0] for each in given.values())
    scale = 10 ** formats.minor_digits(program.currency)
    worth = formats.format_money(sum(each[1] for each in given.values()), program.currency)
    sentence = ngettext(
        "%(count)s gift worth %(worth)s in twelve months.",
        "%(count)s gifts worth %(worth)s in twelve months.",
        count,
    ) % {"count": formats.format_number(count), "worth": worth}
    return charts.bar(
        title=_("Given each month"),
        sentence=sentence,
        labels=[formats.format_date(month, form="mon") for month in months],
        series=[
            charts.Series(
                catalogue.name_of(cause.names, cause.key),
                [given.get(month, (0, 0))[1] / scale for month in months],
            )
        ],
        head=_("Month"),
    )
