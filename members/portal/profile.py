"""What a member decides: the own details, the language, and what the shop may send."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import addresses, consent, preferences
from members.forms.addresses import AddressForm, place_of
from members.models import Channel, Consent, Identity, Member, Preference, Program, Topic
from members.portal import attempts
from members.portal.entrance import frame, member_of, member_page, open_page
from members.portal.forms import ProfileForm

# Pages on the sign-in itself, offered as far as this site has them.
SIGN_IN_PAGES = ("account_change_password", "mfa_index", "usersessions_list")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def profile(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    kept = Preference.objects.filter(member=member).first()
    form = ProfileForm(
        request.POST or None, member=member, today=timezone.localdate(now), initial=_initial(member, kept)
    )
    status = 422 if form.errors else 200
    if request.method == "POST" and form.is_valid():
        preferences.save(member=member, now=now, **form.cleaned_data)
        messages.success(request, _("Kept."))
        response = redirect("portal:profile", program.slug)
        if chosen := form.cleaned_data["language"]:
            _remember(response, chosen)
        return response
    context = {
        "member": member,
        "form": form,
        "identities": Identity.objects.filter(member=member).order_by("kind", "pk"),
        "place": addresses.of(member=member),
        "sign_in_pages": _sign_in_pages(),
    }
    return render(request, "members/portal/profile.html", frame(request, program, **context), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def address(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """Where letters go, if the member wants any; empty fields take it back."""
    form = AddressForm(request.POST or None, member=member)
    if request.method == "POST" and form.is_valid():
        try:
            addresses.save(member=member, place=place_of(form.cleaned_data), now=clock.now())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Kept."))
            return redirect("portal:profile", program.slug)
    agreed = Consent.objects.filter(member=member, channel=Channel.POST, is_given=True)
    context = {"member": member, "form": form, "agreed": agreed.exists()}
    status = 422 if form.errors else 200
    return render(request, "members/portal/address.html", frame(request, program, **context), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def consents(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """A table of topics and channels; what is not ticked is not allowed."""
    if request.method == "POST":
        ticked = set(request.POST.getlist("allow"))
        wanted: dict[tuple[str, str], bool] = {
            (channel, topic): f"{topic}-{channel}" in ticked for channel, topic in consent.ALL
        }
        consent.ask(member=member, wanted=wanted, source="portal", now=clock.now())
        messages.success(request, _("Kept."))
        return redirect("portal:consents", program.slug)
    states = consent.states_of(member=member)
    context = {
        "member": member,
        "topics": [(topic, [state for state in states if state.topic == topic]) for topic in Topic],
        "history": consent.history_of(member=member),
    }
    return render(request, "members/portal/consents.html", frame(request, program, **context))


@require_POST
@open_page
def language(request: HttpRequest, program: Program) -> HttpResponse:
    """The switch on every page: for this browser, and for the member who is signed in."""
    response = redirect(attempts.safe(program, request.POST.get("next", "")))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        translation.activate(chosen)
        _remember(response, chosen)
        member = member_of(request, program)
        if member is not None:
            preferences.save(member=member, now=clock.now(), language=chosen)
    return response


def _remember(response: HttpResponse, chosen: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 86400,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
    )


def _initial(member: Member, kept: Preference | None) -> dict[str, Any]:
    own = {"name": member.name, "birthday": member.birthday, "language": member.language}
    if kept is None:
        return own
    return own | {"store": kept.store_id, "likes": ", ".join(kept.likes)}


def _sign_in_pages() -> list[dict[str, str]]:
    labels = {
        "account_change_password": _("Password"),
        "mfa_index": _("Passkeys and second factor"),
        "usersessions_list": _("Where you are signed in"),
    }
    found = []
    for name in SIGN_IN_PAGES:
        try:
            found.append({"url": reverse(name), "label": labels[name]})
        except NoReverseMatch:
            continue
    return found
