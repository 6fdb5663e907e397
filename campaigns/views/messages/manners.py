"""Rules of messages: quiet hours, caps, the control group; and who carries each channel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages as notes
from django.db.models import F, Value
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.channels import providers
from campaigns.forms.messages import ROWS, CapForms, MannersForm, ProviderForm
from campaigns.messages import manners, suppressions
from campaigns.models import Carrier, Control, Provider, Suppression
from campaigns.views.messages.outbox import tabs_of
from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, confirmed, program_view
from members.models import Program, Role
from members.views import frame


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def manners_page(request: StaffRequest, program: Program) -> HttpResponse:
    mine, rules = manners.of(program), manners.rules_of(program)
    form = MannersForm(
        request.POST or None,
        instance=mine,
        initial={"percent": rules.percent},
        is_owner=access.may(request.team.role, Role.OWNER),
    )
    room: list[dict[str, Any]] = [{} for _n in range(max(ROWS - len(mine.caps), 1))]
    caps = CapForms(request.POST or None, initial=[*mine.caps, *room], prefix="caps")
    if (
        request.method == "POST"
        and form.is_valid()
        and caps.is_valid()
        and _keep(request, program, form, caps)
    ):
        notes.success(request, _("Kept."))
        return redirect("campaigns:manners", program.slug)
    has_errors = bool(form.errors or (caps.is_bound and any(caps.errors)))
    context = {
        "form": form,
        "caps": caps,
        "controls": Control.objects.filter(program=program)
        .annotate(share=F("percent") * Value(Decimal("0.01")))
        .order_by("-pk"),
        "stopped": Suppression.objects.filter(program=program, lifted_at__isnull=True).count(),
        "suppressions": Suppression.objects.filter(program=program, lifted_at__isnull=True)
        .select_related("member")
        .order_by("-pk")[:20],
        "tabs": tabs_of(request, program, "manners"),
        **frame.around(request.team, current="messages", crumbs=[("", _("Rules"))]),
    }
    page = "campaigns/dashboard/messages/manners.html"
    return render(request, page, context, status=422 if has_errors else 200)


@require_POST
@program_view(role=Role.MANAGER)
def suppression_lift(request: StaffRequest, program: Program, suppression_id: int) -> HttpResponse:
    """The address may be written to again."""
    found = Suppression.objects.filter(program=program, pk=suppression_id).select_related("program").first()
    if found is None:
        raise Http404
    suppressions.lift(suppression=found, by=request.user, now=clock.now())
    notes.success(request, _("It may be written to again."))
    return redirect("campaigns:manners", program.slug)


@require_safe
@program_view(role=Role.OWNER)
def provider_list(request: StaffRequest, program: Program) -> HttpResponse:
    kept = {row.channel: row for row in Provider.objects.filter(program=program)}
    context = {
        "rows": [
            {
                "channel": str(key),
                "label": label,
                "provider": kept.get(key),
                "has_choice": key in providers.CHOICES,
            }
            for key, label in Carrier.choices
        ],
        "tabs": tabs_of(request, program, "providers"),
        **frame.around(request.team, current="messages", crumbs=[("", _("Providers"))]),
    }
    return render(request, "campaigns/dashboard/messages/providers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def provider_edit(request: StaffRequest, program: Program, channel: str) -> HttpResponse:
    """Who carries a channel; its secret goes in and is never shown."""
    if channel not in providers.CHOICES:
        raise Http404
    kept = Provider.objects.filter(program=program, channel=channel).first()
    form = ProviderForm(request.POST or None, channel=channel, initial=_initial(kept))
    if request.method == "POST" and form.is_valid() and _choose(request, program, channel, form):
        notes.success(request, _("Kept."))
        return redirect("campaigns:providers", program.slug)
    label = dict(Carrier.choices)[Carrier(channel)]
    context = {
        "form": form,
        "title": label,
        "act": _("Save"),
        "fixed": _fixed(request, kept),
        "back": reverse("campaigns:providers", args=[program.slug]),
        **frame.around(
            request.team,
            current="messages",
            crumbs=[(reverse("campaigns:providers", args=[program.slug]), _("Providers")), ("", str(label))],
        ),
    }
    return render(request, "members/dashboard/edit.html", context, status=422 if form.errors else 200)


# --- parts ------------------------------------------------------------------------------------------------------------


def _keep(request: StaffRequest, program: Program, form: MannersForm, caps: Any) -> bool:
    rows = [
        {"channel": row["channel"], "kind": row["kind"], "days": row["days"], "most": row["most"]}
        for row in caps.cleaned_data
        if row.get("most")
    ]
    values = {name: form.cleaned_data[name] for name in form.Meta.fields if name in form.cleaned_data}
    try:
        manners.change(
            program=program,
            values=values,
            caps=rows,
            percent=form.cleaned_data["percent"],
            by=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        refuse(form, error)
        return False
    return True


def _choose(request: StaffRequest, program: Program, channel: str, form: ProviderForm) -> bool:
    told = form.cleaned_data
    try:
        providers.choose(
            program=program,
            channel=channel,
            kind=told["kind"],
            settings=form.settings(),
            secret=told["secret"],
            per_second=told["per_second"],
            by=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        refuse(form, error)
        return False
    return True


def _initial(kept: Provider | None) -> dict[str, Any]:
    if kept is None:
        return {"per_second": 0}
    settings = dict(kept.settings)
    return settings | {"kind": kept.kind, "per_second": kept.per_second, "sender": settings.get("from", "")}


def _fixed(request: StaffRequest, kept: Provider | None) -> list[tuple[str, str]]:
    """Where the provider reports what became of messages, to be given to it."""
    if kept is None or kept.kind not in {"anymail", "twilio", "http"}:
        return []
    path = reverse("campaigns:hook", args=[kept.pk, providers.hook_token(kept)])
    return [(_("It reports to"), request.build_absolute_uri(path))]
