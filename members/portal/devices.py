"""Browsers in which a member has signed in before: what strangers ask for does not use up what these may ask for.

The cookie opens nothing. It is signed and names no address: it holds a random name and keyed digests of the addresses
that were proven with it, which only this site can make and only this program gets back.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from members.models import Program

COOKIE = "wafa_device"
SALT = "members.portal.devices"
LIFE = 365 * 86400
# A family may share a browser.
MOST = 5


def name_of(request: HttpRequest, *, program: Program, email: str) -> str:
    """The random name of this browser, if the address was proven in it; else ""."""
    name, digests = _read(request)
    return name if _digest(program, email) in digests else ""


def knows(request: HttpRequest, program: Program, email: str) -> bool:
    """Whether the address was proven in this browser."""
    return bool(name_of(request, program=program, email=email))


def remember(
    request: HttpRequest, response: HttpResponse, *, program: Program, email: str, path: str
) -> None:
    """Note that the address was proven in this browser."""
    name, digests = _read(request)
    digest = _digest(program, email)
    kept = [digest, *(each for each in digests if each != digest)][:MOST]
    value = signing.dumps([name or secrets.token_urlsafe(12), *kept], salt=SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=LIFE,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget(response: HttpResponse, *, path: str) -> None:
    response.delete_cookie(COOKIE, path=path)


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        name, *digests = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError):
        return "", []
    return name, digests


def _digest(program: Program, email: str) -> str:
    return salted_hmac(SALT, f"{program.pk}|{email}", algorithm="sha256").hexdigest()[:24]
