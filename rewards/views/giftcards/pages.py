"""Gift cards for staff: what is on them, a new one, and one with its moves and what can be done."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from loyaltysite.kit.forms import refuse
from members import access, audit
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame
from rewards import queries
from rewards.giftcards import issuing, moves
from rewards.models import Entry, GiftCard
from rewards.views.giftcards.forms import DeedForm, IssueForm

SIZE, MOVES = 50, 50
ACTIVE, BLOCKED = GiftCard.State.ACTIVE, GiftCard.State.BLOCKED


@require_safe
@program_view(role=Role.ANALYST)
def gift_cards(request: StaffRequest, program: Program) -> HttpResponse:
    """The latest first; `q` looks for the last signs of a code or a reference."""
    sought = request.GET.get("q", "").strip()[:128]
    rows = GiftCard.objects.filter(program=program).select_related("unit", "member")
    if sought:
        ending = sought[-4:].upper()
        rows = rows.filter(ending=ending) | rows.filter(reference=sought)
    cards = list(rows.order_by("-issued_at", "-pk")[:SIZE])
    left = moves.left_on(cards, now=clock.now())
    context = {
        "rows": [_row(card, left[card.pk]) for card in cards],
        "sought": sought,
        "has_unit": any(unit.is_money for unit in queries.units_of(program)),
        "may_edit": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="gift_cards"),
    }
    return render(request, "rewards/dashboard/giftcards/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.MANAGER)
def gift_card_new(request: StaffRequest, program: Program) -> HttpResponse:
    form = IssueForm(request.POST or None, program=program)
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data
        try:
            card = issuing.issue(
                program=program,
                value_minor=found["value"],
                key=f"staff:{request.POST.get('key', '')[:64] or uuid.uuid4().hex}",
                now=clock.now(),
                last_day=found["last_day"],
                member=found["member"],
                reference=found["reference"],
                by=request.team,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The card is issued."))
            return redirect("rewards:gift_card", program.slug, card.pk)
    crumbs = [("", _("Issue a gift card"))]
    context = {
        "form": form,
        "key": request.POST.get("key") or uuid.uuid4().hex,
        **frame.around(request.team, current="gift_cards", crumbs=crumbs),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/giftcards/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@program_view(role=Role.ANALYST)
def gift_card(request: StaffRequest, program: Program, card_id: int) -> HttpResponse:
    """One card; a POST by a manager does something about it."""
    card = _find(program, card_id)
    may_edit = access.may(request.team.role, Role.MANAGER)
    form = DeedForm(request.POST or None, program=program)
    code = ""
    if request.method == "POST":
        if not may_edit:
            return access.refuse(request, request.team, Role.MANAGER)
        if form.is_valid():
            try:
                code = _do(request, program, card, form.cleaned_data)
            except DomainError as error:
                refuse(form, error)
            else:
                if not code:
                    messages.success(request, _("Saved."))
                    return redirect("rewards:gift_card", program.slug, card.pk)
    row = _row(card, moves.left_on([card], now=clock.now())[card.pk])
    context = {
        **row,
        "form": form,
        "code": code,
        "moves": _moves(card),
        "may_edit": may_edit,
        "key": uuid.uuid4().hex,
        **frame.around(request.team, current="gift_cards", crumbs=[("", f"…{card.ending}")]),
    }
    status = 422 if form.errors else 200
    return render(request, "rewards/dashboard/giftcards/one.html", context, status=status)


def _do(request: StaffRequest, program: Program, card: GiftCard, asked: dict[str, Any]) -> str:
    """The code where it was asked for. Raises DomainError."""
    now, reason = clock.now(), asked["reason"]
    if asked["do"] == "show":
        audit.record(
            program=program, actor=request.user, action="giftcard.show", subject="giftcard", subject_id=str(card.pk),
            now=now,
        )  # fmt: skip
        return issuing.code_of(card)
    if asked["do"] == "top_up":
        moves.top_up(
            program=program,
            card_id=card.pk,
            money_minor=asked["money"] or 0,
            reason=reason,
            key=f"staff:{request.POST.get('key', '')[:64] or uuid.uuid4().hex}",
            now=now,
            by=request.team,
        )
        return ""
    turn = moves.block if asked["do"] == "block" else moves.unblock
    turn(program=program, card_id=card.pk, reason=reason, now=now, by=request.user)
    return ""


def _find(program: Program, card_id: int) -> GiftCard:
    rows = GiftCard.objects.filter(program=program).select_related("unit", "member", "redemption__reward")
    found = rows.filter(pk=card_id).first() if card_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def _row(card: GiftCard, left: int) -> dict[str, Any]:
    is_over = not left and card.ends_at is not None and card.ends_at <= clock.now()
    state, badge = str(card.get_state_display()), "good"
    if card.state == BLOCKED:
        badge = "bad"
    elif is_over:
        state, badge = _("Over"), ""
    elif not left:
        state, badge = _("Used up"), ""
    return {"card": card, "left_minor": left, "state": state, "badge": badge}


def _moves(card: GiftCard) -> list[dict[str, Any]]:
    entries = Entry.objects.filter(wallet__holder_id=card.pk).order_by("-seq")[:MOVES]
    return [
        {
            "kind": entry.kind,
            "text": _text_of(entry),
            "at": entry.at,
            "change": formats.format_units(entry.active_change, card.unit, sign=True),
            "after": formats.format_units(entry.active, card.unit),
        }
        for entry in entries
    ]


def _text_of(entry: Entry) -> str:
    if entry.seq == 1:
        return _("Issued")
    texts = {
        "spend": _("Paid with it"),
        "restore": _("Refund"),
        "transfer_out": _("Claimed by a member"),
        "adjust": _("Put back by the team") if entry.active_change > 0 else _("Taken back by the team"),
    }
    return texts.get(entry.kind, str(entry.get_kind_display()))
