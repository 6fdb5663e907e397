"""Gift cards on the portal: those of a member, claiming one for the own credit, and what is on a card, for everybody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from members.portal import attempts
from members.portal.entrance import frame, member_page, open_page
from rewards.giftcards import codes, guessing, issuing, moves
from rewards.models import GiftCard
from rewards.views.portal import drawings
from rewards.views.portal.words import dated, last_day, say

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Mine:
    """A gift card as its owner sees it. `code` is empty where it pays nothing."""

    card: GiftCard
    left_minor: int
    code: str
    until: SafeString | str
    qr: SafeString | str


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def gift_cards(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """What the member has; a POST moves what is on a card to the member's own credit."""
    problem, status, typed = "", 200, ""
    if request.method == "POST":
        typed = request.POST.get("code", "")[:100]
        try:
            money = _claim(request, program, member, typed)
        except DomainError as error:
            problem, status = str(error), error.status
        else:
            messages.success(request, _("%(money)s are yours now.") % {"money": money})
            return redirect("portal:gift_cards", program.slug)
    context = {
        "member": member,
        "cards": _mine(program, member, clock.now()),
        "problem": problem,
        "typed": typed,
        "key": uuid.uuid4().hex,
    }
    return render(
        request, "rewards/portal/gift_cards.html", frame(request, program, **context), status=status
    )


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def gift_card(request: HttpRequest, program: Program) -> HttpResponse:
    """For everybody who has a card in hand: what is on it. Wrong and blocked codes answer alike."""
    context: dict[str, object] = {"navigation": [], "foot": False, "code": ""}
    status = 200
    if request.method == "POST":
        typed = context["code"] = request.POST.get("code", "")[:100]
        try:
            if not attempts.is_allowed(request, "verify", program=program):
                raise guessing.GuessesBlocked
            found = moves.look(program=program, code=typed, now=clock.now())
        except DomainError as error:
            context["error"], status = str(error), error.status
        else:
            context["found"] = found
            context["until"] = _until(found.card)
    return render(request, "rewards/portal/gift_card.html", frame(request, program, **context), status=status)


def _claim(request: HttpRequest, program: Program, member: Member, typed: str) -> str:
    """Raises DomainError."""
    key = f"portal:{request.POST.get('key', '')[:64] or uuid.uuid4().hex}"
    with guessing.counted(f"member:{member.pk}"):
        paid = moves.claim(program=program, code=typed, member=member, key=key, now=clock.now())
    return formats.format_money(paid.paid_minor, program.currency)


def _mine(program: Program, member: Member, now: datetime) -> list[Mine]:
    whose = Q(member=member) | Q(member__merged_into=member)
    rows = GiftCard.objects.filter(whose, program=program).select_related("unit")
    cards = list(rows.order_by("-issued_at", "-pk")[:SHOWN])
    left = moves.left_on(cards, now=now)
    return sorted((_told(card, left[card.pk]) for card in cards), key=lambda mine: not mine.code)


def _told(card: GiftCard, left: int) -> Mine:
    is_open = left > 0 and card.state == GiftCard.State.ACTIVE
    code = issuing.code_of(card) if is_open else ""
    label = _("QR code of this gift card")
    qr = drawings.qr(codes.clean(code), label=label, error="q") if code else ""
    return Mine(card, left, code, _until(card), qr)


def _until(card: GiftCard) -> SafeString | str:
    if card.ends_at is None:
        return _("without end")
    return say(_("until %(day)s"), day=dated(last_day(card.ends_at), "long"))
