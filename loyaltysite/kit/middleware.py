"""Every request has an id: taken from a sane X-Request-ID or made here, echoed, and in every log line."""

import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils import translation

from loyaltysite.kit import log

SANE = re.compile(r"[A-Za-z0-9._\-]{8,64}")


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
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


# A statement to check or a logo; imports are larger, and only for who is signed in.
MOST_BYTES = 12 << 20


def body_limit(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A body that is too large is refused before Django writes it to disk. Stands behind the one that knows the user."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_import = request.path_info.endswith("/imports/upload/") and request.user.is_authenticated
        most = MOST_BYTES + (settings.IMPORT_MAX_BYTES if is_import else 0)
        if int(request.META.get("CONTENT_LENGTH") or 0) > most:
            return HttpResponse(status=413)
        return get_response(request)

    return middleware


def client_address(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """REMOTE_ADDR becomes the client's address as the outermost of our own proxies saw it.

    What stands further left in X-Forwarded-For was said by the client, who may say anything; limits and the audit must
    never read it. Without proxies of ours (settings.TRUSTED_PROXIES = 0) the header means nothing at all.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        said = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        request.META["WAFA_FORWARDED"] = said
        hops = [hop.strip() for hop in said.split(",") if hop.strip()]
        proxies = settings.TRUSTED_PROXIES
        if proxies and len(hops) >= proxies and (address := _address(hops[-proxies])):
            request.META["REMOTE_ADDR"] = address
        return get_response(request)

    return middleware


def _address(text: str) -> str:
    """An IP address without its port; "" for anything else."""
    bare = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return ""


API = "/api/v1/"
LONGEST_KNOWN = 64


def straight_to_api(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware; stands right inside the one for security. A call of the API has no session, cookie, form or page, and
    answers all its errors itself: what serves those is left out, which halves the cost of a call."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API):
            return get_response(request)
        match = request.resolver_match = _match(request.path_info)
        with translation.override(_language(request)):
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            if hasattr(response, "render"):
                response.render()
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Content-Length", str(len(response.content)))
        return response

    return middleware


def _match(path: str) -> ResolverMatch:
    """What answers a path. Short ones are remembered: hundreds of patterns are tried for each, and most calls are alike."""
    if len(path) > LONGEST_KNOWN:
        return resolve(path)
    return _known(path, settings.ROOT_URLCONF)


@lru_cache(maxsize=1024)
def _known(path: str, _urlconf: str) -> ResolverMatch:
    return resolve(path)


def _language(request: HttpRequest) -> str:
    """As the header asks; a cookie of the pages is nobody's business here."""
    if "HTTP_ACCEPT_LANGUAGE" not in request.META:
        return settings.LANGUAGE_CODE
    return translation.get_language_from_request(request)
