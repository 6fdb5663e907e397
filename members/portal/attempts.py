"""Which attempt a browser is at: its random name in a cookie that only the portal of this program gets back."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from members import tasks
from members.models import Program
from members.portal import codes, devices
from members.portal.codes import Attempt, Purpose

COOKIE = "wafa_code"
COOKIES = {Purpose.LEAVE: "wafa_leave", Purpose.SEND: "wafa_send", Purpose.HOUSEHOLD: "wafa_household"}
# Kept in the cache that all processes share. For a code asks a place, a place for one address, and everybody together
# for one address: else one stranger could use up what its owner may ask for. A browser in which the owner has signed in
# before, and a session, have limits of their own, so that no number of strangers shuts anybody out.
RATES = {
    "ask": "30/h/ip",
    "ask-here": "5/15m/key,10/h/key",
    "ask-contact": "40/h/key",
    "ask-device": "5/15m/key",
    "leave": "5/15m/key",
    "try": "60/15m/ip",
    "verify": "60/h/ip",
    "download": "20/h/key",
    "redeem": "60/h/key",
    "donate": "60/h/key",
    "invite": "120/h/ip",
    "send": "10/h/key",
    "household": "60/h/key",
}


def is_allowed(request: HttpRequest, action: str, *, program: Program, key: str = "") -> bool:
    """Count a request of this kind; False once there were too many."""
    name = f"{program.pk}:{key}" if key else None
    return bool(ratelimit.consume(request, app="portal", action=action, config=RATES, key=name))


def may_ask(request: HttpRequest, *, program: Program, contact: str) -> bool:
    """Count the asking for a code to a contact in its normal form, whoever has it; False once there were too many."""
    device = devices.name_of(request, program=program, email=contact)
    if device:
        return is_allowed(request, "ask-device", program=program, key=f"{device}|{contact}")
    here = f"{ratelimit.get_ip(request)}|{contact}"
    return (
        is_allowed(request, "ask", program=program)
        and is_allowed(request, "ask-here", program=program, key=here)
        and is_allowed(request, "ask-contact", program=program, key=contact)
    )


def send(program: Program, attempt: Attempt) -> None:
    tasks.send_code.delay(program.pk, attempt.name)


def current(request: HttpRequest, program: Program, *purposes: Purpose) -> Attempt | None:
    """The attempt that this browser is at, if it is for one of these purposes."""
    attempt = codes.find(program=program, name=request.COOKIES.get(_name(purposes[0]), ""))
    return attempt if attempt and attempt.purpose in purposes else None


def remember(response: HttpResponse, program: Program, attempt: Attempt) -> None:
    response.set_cookie(
        _name(attempt.purpose),
        attempt.name,
        max_age=codes.MINUTES * 60,
        path=home_of(program),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget(response: HttpResponse, program: Program, purpose: str = Purpose.SIGN_IN) -> None:
    response.delete_cookie(_name(purpose), path=home_of(program))


def home_of(program: Program) -> str:
    return reverse("portal:home", args=[program.slug])


def safe(program: Program, then: str) -> str:
    """Where to go afterwards: a page of this portal, whatever the address says."""
    home = home_of(program)
    return then if then.startswith(home) and "\\" not in then and then.isprintable() else home


def _name(purpose: str) -> str:
    return COOKIES.get(Purpose(purpose), COOKIE)
