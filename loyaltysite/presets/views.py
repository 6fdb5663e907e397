"""The gallery of presets, and a program made from one with a click."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from loyaltysite.presets import collection, comparison, founding
from loyaltysite.presets.forms import FoundingForm, first_words
from members import access, audit, queries
from members.models import Program, Role, User


def founder_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for who may make programs; strangers sign in, for all others it does not exist. Whose program asks for a
    second factor has it here too, and to make a program one shows once more who it is."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return access.to_sign_in(request)
        if not access.may_make_programs(request.user):
            raise Http404
        access.speak(request)
        asking = access.asks_for_second_factor(request.user)
        if asking is not None:
            return access.to_second_factor(request, asking)
        if request.method == "POST" and not access.is_fresh(request):
            return access.to_confirm(request)
        token = audit.address.set(request.META.get("REMOTE_ADDR") or None)
        try:
            return view(request, *args, **kwargs)
        finally:
            audit.address.reset(token)

    return page


@never_cache
@require_safe
@founder_view
def gallery(request: HttpRequest) -> HttpResponse:
    """What there is, compared, each made with one click."""
    like, presets = _like(request), list(collection.PRESETS.values())
    context = {
        "choices": [
            (preset, FoundingForm(initial=first_words(preset, like=like), auto_id=False))
            for preset in presets
        ],
        "comparison": list(comparison.rows(presets)),
    }
    return render(request, "presets/gallery.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@founder_view
def new(request: HttpRequest, key: str) -> HttpResponse:
    """Name and address of the program, then the program itself."""
    try:
        preset = collection.find(key)
    except NotFound as error:
        raise Http404 from error
    form = FoundingForm(request.POST or None, initial=first_words(preset, like=_like(request)))
    if request.method == "POST" and form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        try:
            program = founding.create(
                preset=preset,
                owner=user,
                by=user,
                now=clock.now(),
                languages=_languages(user),
                **form.cleaned_data,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("%(name)s is ready.") % {"name": program.name})
            return redirect("analytics:home", program.slug)
    status = 422 if form.errors else 200
    return render(request, "presets/new.html", {"preset": preset, "form": form}, status=status)


def _like(request: HttpRequest) -> Program | None:
    """A program that the user owns, for the money and the clock."""
    teams = queries.teams_of(user=request.user)  # type: ignore[arg-type]
    return next((team.program for team in teams if team.role == Role.OWNER), None)


def _languages(user: User) -> list[str]:
    """All four; the user's own is the main one."""
    main = user.language if user.language in founding.LANGUAGES else founding.LANGUAGES[0]
    return [main, *(language for language in founding.LANGUAGES if language != main)]
