"""The team of a program: who is in it, who is invited, another role, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Case, Exists, OuterRef, QuerySet, When
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members import access, invitations, keys, teams
from members.access import StaffRequest, confirmed, program_view
from members.forms.team import InviteForm, KeysForm, RoleForm
from members.models import Invitation, Program, Role, TeamMembership
from members.views import frame

ALL = "members:team"
# Nobody may use a program to write to half the world.
RATES = {"invite": "30/h/user"}


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def team(request: StaffRequest, program: Program) -> HttpResponse:
    """The people, the open invitations and, for owners, the form that sends one."""
    may_edit = access.may(request.team.role, Role.OWNER)
    form = InviteForm(request.POST or None, initial={"role": Role.MANAGER})
    if request.method == "POST":
        if not may_edit:
            return access.refuse(request, request.team, Role.OWNER)
        if form.is_valid() and _invite(request, program, form):
            return redirect(ALL, program.slug)
    context = {
        "people": people_of(program),
        "invitations": Invitation.objects.open().filter(program=program).order_by("-created_at", "-pk"),
        "form": form,
        "may_edit": may_edit,
        "now": clock.now(),
        **frame.around(request.team, current="team"),
    }
    return render(request, "members/dashboard/team.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.OWNER)
@confirmed
def team_member(request: StaffRequest, program: Program, place_id: int) -> HttpResponse:
    """Another role for somebody."""
    place = get_object_or_404(TeamMembership.objects.select_related("user"), program=program, pk=place_id)
    names = _key_names(request, place)
    form = RoleForm(request.POST or None, initial={"role": place.role}, names=names)
    if request.method == "POST" and form.is_valid():
        role = form.cleaned_data["role"]
        try:
            teams.set_role(
                program=program, user=place.user, role=role, by=request.user, now=clock.now(),
                keeps_keys=form.keeps_keys,
            )  # fmt: skip
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("%(name)s: %(role)s.") % _told(place, role))
            return redirect(ALL, program.slug)
    name = place.user.get_full_name()
    context = {
        "form": form,
        "leaving": KeysForm(names=names, auto_id="leaving_%s"),
        "leaving_plain": KeysForm(names=names, auto_id="plain_%s"),
        "place": place,
        "name": name,
        "back": reverse(ALL, args=[program.slug]),
        **frame.around(request.team, current="team", crumbs=[("", name)]),
    }
    return render(request, "members/dashboard/team_member.html", context, status=422 if form.errors else 200)


@require_POST
@program_view(role=Role.OWNER)
@confirmed
def team_remove(request: StaffRequest, program: Program, place_id: int) -> HttpResponse:
    """Take somebody out of the team."""
    place = get_object_or_404(TeamMembership.objects.select_related("user"), program=program, pk=place_id)
    form = KeysForm(request.POST, names=_key_names(request, place))
    keeps = form.is_valid() and form.keeps_keys
    try:
        teams.remove(program=program, user=place.user, by=request.user, now=clock.now(), keeps_keys=keeps)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("members:team_member", program.slug, place_id)
    messages.success(request, _("%(name)s is no longer in the team.") % _told(place))
    # Whoever leaves has no way back to this page.
    return redirect("members:programs") if place.user == request.user else redirect(ALL, program.slug)


@require_POST
@program_view(role=Role.OWNER)
def invitation_resend(request: StaffRequest, program: Program, invitation_id: int) -> HttpResponse:
    """Send an invitation anew."""
    if _is_too_much(request):
        messages.error(request, _("Too many invitations. Wait an hour, then go on."))
        return redirect(ALL, program.slug)
    sent = _or_404(
        lambda: invitations.resend(
            program=program,
            invitation_id=invitation_id,
            by=request.user,
            site=_site(request),
            now=clock.now(),
        )
    )
    messages.success(request, _("%(email)s gets a new e-mail.") % {"email": sent.email})
    return redirect(ALL, program.slug)


@require_POST
@program_view(role=Role.OWNER)
def invitation_revoke(request: StaffRequest, program: Program, invitation_id: int) -> HttpResponse:
    """Withdraw an invitation."""
    gone = _or_404(
        lambda: invitations.revoke(
            program=program, invitation_id=invitation_id, by=request.user, now=clock.now()
        )
    )
    messages.success(request, _("The invitation of %(email)s was withdrawn.") % {"email": gone.email})
    return redirect(ALL, program.slug)


def people_of(program: Program) -> QuerySet[TeamMembership]:
    """The team, owners first, each with whether a second factor is set up."""
    factor = Authenticator.objects.filter(user=OuterRef("user")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    found = TeamMembership.objects.filter(program=program).select_related("user")
    ranks = {str(role): rank for role, rank in access.RANKS.items()}
    return found.annotate(has_factor=Exists(factor)).order_by(
        Case(*(When(role=role, then=-rank) for role, rank in ranks.items())), "user__email"
    )


def _key_names(request: StaffRequest, place: TeamMembership) -> list[str]:
    """The keys in this person's name, unless it is one's own: nobody would answer for those."""
    if place.user == request.user:
        return []
    found = keys.of_author(program=place.program, user=place.user, now=clock.now())
    return list(found.order_by("pk").values_list("name", flat=True))


def _invite(request: StaffRequest, program: Program, form: InviteForm) -> bool:
    if _is_too_much(request):
        form.add_error(None, _("Too many invitations. Wait an hour, then go on."))
        return False
    try:
        invitations.invite(
            program=program, by=request.user, site=_site(request), now=clock.now(), **form.cleaned_data
        )
    except DomainError as error:
        refuse(form, error)
        return False
    messages.success(request, _("%(email)s gets an e-mail.") % {"email": form.cleaned_data["email"]})
    return True


def _or_404(act: Callable[[], Invitation]) -> Invitation:
    try:
        return act()
    except NotFound as error:
        raise Http404 from error


def _is_too_much(request: StaffRequest) -> bool:
    return not ratelimit.consume(request, app="team", action="invite", config=RATES, user=request.user)


def _site(request: StaffRequest) -> str:
    return request.build_absolute_uri("/")


def _told(place: TeamMembership, role: Role | None = None) -> dict[str, Any]:
    return {"name": place.user.get_full_name(), "role": role.label if role else ""}
