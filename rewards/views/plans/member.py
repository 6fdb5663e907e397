"""A member's plans for staff: what was bought and what it was worth; a payment taken, leaving, and the price back."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock
from loyaltysite.kit.conditions.controls import Terms
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Member, Program, Role
from members.views import frame
from rewards import rulebook
from rewards.catalogue import name_of
from rewards.plans import holdings, leaving, payments, reading, refunds
from rewards.plans.payments import Payment
from rewards.plans.reading import Held
from rewards.views.finding import find
from rewards.views.plans import words
from rewards.views.plans.pages import TERM_BADGES
from rewards.views.portal.words import dated, last_day
from rewards.views.rules.fields import MoneyField

SOURCE = "staff"


class PaymentForm(forms.Form):
    """What was taken, and under which number it can be found."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    price_minor = MoneyField(
        label=gettext_lazy("Price paid"), help_text=gettext_lazy("Empty for the plan's price.")
    )
    payment = forms.CharField(
        label=gettext_lazy("Number of the receipt"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("One receipt has effect once."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, program: Program) -> None:
        super().__init__(data, initial={"key": uuid.uuid4()})
        self.plans = {plan.key: plan for plan in reading.offered(program=program)}
        choices = [(key, name_of(plan.names, key)) for key, plan in self.plans.items()]
        self.fields["plan"].choices = choices  # type: ignore[attr-defined]
        self.fields["price_minor"].terms = Terms(program.currency)  # type: ignore[attr-defined]


class DeedForm(forms.Form):
    do = forms.ChoiceField(choices=[(name, name) for name in ("leave", "stay", "refund", "exception")])
    term = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def member_plans(request: StaffRequest, program: Program, number: str) -> HttpResponse:
    """The terms of a member; a POST by a manager takes a payment or does something about a term."""
    person, now = find(program, number), clock.now()
    may_edit = access.may(request.team.role, Role.MANAGER)
    payment, deed, status = PaymentForm(program=program), DeedForm(), 200
    if request.method == "POST":
        if not may_edit:
            return access.refuse(request, request.team, Role.MANAGER)
        is_payment = "do" not in request.POST
        payment = PaymentForm(request.POST if is_payment else None, program=program)
        deed = DeedForm(None if is_payment else request.POST)
        form: forms.Form = payment if is_payment else deed
        if form.is_valid():
            try:
                told = (_pay if is_payment else _do)(request, program, person, form, now)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, told)
                return redirect("rewards:member_plans", program.slug, number)
        status = 422
    here = reverse("rewards:member", args=[program.slug, number])
    held = reading.held(program=program, member=person, now=now)
    context = {
        "person": person,
        "rows": [_row(one, program) for one in held],
        "payment": payment if payment.plans else None,
        "deed": deed,
        "may_edit": may_edit and person.state == Member.State.ACTIVE,
        "back": here,
        **frame.around(
            request.team, current="members", crumbs=[(here, str(person)), (request.path, _("Plans"))]
        ),
    }
    return render(request, "rewards/dashboard/plans/member.html", context, status=status)


def _pay(request: StaffRequest, program: Program, person: Member, form: forms.Form, now: datetime) -> str:
    """Raises DomainError."""
    asked = form.cleaned_data
    plan = form.plans[asked["plan"]]  # type: ignore[attr-defined]
    price = asked["price_minor"] if asked["price_minor"] is not None else plan.price_minor
    payment = Payment(asked["payment"].strip() or str(asked["key"]), now, price, SOURCE)
    payments.pay(program=program, member=person, plan=plan.key, payment=payment, now=now, by=request.user)
    return _("The payment was recorded.")


def _do(request: StaffRequest, program: Program, person: Member, form: forms.Form, now: datetime) -> str:
    """Raises DomainError."""
    asked = form.cleaned_data
    one = reading.terms_of(program, person).filter(pk=asked["term"]).first()
    if one is None:
        raise leaving.NotHeld
    if asked["do"] in {"leave", "stay"}:
        do = leaving.leave if asked["do"] == "leave" else leaving.stay
        do(program=program, member=person, plan=one.plan.key, now=now, by=request.user)
        return _("Saved.")
    refunds.refund(
        program=program,
        term_id=one.pk,
        now=now,
        by=request.user,
        reason=asked["reason"],
        is_exception=asked["do"] == "exception",
    )
    return _("The term has ended. Pay the price back now.")


def _row(held: Held, program: Program) -> dict[str, Any]:
    term = held.term
    return {
        "term": term,
        "name": name_of(held.plan.names, held.plan.key),
        "url": reverse("rewards:plan", args=[program.slug, held.plan.key]),
        "state": term.get_state_display(),
        "badge": TERM_BADGES[term.state],
        "starts_on": dated(timezone.localtime(term.starts_at).date()),
        "ends_on": dated(last_day(term.ends_at)) if term.ends_at else "",
        "saved_minor": held.saved_minor,
        "shares": words.shares(held.saved, program),
        "can_leave": held.is_running and held.is_last and term.state == "active" and term.ends_at,
        "can_stay": held.is_running and held.is_last and term.state == "leaving",
        "can_refund": held.refund_refused is None,
        "can_except": held.refund_refused is not None and held.is_last and held.is_running,
        "refused": held.refund_refused,
    }


def tell(*, program: Program, member: Member, now: datetime) -> dict[str, Any] | None:
    """The line on the member's page: what is held now. None in a program that never offered a plan."""
    database = str(connection.settings_dict["NAME"])
    plans = rulebook.of(program.pk, database=database, catalogue=program.catalogue).plans
    if not plans:
        return None
    rows = reading.terms_of(program, member).order_by("starts_at")
    running = holdings.plans_at([reading.row_of(term) for term in rows], plans, now)
    return {
        "url": reverse("rewards:member_plans", args=[program.slug, member.number]),
        "held": [
            {"name": plans[term.plan_id].name, "until": dated(last_day(term.ends_at)) if term.ends_at else ""}
            for term in running.values()
        ],
    }
