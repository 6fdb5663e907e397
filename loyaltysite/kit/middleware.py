"""Every request has an id: taken from a sane X-Request-ID or made here, echoed, and in every log line."""

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from loyaltysite.kit import log

SANE = re.compile(r"[A-Za-z0-9._\-]{8,64}")


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if SANE.fullmatch(given) else secrets.token_hex(8)
        # It stays after the answer: Django logs errors when the last middleware is left.
        log.request_id.set(name)
        response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return middleware


def permissions_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """No page may use the camera, the microphone or the place of a device, unless its view said otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return middleware
