"""Coupons for staff: what each gives, how often it was used and what it cost; put up, ended, given to one member."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Member, Order, Program, Role
from members.views import frame
from rewards import catalogue
from rewards.coupons import coupons as domain
from rewards.coupons import own
from rewards.models import Code, CodePool, Coupon, CouponUse
from rewards.pools import signs
from rewards.views.coupons import words
from rewards.views.coupons.forms import GiveForm

SHOWN = 20
State = Coupon.State
BADGES = {State.DRAFT: "draft", State.LIVE: "good", State.ENDED: ""}
TURNS = {State.LIVE: 0, State.DRAFT: 1, State.ENDED: 2}


@require_safe
@program_view(role=Role.ANALYST)
def coupons(request: StaffRequest, program: Program) -> HttpResponse:
    """The live ones first, then drafts, then what is over."""
    found = list(Coupon.objects.filter(program=program).order_by("-created_at", "-pk"))
    found.sort(key=lambda coupon: TURNS[State(coupon.state)])
    used = _used(found)
    rows = [
        {
            "coupon": coupon,
            "name": catalogue.name_of(coupon.names, coupon.key),
            "gives": words.gives(coupon, program),
            "badge": BADGES[State(coupon.state)],
            "uses": used.get(coupon.pk, (0, 0))[0],
            "discount_minor": used.get(coupon.pk, (0, 0))[1],
        }
        for coupon in found
    ]
    context = {
        "rows": rows,
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="coupons"),
    }
    return render(request, "rewards/dashboard/coupons/list.html", context)


@require_safe
@program_view(role=Role.ANALYST)
def coupon(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """One coupon."""
    return _page(request, program, find(program, key), GiveForm())


@require_POST
@program_view(role=Role.MANAGER)
def coupon_move(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """Put it up, or end it."""
    one = find(program, key)
    is_ending = request.POST.get("to") == State.ENDED
    move = domain.end if is_ending else domain.publish
    try:
        move(program=program, key=one.key, by=request.user, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The coupon has ended.") if is_ending else _("Its codes work now."))
    return redirect("rewards:coupon", program.slug, key)


@require_POST
@program_view(role=Role.MANAGER)
def coupon_give(request: StaffRequest, program: Program, key: str) -> HttpResponse:
    """A code of their own for one member, who finds it on the portal."""
    one, form = find(program, key), GiveForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data["number"].replace(" ", "")
        member = Member.objects.filter(program=program, number=typed, state=Member.State.ACTIVE).first()
        if member is None:
            form.add_error("number", _("There is no such member."))
        else:
            try:
                own.give(program=program, member=member, coupon=key, by=request.user, now=clock.now())
            except DomainError as error:
                error.field = "number"
                refuse(form, error)
            else:
                messages.success(request, _("The member finds the code on the portal."))
                return redirect("rewards:coupon", program.slug, key)
    return _page(request, program, one, form, status=422)


def find(program: Program, key: str) -> Coupon:
    found = Coupon.objects.filter(program=program, key=key).select_related("pool").first()
    if found is None:
        raise Http404
    return found


def _used(found: list[Coupon]) -> dict[int, tuple[int, int]]:
    """How often each holds at present, and what it took off altogether."""
    rows = CouponUse.objects.filter(coupon__in=found, given_back_at__isnull=True).values("coupon_id")
    rows = rows.annotate(times=Count("pk"), off=Sum("discount_minor"))
    return {row["coupon_id"]: (row["times"], row["off"]) for row in rows}


def _word(one: Coupon) -> str:
    """The code that everybody types, where there is one."""
    codes = list(Code.objects.filter(pool=one.pool_id, member__isnull=True, sealed__isnull=False)[:2])
    if one.pool.use == CodePool.Use.SINGLE or len(codes) != 1:
        return ""
    return signs.unseal(program_id=one.program_id, sealed=bytes(codes[0].sealed or b""))


def _uses(one: Coupon) -> list[dict[str, Any]]:
    rows = list(CouponUse.objects.filter(coupon=one).select_related("member").order_by("-at", "-pk")[:SHOWN])
    numbers = dict(
        Order.objects.filter(pk__in=[row.order_id for row in rows]).values_list("pk", "external_id")
    )
    return [{"use": row, "order": numbers.get(row.order_id, "")} for row in rows]


def _page(
    request: StaffRequest, program: Program, one: Coupon, form: GiveForm, *, status: int = 200
) -> HttpResponse:
    uses, off = _used([one]).get(one.pk, (0, 0))
    name = catalogue.name_of(one.names, one.key)
    may_edit = access.may(request.team.role, Role.MANAGER) and one.state != State.ENDED
    is_ours = one.pool.source == CodePool.Source.OURS
    context = {
        "coupon": one,
        "name": name,
        "badge": BADGES[State(one.state)],
        "pairs": words.pairs(one, program),
        "terms": catalogue.name_of(one.terms),
        "word": _word(one),
        "count": uses,
        "discount_minor": off,
        "uses": _uses(one),
        "form": form,
        "may_edit": may_edit,
        "may_give": may_edit and is_ours and one.pool.is_open,
        "is_draft": one.state == State.DRAFT,
        "is_live": one.state == State.LIVE,
        **frame.around(request.team, current="coupons", crumbs=[("", name)]),
    }
    return render(request, "rewards/dashboard/coupons/coupon.html", context, status=status)
