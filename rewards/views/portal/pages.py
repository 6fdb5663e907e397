"""The member's own pages: card and balance, history with its reasons, every lot with its last day. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyaltysite.kit import clock, formats
from members.models import Member, Program
from members.portal import placements
from members.portal.entrance import frame, member_page
from rewards import histories, queries, reinstatements, sendings
from rewards.households import places
from rewards.redemptions import shelf
from rewards.views.portal import (
    badges,
    balances,
    climbs,
    drawings,
    friends,
    plans,
    stampcards,
    stories,
    surprised,
    uses,
)

LATELY, PAGE, TIE = 5, 20, 200
GROUP = 4
SHOWN_ENDINGS = 6


@require_safe
@member_page
def home(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    found = balances.of(program=program, member=member, now=now)
    unit = found[0].unit if found else None
    unused = [] if found else queries.units_of(program)
    endings = found[0].dates if found else []
    if endings and endings[0].is_soon:
        # What to do about it costs a look at the catalogue, so only where it is time.
        _suggest(program, member, found[:1], now)
    lines = histories.lines_of(program=program, member=member, limit=LATELY)
    context = {
        "member": member,
        "code": grouped(member.number),
        "qr": qr(member.number),
        "balance": found[0] if found else None,
        "others": found[1:],
        "nothing_of": formats.unit_name(0, unused[0]) if unused else "",
        "stamp_cards": stampcards.of(program=program, balances=found, now=now, unused=unused),
        "endings": endings[:SHOWN_ENDINGS],
        "more_endings": max(0, len(endings) - SHOWN_ENDINGS),
        "climb": climbs.of(program=program, member=member, now=now, unit=unit),
        "membership": plans.tell(
            program=program, member=member, now=now, known={each.unit.key: each.unit for each in found}
        ),
        "greeting": greeting(member, now),
        "invited_home": places.invitations_for(member, now=now).exists(),
        "sent_to_me": sendings.waiting_for(member, now=now).exists(),
        "stories": stories.tell(program=program, lines=lines),
        "referrals": friends.glance(program, member),
        "badges": badges.glance(program, member, now),
        "surprises": surprised.unseen(program, member),
        "placements": placements.of(program=program, member=member, now=now),
    }
    return render(request, "rewards/portal/home.html", frame(request, program, **context))


@require_safe
@member_page
def card(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    context = {"member": member, "code": grouped(member.number), "qr": qr(member.number)}
    return render(request, "rewards/portal/card.html", frame(request, program, **context))


@require_safe
@member_page
def lots(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    now = clock.now()
    found = balances.of(program=program, member=member, now=now)
    today, visits = timezone.localdate(now), uses.visits_of(program=program, member=member)
    for balance in found:
        balance.advice = uses.tell(program=program, balance=balance, visits=visits, today=today)
    _suggest(program, member, [balance for balance in found if balance.dates], now)
    offers = reinstatements.offers(
        program=program, member=member, now=now, units=[balance.unit for balance in found]
    )
    context = {
        "member": member,
        "balances": found,
        "today": today,
        "offers": offers,
        "may_share": any(balance.unit.is_shared for balance in found),
        "may_send": any(balance.usable and balance.unit.transfer_limit for balance in found),
        "waiting": sendings.waiting_for(member, now=now).exists(),
    }
    return render(request, "rewards/portal/lots.html", frame(request, program, **context))


def _suggest(program: Program, member: Member, found: Sequence[balances.Balance], now: datetime) -> None:
    """Say in each balance which reward what ends next is best used for."""
    offers = shelf.offers(program=program, member=member, now=now) if found else []
    if not offers:
        return
    known = {unit.key: unit for unit in queries.units_of(program)}
    for balance in found:
        balance.uses = uses.suggest(program=program, balance=balance, offers=offers, known=known)


@require_safe
@member_page
def history(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    before = _moment(request.GET.get("before", ""))
    lines, has_more = _page(program, member, before)
    earlier = ""
    if has_more:
        query = urlencode({"before": lines[-1].entry.posted_at.isoformat()})
        earlier = f"{reverse('portal:history', args=[program.slug])}?{query}"
    context = {
        "member": member,
        "stories": stories.tell(program=program, lines=lines),
        "earlier": earlier,
        "is_first": before is None,
    }
    return render(request, "rewards/portal/history.html", frame(request, program, **context))


def _page(
    program: Program, member: Member, before: datetime | None
) -> tuple[list[histories.HistoryLine], bool]:
    """A page of lines and whether to look for earlier ones. Pages go on from a moment, so what was posted at one
    moment is never parted."""
    lines = histories.lines_of(program=program, member=member, limit=PAGE + 1, before=before)
    if len(lines) <= PAGE:
        return lines, False
    last = lines[-1].entry.posted_at
    whole = [line for line in lines if line.entry.posted_at != last]
    if whole and len(whole) >= PAGE:
        return whole, True
    lines = histories.lines_of(program=program, member=member, limit=TIE, before=before)
    return [line for line in lines if line.entry.posted_at >= last], True


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if timezone.is_aware(found) else None


def greeting(member: Member, now: datetime) -> str:
    """Good morning, Amelia: by the clock of the shop, with the first word of the name."""
    hour = timezone.localtime(now).hour
    name = member.name.split(" ")[0] if member.name else ""
    if not name:
        return _("Welcome")
    if 5 <= hour < 12:
        text = _("Good morning, %(name)s")
    elif 12 <= hour < 18:
        text = _("Good afternoon, %(name)s")
    else:
        text = _("Good evening, %(name)s")
    return text % {"name": name}


def grouped(number: str) -> str:
    """1234 5678 9012"""
    return " ".join(number[at : at + GROUP] for at in range(0, len(number), GROUP))


def qr(number: str) -> SafeString:
    """The number for the scanner at the till. It says who the member is and opens nothing (38)."""
    return drawings.qr(number, label=_("QR code of your number"), error="q")
