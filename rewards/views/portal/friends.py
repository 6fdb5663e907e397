"""A member brings friends: the own link with ways to share it, how far each friend has come, and the friend's own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal import attempts, joining
from members.portal.entrance import frame, member_page, open_page
from rewards.models import Referral, ReferralLink
from rewards.referrals import decisions, links, schemes
from rewards.views.referrals import words

SHOWN = 50
# Link previews are made by machines, which do not say that they show a document to somebody.
BY_A_PERSON = "document"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to send the link on: a plain link that opens the reader's own app."""

    name: str
    url: str
    icon: str


@require_safe
@member_page
def friends(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """The own link, what it brings, and everybody who came by it."""
    scheme = schemes.of(program)
    context: dict[str, Any] = {"member": member, "scheme": scheme, "came": came_by(program, member)}
    if scheme.is_on:
        link = links.of(member=member, now=clock.now())
        url = request.build_absolute_uri(links.path_of(link, program))
        context |= {
            "link": link,
            "url": url,
            "ways": _ways(program, url, words.prize(program, scheme.friend_prize)),
            "shown": ReferralLink.Shown.choices,
            **prizes(program),
        }
    context["told"] = [words.to_referrer(program, each) for each in _brought(member)]
    return render(request, "rewards/portal/friends.html", frame(request, program, **context))


@require_POST
@member_page
def friends_name(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    """How much of the name a friend may see."""
    shown = request.POST.get("shown", "")
    if schemes.of(program).is_on and shown in ReferralLink.Shown.values:
        links.show(member=member, shown=shown, now=clock.now())
        messages.success(request, _("Kept."))
    return redirect("portal:friends", program.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def invitation(request: HttpRequest, program: Program, code: str) -> HttpResponse:
    """Where a friend's link leads: who sent it as far as they allow, what is given, and the form to join. A link that
    leads nowhere is the plain page to join, whatever it is."""
    link = None
    if attempts.is_allowed(request, "invite", program=program) and schemes.of(program).is_on:
        link = links.find(program=program, code=code)
    if link is None:
        return redirect("portal:join", program.slug)
    if request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == BY_A_PERSON:
        links.count_visit(link)
    return joining.answer(
        request,
        program,
        page="rewards/portal/invitation.html",
        invitation=link.code,
        code=link.code,
        name=links.name_of(link),
        scheme=schemes.of(program),
        **prizes(program),
    )


def prizes(program: Program) -> dict[str, str]:
    """What each of the two gets, in words."""
    scheme = schemes.of(program)
    return {
        "for_referrer": words.prize(program, scheme.referrer_prize),
        "for_friend": words.prize(program, scheme.friend_prize),
    }


def glance(program: Program, member: Member) -> dict[str, Any]:
    """What the first page says of it; one statement where there never were referrals."""
    scheme = schemes.find(program)
    if scheme is None:
        return {}
    return {
        "is_on": scheme.is_on,
        # What is done, or was refused, is told on the page of friends.
        "came": came_by(program, member, open_only=True),
        **(prizes(program) if scheme.is_on else {}),
    }


def came_by(program: Program, member: Member, *, open_only: bool = False) -> words.Told | None:
    """How far the member's own gift has come, for who was brought by a friend."""
    mine = Referral.objects.filter(friend=member).first()
    if mine is not None and open_only and mine.state not in decisions.OPEN:
        return None
    return words.to_friend(program, mine) if mine is not None else None


def _brought(member: Member) -> list[Referral]:
    rows = Referral.objects.filter(Q(referrer=member) | Q(referrer__merged_into=member))
    return list(rows.order_by("-joined_at", "-pk")[:SHOWN])


def _ways(program: Program, url: str, gift: str) -> list[Way]:
    text = _("Join %(shop)s with my link.") % {"shop": program.name}
    if gift:
        text = _("Join %(shop)s with my link and get %(prize)s.") % {"shop": program.name, "prize": gift}
    whole, subject = quote(f"{text} {url}"), quote(program.name)
    return [
        Way(_("E-mail"), f"mailto:?subject={subject}&body={whole}", "mail"),
        Way(_("SMS"), f"sms:?&body={whole}", "out"),
        Way("WhatsApp", f"https://wa.me/?text={whole}", "out"),
        Way("Telegram", f"https://t.me/share/url?url={quote(url, safe='')}&text={quote(text)}", "out"),
    ]
