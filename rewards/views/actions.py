"""What staff do on a member's page: a dialog over it by HTMX, a page of its own without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import addresses, erasure, people, profiles
from members.access import StaffRequest, program_view
from members.forms.addresses import place_of
from members.models import Identity, Member, Program, Role
from members.views import frame
from rewards import adjustments, closing, holds, queries, reinstatements
from rewards.forms import actions as asked
from rewards.forms.actions import ActionForm
from rewards.models import Tier
from rewards.tiers import standings
from rewards.tiers.records import WITHOUT_END
from rewards.views import member as page
from rewards.views.finding import find


@dataclass(frozen=True, slots=True)
class Doing:
    """One action on one member, asked for by one of the team."""

    request: StaffRequest
    program: Program
    person: Member
    now: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """`run` does it and says what was done; `text` stands above the form."""

    title: str | Promise
    act: str | Promise
    form: type[ActionForm]
    run: Callable[[Doing, dict[str, Any]], str]
    text: str | Promise = ""
    is_grave: bool = False
    # After it there is no such member any more.
    is_end: bool = False


@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def act(request: StaffRequest, program: Program, number: str, name: str) -> HttpResponse:
    """Ask for an action, or do it."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    doing = Doing(request, program, find(program, number), clock.now())
    form = action.form(request.POST or None, program=program, person=doing.person, now=doing.now)
    if request.method == "POST" and form.is_valid():
        try:
            told = action.run(doing, form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            return _to_list(request, program, told) if action.is_end else done(request, program, number, told)
    return _ask(doing, action, form)


def done(request: StaffRequest, program: Program, number: str, told: str) -> HttpResponse:
    """Say so, and show the member's page as a reload would."""
    messages.success(request, told)
    if not request.htmx:
        return redirect("rewards:member", program.slug, number)
    response = page.show(request, program, number, query=page.query_of(request), part="person")
    return reswap(retarget(response, "#person"), "outerHTML")


def _to_list(request: StaffRequest, program: Program, told: str) -> HttpResponse:
    messages.success(request, told)
    address = reverse("rewards:members", args=[program.slug])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _ask(doing: Doing, action: Action, form: ActionForm) -> HttpResponse:
    request, person = doing.request, doing.person
    back = reverse("rewards:member", args=[doing.program.slug, person.number])
    context = {
        "person": person,
        "form": form,
        "title": action.title,
        "text": action.text,
        "act": action.act,
        "is_grave": action.is_grave,
        "action": request.get_full_path(),
        "back": back,
        **frame.around(
            request.team, current="members", crumbs=[(back, str(person)), ("", str(action.title))]
        ),
    }
    template = "rewards/dashboard/action.html"
    is_posted = request.method == "POST"
    status = 422 if is_posted else 200
    return render(request, f"{template}#dialog" if request.htmx else template, context, status=status)


# --- what they do -----------------------------------------------------------------------------------------------------


def _adjust(doing: Doing, given: dict[str, Any]) -> str:
    asked_for = adjustments.ask(
        program=doing.program,
        member=doing.person,
        unit=given["unit"],
        amount=given["ledger_amount"],
        reason=given["reason"],
        by=doing.request.team,
        key=given["key"],
        now=doing.now,
    )
    if asked_for.pending is not None:
        return _("Above your limit: this now waits for a second person.")
    unit = next(unit for unit in queries.units_of(doing.program) if unit.key == given["unit"])
    amount = formats.format_units(given["ledger_amount"], unit, sign=True)
    active = asked_for.movement.active if asked_for.movement else 0
    balance = formats.format_number(Decimal(active).scaleb(-unit.precision), decimals=unit.precision or None)
    return _("%(amount)s. The balance is %(balance)s now.") % {"amount": amount, "balance": balance}


def _set_tier(doing: Doing, given: dict[str, Any]) -> str:
    people.check_not_own(member=doing.person, by=doing.request.user)
    tier = Tier.objects.get(program=doing.program, key=given["tier"])
    standings.set_manual(
        program=doing.program,
        member=doing.person,
        tier=tier,
        reason=given["reason"],
        by=doing.request.user,
        until=given["until"] or WITHOUT_END,
        now=doing.now,
    )
    return _("%(tier)s from now on.") % {"tier": queries.name_of(tier)}


def _end_tier(doing: Doing, given: dict[str, Any]) -> str:
    standings.end_manual(
        program=doing.program, member=doing.person, reason=given["reason"], by=doing.request.user, now=doing.now
    )  # fmt: skip
    return _("The tier is the earned one again.")


def _block(doing: Doing, given: dict[str, Any]) -> str:
    people.block(member=doing.person, reason=given["reason"], by=doing.request.user, now=doing.now)
    return _("Blocked. Nothing is earned or used until you unblock.")


def _unblock(doing: Doing, given: dict[str, Any]) -> str:
    people.check_not_own(member=doing.person, by=doing.request.user)
    people.unblock(member=doing.person, reason=given["reason"], by=doing.request.user, now=doing.now)
    return _("Unblocked.")


def _close(doing: Doing, given: dict[str, Any]) -> str:
    closing.close(
        program=doing.program,
        member=doing.person,
        forfeits=given["balance"] == "forfeit",
        reason=given["reason"],
        by=doing.request.user,
        key=given["key"],
        now=doing.now,
    )
    return _("The account is closed.")


def _reopen(doing: Doing, given: dict[str, Any]) -> str:
    people.check_not_own(member=doing.person, by=doing.request.user)
    people.reopen(member=doing.person, reason=given["reason"], by=doing.request.user, now=doing.now)
    return _("The account is open again.")


def _erase(doing: Doing, given: dict[str, Any]) -> str:
    people.check_not_own(member=doing.person, by=doing.request.user)
    erasure.erase(member=doing.person, by=doing.request.user, now=doing.now)
    return _("The person is forgotten. The books stay as they are.")


def _change(doing: Doing, given: dict[str, Any]) -> str:
    profiles.change(member=doing.person, by=doing.request.user, now=doing.now, **given)
    return _("Saved.")


def _change_address(doing: Doing, given: dict[str, Any]) -> str:
    addresses.save(member=doing.person, place=place_of(given), by=doing.request.user, now=doing.now)
    return _("Saved.")


def _add_identity(doing: Doing, given: dict[str, Any]) -> str:
    try:
        found = profiles.add_identity(
            member=doing.person, kind=given["kind"], value=given["value"], by=doing.request.user, now=doing.now
        )  # fmt: skip
    except DomainError as error:
        # The domain names the kind, the form has one field for all kinds.
        error.field = "value"
        raise
    return _("%(kind)s added.") % {"kind": Identity.Kind(found.kind).label}


def _remove_identity(doing: Doing, given: dict[str, Any]) -> str:
    number = doing.request.GET.get("identity", "")
    if not number.isascii() or not number.isdigit():
        raise Http404
    profiles.remove_identity(
        member=doing.person, identity_id=int(number[:18]), by=doing.request.user, now=doing.now
    )
    return _("Removed.")


def _reinstate(doing: Doing, given: dict[str, Any]) -> str:
    reinstatements.reinstate(
        program=doing.program,
        member=doing.person,
        lot_id=int(given["lot"]),
        now=doing.now,
        by=doing.request.user,
        reason=given["reason"],
    )
    return _("Given back.")


def _hold(doing: Doing, given: dict[str, Any]) -> str:
    holds.hold(
        program=doing.program,
        member=doing.person,
        unit=given["unit"],
        amount=given["ledger_amount"],
        reason=given["reason"],
        by=doing.request.user,
        key=given["key"],
        now=doing.now,
    )
    return _("Held. It does not end while it is held.")


def _release(doing: Doing, given: dict[str, Any]) -> str:
    number = doing.request.GET.get("hold", "")
    if not number.isascii() or not number.isdigit():
        raise Http404
    holds.release(
        program=doing.program,
        member=doing.person,
        hold_id=int(number[:18]),
        reason=given["reason"],
        is_ours=given["is_ours"],
        by=doing.request.user,
        now=doing.now,
    )
    return _("Released.")


ACTIONS: dict[str, Action] = {
    "adjust": Action(gettext_lazy("Adjust the balance"), gettext_lazy("Adjust"), asked.AdjustForm, _adjust),
    "hold": Action(
        gettext_lazy("Hold for review"),
        gettext_lazy("Hold"),
        asked.HoldForm,
        _hold,
        gettext_lazy("The member sees it, cannot use it, and does not lose it while it is held."),
    ),
    "release": Action(
        gettext_lazy("Release what is held"), gettext_lazy("Release"), asked.ReleaseForm, _release
    ),
    "reinstate": Action(
        gettext_lazy("Give back what ended"), gettext_lazy("Give back"), asked.ReinstateForm, _reinstate
    ),
    "tier": Action(
        gettext_lazy("Set the tier"),
        gettext_lazy("Set the tier"),
        asked.TierForm,
        _set_tier,
        gettext_lazy("What is earned goes on beside it. The higher of the two is in force."),
    ),
    "tier-end": Action(
        gettext_lazy("End the tier set by staff"), gettext_lazy("End it"), asked.ReasonForm, _end_tier
    ),
    "block": Action(
        gettext_lazy("Block this member"),
        gettext_lazy("Block"),
        asked.ReasonForm,
        _block,
        gettext_lazy("Nothing is earned or used while blocked. Orders are still recorded."),
        is_grave=True,
    ),
    "unblock": Action(
        gettext_lazy("Unblock this member"), gettext_lazy("Unblock"), asked.ReasonForm, _unblock
    ),
    "close": Action(
        gettext_lazy("Close this account"),
        gettext_lazy("Close the account"),
        asked.CloseForm,
        _close,
        gettext_lazy("Nothing is earned or used any more. What identifies the member stays taken."),
        is_grave=True,
    ),
    "erase": Action(
        gettext_lazy("Forget this person"),
        gettext_lazy("Forget for good"),
        asked.ConfirmForm,
        _erase,
        gettext_lazy(
            "Name, contacts, notes, consents and sign-in are deleted for good, and nobody can use the balance. Orders and entries stay without saying whose they were. Do it when the person asks for it."
        ),
        is_grave=True,
        is_end=True,
    ),
    "reopen": Action(gettext_lazy("Reopen this account"), gettext_lazy("Reopen"), asked.ReasonForm, _reopen),
    "edit": Action(gettext_lazy("Edit the profile"), gettext_lazy("Save"), asked.ProfileForm, _change),
    "address": Action(
        gettext_lazy("Postal address"),
        gettext_lazy("Save"),
        asked.AddressForm,
        _change_address,
        gettext_lazy("For letters, to who agreed to post. Empty fields take it away."),
    ),
    "identity": Action(
        gettext_lazy("Add a way to find this member"),
        gettext_lazy("Add"),
        asked.IdentityForm,
        _add_identity,
        gettext_lazy("It is not verified until the member confirms it."),
    ),
    "identity-remove": Action(
        gettext_lazy("Remove this way to find the member"),
        gettext_lazy("Remove"),
        asked.ConfirmForm,
        _remove_identity,
        gettext_lazy("Orders that name it will no longer find this member."),
        is_grave=True,
    ),
}
