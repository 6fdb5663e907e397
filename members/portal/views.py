"""Sign-in by a code, sign-out, and the shop's colours. No page says whether an address is a member's."""

from __future__ import annotations

from functools import partial

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_scopes import scope

from loyaltysite.kit import clock
from members.models import Logo, Program
from members.portal import attempts, brands, codes, devices, people
from members.portal.codes import Purpose
from members.portal.entrance import frame, member_of, open_page
from members.portal.forms import AddressForm, CodeForm


@require_GET
def root(request: HttpRequest) -> HttpResponse:
    """/p/ alone leads to the portal where there is just one; a list of all would tell who the tenants are."""
    slugs = list(Program.objects.order_by("-is_demo", "pk").values_list("slug", flat=True)[:2])
    if len(slugs) != 1:
        raise Http404
    return redirect("portal:home", slugs[0])


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def sign_in(request: HttpRequest, program: Program) -> HttpResponse:
    then = attempts.safe(program, request.POST.get("next") or request.GET.get("next") or "")
    if member_of(request, program) is not None:
        return redirect(then)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if not attempts.may_ask(request, program=program, contact=email):
            form.add_error(None, _("Too many requests. Wait a quarter of an hour, then try again."))
            return _door(request, program, "sign_in", form=form, then=then, status=429)
        attempt = codes.begin(program=program, email=email, language=get_language() or "", then=then)
        attempts.send(program, attempt)
        response = redirect("portal:confirm", program.slug)
        attempts.remember(response, program, attempt)
        return response
    return _door(request, program, "sign_in", form=form, then=then, status=422 if form.errors else 200)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def confirm(request: HttpRequest, program: Program) -> HttpResponse:
    attempt = attempts.current(request, program, Purpose.SIGN_IN, Purpose.JOIN)
    if attempt is None:
        return _start_again(request, program)
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if not attempts.is_allowed(request, "try", program=program):
            form.add_error(None, _("Too many tries. Wait a few minutes, then try again."))
            status = 429
        elif form.is_valid():
            try:
                codes.redeem(attempt=attempt, typed=form.cleaned_data["code"])
            except codes.CodeEnded:
                return _start_again(request, program)
            except codes.CodeWrong as error:
                form.add_error("code", str(error))
            else:
                return _let_in(request, program, attempt)
    shown = codes.shown(program=program, attempt=attempt)
    context = {
        "form": form,
        "email": attempt.email,
        "then": attempt.then,
        "minutes": codes.MINUTES,
        "demo_code": shown,
        "attempt": attempt,
    }
    return _door(request, program, "confirm", status=status, **context)


@require_POST
@open_page
def sign_out(request: HttpRequest, program: Program) -> HttpResponse:
    logout(request)
    return redirect("portal:sign_in", program.slug)


@require_GET
def brand(request: HttpRequest, slug: str) -> HttpResponse:
    """The program's colours; under its version a browser may keep it for ever."""
    color = get_object_or_404(Program, slug=slug).brand
    response = HttpResponse(brands.sheet(color), content_type="text/css; charset=utf-8")
    if request.GET.get("v") == brands.version(color):
        patch_cache_control(response, public=True, max_age=365 * 86400, immutable=True)
    else:
        patch_cache_control(response, no_cache=True)
    return response


@require_GET
def logo(request: HttpRequest, slug: str) -> HttpResponse:
    """The program's logo; under its version a browser may keep it for ever, else it asks whether it changed."""
    program = get_object_or_404(Program, slug=slug)
    with scope(program=program):
        found = get_object_or_404(Logo, program=program)
    response = get_conditional_response(request, etag=f'"{found.digest[:16]}"')
    response = response or HttpResponse(bytes(found.content), content_type=found.content_type)
    response["ETag"] = f'"{found.digest[:16]}"'
    if request.GET.get("v") == found.digest[:16]:
        patch_cache_control(response, public=True, max_age=365 * 86400, immutable=True)
    else:
        patch_cache_control(response, no_cache=True)
    return response


def _let_in(request: HttpRequest, program: Program, attempt: codes.Attempt) -> HttpResponse:
    """allauth signs in: it turns the session's key round, asks for a second factor where there is one, keeps a record."""
    now, is_joining = clock.now(), attempt.purpose == Purpose.JOIN
    if is_joining:
        knows = partial(devices.knows, request, program)
        user = people.enroll(program=program, attempt=attempt, now=now, knows=knows)
    else:
        user = people.prove(program=program, email=attempt.email, now=now)
    if user is None:
        # They have shown whose the address is, so that the answer may say what there is.
        if is_joining:
            messages.warning(request, _("This card is closed. Ask at the shop."))
        return _start_again(request, program) if not is_joining else redirect("portal:sign_in", program.slug)
    if request.user.is_authenticated and request.user.pk != user.pk:
        # Signing in empties another user's session, and with it what is recorded here.
        logout(request)
    record_authentication(request, user, method="code", email=attempt.email)
    login = Login(user=user, email=attempt.email, redirect_url=attempts.safe(program, attempt.then))
    response: HttpResponse = perform_login(request, login)
    attempts.forget(response, program)
    home = attempts.home_of(program)
    devices.remember(request, response, program=program, email=attempt.email, path=home)
    return response


def _start_again(request: HttpRequest, program: Program) -> HttpResponse:
    messages.warning(request, str(codes.CodeEnded.message))
    response = redirect("portal:sign_in", program.slug)
    attempts.forget(response, program)
    return response


def _door(
    request: HttpRequest, program: Program, page: str, *, status: int, **context: object
) -> HttpResponse:
    return render(request, f"members/portal/{page}.html", frame(request, program, **context), status=status)
