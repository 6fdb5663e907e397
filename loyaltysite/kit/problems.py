"""API errors as problem details (RFC 9457): every refusal has a stable code, every bad field is named."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from loyaltysite.kit import log
from loyaltysite.kit.errors import DomainError

MEDIA_TYPE = "application/problem+json"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER; None means an unexpected error, which becomes a 500 and a logged traceback."""
    if isinstance(error, DomainError):
        set_rollback()
        return problem(
            status=error.status,
            code=error.code,
            detail=str(error),
            field=error.field,
            params=dict(error.params),
        )
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError):
        body = problem(status=422, code="invalid", detail=str(error.default_detail), errors=response.data)
    else:
        body = problem(status=response.status_code, code=str(error.default_code), detail=str(error.detail))
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in response:
            body[name] = response[name]
    return body


def problem(*, status: int, code: str, detail: str, **more: Any) -> Response:
    """Members that are None or empty are left out."""
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    body |= {name: value for name, value in more.items() if value} | {"request_id": log.request_id.get()}
    return Response(body, status=status, content_type=MEDIA_TYPE)
