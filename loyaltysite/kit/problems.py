"""API errors as problem details (RFC 9457): every refusal has a stable code, every bad field is named."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from loyaltysite.kit import log
from loyaltysite.kit.errors import DomainError, NotFound

MEDIA_TYPE = "application/problem+json"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER; None means an unexpected error, which becomes a 500 and a logged traceback."""
    if isinstance(error, Http404):
        error = NotFound()
    if isinstance(error, DomainError):
        set_rollback()
        return Response(of(error), status=error.status, content_type=MEDIA_TYPE)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return problem(status=413, code="too_large", detail=str(error))
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    if isinstance(error, exceptions.ValidationError):
        body = problem(status=422, code="invalid", detail=str(error.default_detail), errors=response.data)
    else:
        body = problem(status=response.status_code, code=str(error.default_code), detail=str(error.detail))
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in response:
            body[name] = response[name]
    return body


def of(error: DomainError) -> dict[str, Any]:
    """A refusal by the domain as the content of a problem; one of a whole request lists its faults."""
    faults = getattr(error, "faults", ())
    return content(
        status=error.status,
        code=error.code,
        detail=str(error),
        field=error.field,
        params=dict(error.params),
        errors=[fault._asdict() for fault in faults[:100]],
    )


def content(*, status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Members that are None or empty are left out."""
    found = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    return (
        found | {name: value for name, value in more.items() if value} | {"request_id": log.request_id.get()}
    )


def problem(*, status: int, code: str, detail: str, **more: Any) -> Response:
    return Response(
        content(status=status, code=code, detail=detail, **more), status=status, content_type=MEDIA_TYPE
    )
