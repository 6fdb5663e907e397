"""The till: who is it, how much, what did it give. A script sends the same forms and gets the same words as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from allauth.core.internal import ratelimit
from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from members import access, queries
from members.access import StaffRequest
from members.models import Program, Role, Store
from rewards import catalogue, intake
from rewards.coupons.refusals import CodeInvalid
from rewards.giftcards import guessing
from rewards.models import TillAction
from rewards.till import actions, coupons, handing, lookups, orders
from rewards.till.actions import Tap
from rewards.views.till import setup, words
from rewards.views.till.door import TooManyRequests, refuse, till_view, wants_json
from rewards.views.till.forms import FindForm, JoinForm, PreviewForm, SaleForm, TapForm, UndoForm

TEMPLATE = "rewards/till/till.html"
STORE_COOKIE = "wafa_till_store"
# By cashier and program: more than a queue needs, and few enough that nobody reads through the members.
RATES = {"find": "60/m/key,600/h/key", "act": "120/m/key", "preview": "240/m/key"}
# A reward is handed over on a page of its own: see redeeming.py.
KINDS = ("sale", "join", "undo")


class Unreadable(DomainError):
    code = "invalid"


class CouponFirst(DomainError):
    code = "till_coupon_first"
    message = _lazy("This is a coupon. Say first who is served, then enter it with the sale.")


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """/till/ leads to the only till that is open to this user, or to the choice of programs."""
    if not request.user.is_authenticated:
        return access.to_sign_in(request)
    teams = [team for team in queries.teams_of(user=request.user) if team.role != Role.ANALYST]
    if len(teams) == 1:
        return redirect("rewards:till", teams[0].program.slug)
    return redirect("members:programs")


@require_safe
@till_view
def till(request: StaffRequest, program: Program) -> HttpResponse:
    """The till before anybody is served. What a browser keeps of it for a bad network holds no member's data."""
    return page_of(request, program, "join" if request.GET.get("step") == "join" else "find")


@sensitive_post_parameters("q")
@require_POST
@till_view
def find(request: StaffRequest, program: Program) -> HttpResponse:
    """Somebody by exactly what was typed or scanned."""
    form = FindForm(request.POST)

    def work() -> HttpResponse:
        check(form)
        throttle(request, program, "find")
        typed = form.cleaned_data["q"]
        if handing.looks_like_code(typed):
            return _to_reward(request, program, typed)
        member = lookups.find(program=program, typed=typed, by=request.user, now=clock.now())
        who = words.greet(program=program, member=member)
        if wants_json(request):
            return JsonResponse({"who": asdict(who)})
        return page_of(request, program, "sale", who=who)

    return _answer(request, program, work, "find", find_form=form)


@require_POST
@till_view
def act(request: StaffRequest, program: Program, kind: str) -> HttpResponse:
    """A sale, a joining or an undoing, once for each key however often it is sent."""
    if kind not in KINDS:
        raise Http404
    form = _form(request, program, kind)

    def work() -> HttpResponse:
        check(form)
        throttle(request, program, "act")
        action = _perform(request, program, form, kind)
        return tell(request, program, action)

    step = {"sale": "sale", "join": "join"}.get(kind, "find")
    return _answer(request, program, work, step, **{f"{kind}_form": form})


@require_POST
@till_view
def preview(request: StaffRequest, program: Program) -> HttpResponse:
    """What the sale would give; nothing is written (23)."""
    form = PreviewForm(request.POST, program=program)

    def work() -> HttpResponse:
        check(form)
        throttle(request, program, "preview")
        now = clock.now()
        member = lookups.at_number(program=program, number=form.cleaned_data["number"])
        item = orders.as_order(program=program, sale=form.sale, member=member, key=uuid.uuid4(), at=now)
        found = intake.preview(program=program, item=item, now=now)
        coupons.watch(
            program=program, cashier=request.user, codes=form.sale.codes, work=lambda: found.outcome
        )
        guessing.watch(f"cashier:{request.user.pk}", item, lambda: found.outcome)
        if found.outcome.status == "refused":
            raise orders.SaleInvalid(found.outcome.message or None, field=found.outcome.field or None)
        told = words.foresee(program=program, found=found)
        html = render_to_string("rewards/till/parts/foreseen.html", {"told": told}, request)
        return JsonResponse({"give": told["give"], "html": html})

    try:
        return work()
    except DomainError as error:
        return refuse(error)


@require_POST
@till_view
def store(request: StaffRequest, program: Program) -> HttpResponse:
    """The store in which this device stands, kept in its browser."""
    code = request.POST.get("store", "")
    if not Store.objects.filter(program=program, code=code, is_active=True).exists():
        raise Http404
    here = reverse("rewards:till", args=[program.slug])
    response = redirect(here)
    response.set_cookie(
        STORE_COOKIE,
        code,
        max_age=365 * 86400,
        path=here,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _to_reward(request: StaffRequest, program: Program, typed: str) -> HttpResponse:
    now = clock.now()
    try:
        one = handing.find(program=program, typed=typed, now=now)
    except CodeInvalid as error:
        coupon = coupons.find(program=program, typed=typed, cashier=request.user, now=now)
        if wants_json(request):
            return JsonResponse({"coupon": catalogue.name_of(coupon.names, coupon.key), "code": typed})
        raise CouponFirst(field="q") from error
    token = handing.token_of(redemption=one, cashier=request.user)
    go = reverse("rewards:till_redeem", args=[program.slug, token])
    return JsonResponse({"go": go}) if wants_json(request) else redirect(go)


def _form(request: StaffRequest, program: Program, kind: str) -> TapForm:
    if kind == TillAction.Kind.SALE:
        return SaleForm(request.POST, program=program)
    return JoinForm(request.POST) if kind == TillAction.Kind.JOIN else UndoForm(request.POST)


def _perform(request: StaffRequest, program: Program, form: TapForm, kind: str) -> TillAction:
    found, now = form.cleaned_data, clock.now()
    tap = Tap(found["key"], request.user, found["cashier"], found["at"])
    if isinstance(form, SaleForm):
        return actions.sell(
            program=program,
            tap=tap,
            number=found["number"],
            joined=found["joined"],
            sale=form.sale,
            now=now,
            passcode=found["passcode"],
        )
    if kind == TillAction.Kind.JOIN:
        # It tells whether somebody is a member, so it counts as looking them up.
        throttle(request, program, "find")
        return actions.join(
            program=program,
            tap=tap,
            name=found["name"],
            contact=found["contact"],
            referral_code=found["referral_code"].strip(),
            language=get_language() or "",
            now=now,
        )
    is_manager = access.may(request.team.role, Role.MANAGER)
    return actions.undo(program=program, tap=tap, of=found["of"], is_manager=is_manager, now=now)


def tell(request: StaffRequest, program: Program, action: TillAction) -> HttpResponse:
    told = words.tell(program=program, action=action, now=clock.now())
    if wants_json(request):
        html = render_to_string("rewards/till/parts/done.html", {"told": told, "program": program}, request)
        until = told.left_until.isoformat() if told.left_until else ""
        return JsonResponse({"short": told.short, "html": html, "until": until, "who": asdict(told.who)})
    if action.kind == TillAction.Kind.JOIN:
        return page_of(request, program, "sale", who=told.who, notice=told.headline)
    return page_of(request, program, "done", told=told)


def check(form: forms.Form) -> None:
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Unreadable(str(errors[0]), field=field)


def throttle(request: StaffRequest, program: Program, action: str) -> None:
    key = f"{program.pk}:{request.user.pk}"
    if not ratelimit.consume(request, app="till", action=action, config=RATES, key=key):
        raise TooManyRequests(_("Too many at once. Wait a minute, then go on."))


def _answer(
    request: StaffRequest, program: Program, work: Callable[[], HttpResponse], step: str, **context: Any
) -> HttpResponse:
    """What the work gives, or why it was refused: for a script as JSON, else on the page where it was typed."""
    try:
        return work()
    except DomainError as error:
        if wants_json(request):
            return refuse(error)
        if step == "sale":
            context["who"] = _served(program, request)
        page = "find" if step == "sale" and context["who"] is None else step
        return page_of(request, program, page, problem=error, status=error.status, **context)


def _served(program: Program, request: StaffRequest) -> words.Who | None:
    """Who was to be served, for the page that says why not. It shows somebody, so it counts as looking them up."""
    number = request.POST.get("number", "")[:12]
    try:
        throttle(request, program, "find")
        member = lookups.find(program=program, typed=number, by=request.user, now=clock.now())
    except DomainError:
        return None
    return words.who(program=program, member=member)


def page_of(
    request: StaffRequest, program: Program, step: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    frame = setup.frame(request, program, chosen=request.COOKIES.get(STORE_COOKIE, ""))
    # Forms without script carry a key of their own.
    tap = {"key": uuid.uuid4(), "at": clock.now().isoformat(), "undo_key": uuid.uuid4()}
    return render(request, TEMPLATE, {**frame, "step": step, "tap": tap, **context}, status=status)
