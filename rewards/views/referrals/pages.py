"""Referrals for staff: what is promised, how it goes, and what looks wrong with its reasons, to approve or refuse."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse as show_refusal
from members import access, people
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import referrals
from rewards.forms.referrals import SchemeForm
from rewards.models import Referral, ReferralLink
from rewards.referrals import decisions, schemes, signs
from rewards.views.referrals import words

LIST, TEMPLATE = "rewards:referrals", "rewards/dashboard/referrals/list.html"
WAITING, SHOWN = 100, 50
State = Referral.State


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def show(request: StaffRequest, program: Program) -> HttpResponse:
    """What looks wrong first, oldest on top; then everybody, who joined last first."""
    return _show(request, program)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def change(request: StaffRequest, program: Program) -> HttpResponse:
    """What is promised from now on."""
    form = SchemeForm(request.POST or None, program=program, scheme=schemes.of(program))
    if request.method == "POST" and form.is_valid():
        try:
            schemes.change(program=program, by=request.user, now=clock.now(), **form.values())
        except DomainError as error:
            show_refusal(form, _at_its_field(error))
        else:
            messages.success(request, _("Saved."))
            return redirect(LIST, program.slug)
    title = _("What is promised")
    context = {
        "form": form,
        "title": title,
        "back": reverse(LIST, args=[program.slug]),
        **frame.around(request.team, current="referrals", crumbs=[("", title)]),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/referrals/change.html", context, status=status)


@vary_on_headers("HX-Request")
@require_POST
@program_view(role=Role.MANAGER)
def decide(request: StaffRequest, program: Program, referral_id: int) -> HttpResponse:
    """Approve or refuse, with a reason for the team."""
    deed = referrals.approve if request.POST.get("do") == "approve" else referrals.refuse
    try:
        deed(
            program=program,
            referral_id=referral_id,
            reason=request.POST.get("reason", ""),
            by=request.user,
            now=clock.now(),
        )
    except DomainError as error:
        status = error.status if error.status == 404 else 422
        return _show(request, program, refused=(referral_id, str(error)), status=status)
    done = _("Approved. It is paid when its time has come.") if deed is referrals.approve else _("Refused.")
    messages.success(request, done)
    return _show(request, program) if request.htmx else redirect(LIST, program.slug)


def _show(
    request: StaffRequest, program: Program, *, refused: tuple[int, str] = (0, ""), status: int = 200
) -> HttpResponse:
    scheme = schemes.of(program)
    rows = Referral.objects.filter(program=program).select_related("referrer", "friend", "decided_by")
    waiting = rows.filter(state__in=decisions.OPEN, decided_at=None).exclude(signs=[])
    waiting = waiting.order_by("joined_at", "pk")[:WAITING]
    context = {
        "scheme": scheme,
        "for_referrer": words.prize(program, scheme.referrer_prize),
        "for_friend": words.prize(program, scheme.friend_prize),
        "wait_days": program.return_days if scheme.wait_days is None else scheme.wait_days,
        "figures": _figures(program),
        "waiting": [_tell(row, request, refused) for row in waiting],
        "rows": [_row(row) for row in rows.order_by("-joined_at", "-pk")[:SHOWN]],
        "error": refused[1] if not any(row.pk == refused[0] for row in waiting) else "",
        "may_edit": access.may(request.team.role, Role.MANAGER),
        "is_fragment": bool(request.htmx),
        **frame.around(request.team, current="referrals"),
    }
    return render(request, f"{TEMPLATE}#list" if request.htmx else TEMPLATE, context, status=status)


def _tell(row: Referral, request: StaffRequest, refused: tuple[int, str]) -> dict[str, Any]:
    may = access.may(request.team.role, Role.MANAGER)
    is_own = may and any(people.is_own(member=each, by=request.user) for each in (row.referrer, row.friend))
    return {
        "row": row,
        "signs": [signs.TEXTS[sign] for sign in row.signs],
        "may_decide": may and not is_own,
        "is_own": is_own,
        "error": refused[1] if refused[0] == row.pk else "",
    }


def _row(row: Referral) -> dict[str, Any]:
    return {
        "row": row,
        "badge": words.badge_of(row),
        "mood": words.MOODS[State(row.state)],
        "why": _why(row),
    }


def _why(row: Referral) -> str:
    """What staff may know of a refusal, and the members need not."""
    texts = {
        "late": _("Nothing was bought in time"),
        "left": _("The account was closed"),
        "staff": row.answer,
    }
    if row.state == State.REFUSED:
        return str(texts.get(row.refused_for) or signs.TEXTS.get(row.refused_for, ""))
    return str(Referral.Side(row.referrer_side).label) if row.referrer_side not in ("", "paid") else ""


def _figures(program: Program) -> list[tuple[str, int, str]]:
    """How many links were opened, and how many friends came how far."""
    opened = ReferralLink.objects.filter(program=program).aggregate(sum=Sum("visits"))["sum"] or 0
    counts = Referral.objects.filter(program=program).aggregate(
        joined=Count("pk"),
        bought=Count("pk", filter=Q(bought_at__isnull=False)),
        paid=Count("pk", filter=Q(state=State.PAID)),
        refused=Count("pk", filter=Q(state=State.REFUSED)),
        back=Count("pk", filter=Q(state=State.TAKEN_BACK)),
    )
    refused = _("%(count)s refused") % {"count": formats.format_number(counts["refused"])}
    back = _("%(count)s taken back") % {"count": formats.format_number(counts["back"])}
    return [
        (_("Links opened"), opened, ""),
        (_("Friends joined"), counts["joined"], refused if counts["refused"] else ""),
        (_("Have bought"), counts["bought"], ""),
        (_("Paid"), counts["paid"], back if counts["back"] else ""),
    ]


def _at_its_field(error: DomainError) -> DomainError:
    """A prize is two fields of the form."""
    if error.field and error.field.endswith("_prize"):
        error.field = error.field.removesuffix("prize") + "what"
    return error
