"""Alerts: those that wait for somebody, and what became of the others."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from analytics.alerts import raising
from analytics.models import Alert, Subscription
from analytics.saved import subscriptions
from analytics.views.alerts import telling
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

LATELY = 20


class SnoozeForm(forms.Form):
    days = forms.TypedChoiceField(
        label=gettext_lazy("For how long"),
        coerce=int,
        choices=[
            (days, ngettext_lazy("%(days)s day", "%(days)s days", days) % {"days": days})
            for days in (7, 14, 30)
        ],
    )


class CloseForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Kept in the audit. No personal data."),
    )


@require_safe
@program_view(role=Role.ANALYST)
def alerts(request: StaffRequest, program: Program) -> HttpResponse:
    """What waits, what rests, and the latest of what is over."""
    return _page(request, program)


def _page(
    request: StaffRequest, program: Program, *, closing: int = 0, form: CloseForm | None = None
) -> HttpResponse:
    today = timezone.localdate(clock.now())
    waiting = list(raising.waiting(program=program, today=today))
    rows = Alert.objects.filter(program=program).exclude(pk__in=[row.pk for row in waiting])
    resting = rows.filter(state=Alert.State.SNOOZED).order_by("snoozed_until", "pk")
    past = rows.exclude(state=Alert.State.SNOOZED).select_related("closed_by").order_by("-seen_on", "-pk")
    context = {
        "waiting": [
            {
                "told": told,
                "snooze": SnoozeForm(auto_id=f"snooze{told.alert.pk}_%s"),
                "close": form
                if form and closing == told.alert.pk
                else CloseForm(auto_id=f"close{told.alert.pk}_%s"),
                "is_refused": closing == told.alert.pk,
            }
            for told in telling.tell_all(waiting, program=program)
        ],
        "resting": telling.tell_all(list(resting), program=program),
        "past": telling.tell_all(list(past[:LATELY]), program=program),
        "may_act": access.may(request.team.role, Role.MANAGER),
        "is_told": subscriptions.has(program=program, user=request.user, what=Subscription.What.ALERTS),
        **frame.around(request.team, current="alerts"),
    }
    return render(request, "analytics/alerts/list.html", context, status=422 if form else 200)


@require_POST
@program_view(role=Role.MANAGER)
def snooze(request: StaffRequest, program: Program, alert_id: int) -> HttpResponse:
    form, now = SnoozeForm(request.POST), clock.now()
    days = form.cleaned_data["days"] if form.is_valid() else 0
    _demand(program, alert_id)
    try:
        raising.snooze(
            program=program,
            alert_id=alert_id,
            days=days,
            by=request.user,
            today=timezone.localdate(now),
            now=now,
        )
    except NotFound:
        raise Http404 from None
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The alert rests."))
    return redirect("analytics:alerts", program.slug)


@require_POST
@program_view(role=Role.MANAGER)
def close(request: StaffRequest, program: Program, alert_id: int) -> HttpResponse:
    """Without a reason the page comes back and asks for one."""
    form = CloseForm(request.POST, auto_id=f"close{alert_id}_%s")
    if form.is_valid():
        try:
            raising.close(
                program=program, alert_id=alert_id, by=request.user, now=clock.now(), **form.cleaned_data
            )
        except NotFound:
            raise Http404 from None
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The alert is closed."))
            return redirect("analytics:alerts", program.slug)
    _demand(program, alert_id)
    return _page(request, program, closing=alert_id, form=form)


@require_POST
@program_view(role=Role.MANAGER)
def prepare(request: StaffRequest, program: Program, alert_id: int) -> HttpResponse:
    """Make the draft and go there."""
    try:
        url = raising.prepare(program=program, alert_id=alert_id, by=request.user, now=clock.now())
    except NotFound:
        raise Http404 from None
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("analytics:alerts", program.slug)
    return redirect(url)


def _demand(program: Program, alert_id: int) -> None:
    """Also for a form that is not sound: another program's alert is none."""
    if not Alert.objects.filter(program=program, pk=alert_id).exists():
        raise Http404
