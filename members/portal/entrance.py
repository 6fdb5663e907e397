"""Who sees a page of the portal: the program is a wall, the session's proven e-mail is the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, cast
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django_scopes import scope

from members import logos
from members.models import Member, Program
from members.portal import brands, people

# Ways of signing in that a user sets up after an address was proven.
OWN_METHODS = ("password", "mfa")

type View[**P] = Callable[Concatenate[HttpRequest, Program, P], HttpResponseBase]
type MemberView[**P] = Callable[Concatenate[HttpRequest, Program, Member, P], HttpResponseBase]
type Page[**P] = Callable[Concatenate[HttpRequest, str, P], HttpResponseBase]


def open_page[**P](view: View[P]) -> Page[P]:
    """A page of the portal for everybody: `view(request, program, …)`."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        program = get_object_or_404(Program, slug=slug)
        with _at_home(request, program, None):
            response = view(request, program, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return cast("Page[P]", page)


def member_page[**P](view: MemberView[P]) -> Page[P]:
    """A page for the member alone: `view(request, program, member, …)`; everybody else is led to sign in."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        program = get_object_or_404(Program, slug=slug)
        member = member_of(request, program)
        if member is None:
            address = reverse("portal:sign_in", args=[slug])
            return redirect(f"{address}?{urlencode({'next': request.path})}")
        with _at_home(request, program, member):
            response = view(request, program, member, *args, **kwargs)
        # Personal data: neither a shared cache nor the back button of the next person may keep it.
        add_never_cache_headers(response)
        return response

    return cast("Page[P]", page)


def member_of(request: HttpRequest, program: Program) -> Member | None:
    """The member who is signed in here, by an address proven in this program. A password or passkey opens the card too
    once its owner has proven the address by a code."""
    if not request.user.is_authenticated:
        return None
    records = get_authentication_records(request, request.user)
    emails = {record["email"] for record in records if record["method"] == "code" and "email" in record}
    if any(record["method"] in OWN_METHODS for record in records):
        proven = EmailAddress.objects.filter(user=request.user, verified=True)
        emails |= set(proven.values_list("email", flat=True))
    return people.find(program=program, emails=emails, verified=True)


def frame(request: HttpRequest, program: Program, **context: Any) -> dict[str, Any]:
    """The context of base_portal.html and base_account.html."""
    slug = program.slug
    pages = (
        ("portal:home", _("Home"), "home"),
        ("portal:rewards", _("Rewards"), "ticket"),
        ("portal:card", _("Card"), "card"),
        ("portal:history", _("History"), "list"),
        ("portal:profile", _("Profile"), "user"),
    )
    addresses = [(reverse(name, args=[slug]), label, icon) for name, label, icon in pages]
    return {
        "program": program,
        "logo_url": logos.address_of(program),
        "home_url": addresses[0][0],
        "language_url": reverse("portal:language", args=[slug]),
        "brand_url": f"{reverse('portal:brand', args=[slug])}?v={brands.version(program.brand)}",
        "navigation": [
            {"url": url, "label": label, "icon": icon, "current": url == request.path}
            for url, label, icon in addresses
        ],
    } | context


@contextmanager
def _at_home(request: HttpRequest, program: Program, member: Member | None) -> Iterator[None]:
    """The program's scope and time zone, and the language of this reader."""
    language = language_of(request, program, member)
    translation.activate(language)
    request.LANGUAGE_CODE = language
    with scope(program=program), timezone.override(program.zone):
        yield


def language_of(request: HttpRequest, program: Program, member: Member | None) -> str:
    """What was chosen in this browser, else the member's language, the browser's, the program's."""
    spoken = dict(settings.LANGUAGES)
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    own = member.language if member else ""
    browsers = translation.get_language_from_request(request) if "accept-language" in request.headers else ""
    wanted = [chosen, own, browsers if browsers in program.languages else "", *program.languages]
    return next((language for language in wanted if language in spoken), settings.LANGUAGE_CODE)
