"""Who stands behind the till: cashiers, managers and owners; the camera works here only."""

from __future__ import annotations

from functools import wraps
from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers

from loyaltysite.kit.errors import DomainError
from members.access import ProgramPage, View, program_view
from members.models import Role

JSON = "application/json"


class TooManyRequests(DomainError):
    code = "too_many_requests"
    status = 429


def till_view[**P](view: View[P]) -> ProgramPage[P]:
    """A page of the till: `view(request, program, …)`. A refusal by the domain becomes JSON for a script that asks."""

    guarded = program_view(role=Role.CASHIER, but_not={Role.ANALYST})(view)

    @wraps(view)
    def page(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = guarded(request, slug, *args, **kwargs)
        response["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
        patch_vary_headers(response, ["Accept", "Cookie"])
        return response

    return cast("ProgramPage[P]", page)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith(JSON)


def refuse(error: DomainError) -> JsonResponse:
    body = {"code": error.code, "message": str(error), "field": error.field or ""}
    return JsonResponse(body, status=error.status)
