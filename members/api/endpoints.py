"""What every call has in common: key, scope, limits, program, idempotency, and problems for everything that is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, cast

import orjson
import psycopg
from django.core.signals import got_request_exception
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django_scopes import scope
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyaltysite.kit import buckets, clock, prints, problems, shapes
from loyaltysite.kit.errors import DomainError
from members import audit
from members.api import answers
from members.api.callers import Caller, Kept, KeyAuthentication
from members.models import Program, User

log = logging.getLogger("django.request")

MOST_BYTES = 10 * 1024 * 1024
JSON = "application/json"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ScopeMissing(DomainError):
    code = "scope_missing"
    message = _("This key lacks the scope %(scope)s.")
    status = 403


class TooLarge(DomainError):
    code = "too_large"
    message = _("A request has at most 10 MB.")
    status = 413


class RateExceeded(DomainError):
    code = "rate_limited"
    message = _("Too many requests; try again in %(seconds)s s.")
    status = 429


class Unavailable(DomainError):
    code = "unavailable"
    message = _("The service is busy. Try again in a moment.")
    status = 503


class Failure(DomainError):
    code = "internal_error"
    message = _("Something went wrong on our side. Nothing was changed.")
    status = 500


class JsonParser(BaseParser):
    media_type = JSON

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(str(error)) from error


class JsonRenderer(BaseRenderer):
    media_type = JSON
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, context: Any = None) -> bytes:
        return b"" if data is None else encode(data)


def encode(data: Any) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_UTC_Z, default=str)


class Endpoint(APIView):
    """Base of all calls. `scopes` says what each method needs, one or several together; a method in `moves_value` needs
    an Idempotency-Key, and `once()` answers it."""

    scopes: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    moves_value: ClassVar[frozenset[str]] = frozenset()

    authentication_classes: Any = (KeyAuthentication,)
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (JsonParser,)
    renderer_classes = (JsonRenderer,)
    metadata_class = None
    stack: ExitStack
    taken: buckets.Taken | None = None
    key: str = ""
    marker: str = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self.stack:
            response = super().dispatch(request, *args, **kwargs)
        if self.taken is not None:
            self._tell_limits(response, self.taken)
        return response

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """JSON, whatever was asked for."""
        return self.renderer_classes[0](), JSON

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        negotiated = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = negotiated
        caller: object = request.user
        if not isinstance(caller, Caller):
            raise exceptions.NotAuthenticated
        method = str(request.method)
        # First, so that what is refused counts as well.
        self._take(caller, method, request)
        missing = [each for each in self.needs(method) if each not in caller.scopes]
        if missing:
            raise ScopeMissing(scope=", ".join(missing))
        self._enter(caller, request)

    def require(self, needed: str) -> None:
        """For what a call needs only by its content. Raises ScopeMissing."""
        if needed not in self.caller.scopes:
            raise ScopeMissing(scope=needed)

    @classmethod
    def needs(cls, method: str) -> tuple[str, ...]:
        """The scopes that a key must hold for a method, all of them."""
        needed = cls.scopes.get("GET" if method == "HEAD" else method, ())
        return (needed,) if isinstance(needed, str) else needed

    def _take(self, caller: Caller, method: str, request: Request) -> None:
        """One from the key's bucket; for what moves value also the mark that it is running."""
        is_read = method in SAFE
        marker = ""
        if method in self.moves_value:
            self.key = answers.check_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))
            marker = "" if caller.kept else f"{caller.program.pk}:{self.key}"
        self.taken = buckets.take(
            f"api:{caller.key_id}:{'r' if is_read else 'w'}",
            per_minute=caller.reads_per_minute if is_read else caller.writes_per_minute,
            marker=marker,
        )
        if not self.taken.is_allowed:
            raise RateExceeded(seconds=self.taken.wait)
        if not self.taken.is_marked:
            raise answers.StillRunning
        self.marker = marker
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge

    def _enter(self, caller: Caller, request: Request) -> None:
        self.stack.enter_context(scope(program=caller.program))
        for variable, value in (
            (audit.address, request.META.get("REMOTE_ADDR") or None),
            (audit.agent, caller.prefix),
        ):
            self.stack.callback(variable.reset, variable.set(value))  # type: ignore[arg-type]

    # --- what calls use -----------------------------------------------------------------------------------------------

    @property
    def caller(self) -> Caller:
        return cast("Caller", self.request.user)

    @property
    def program(self) -> Program:
        return self.caller.program

    @property
    def author(self) -> User:
        """Who made the key and answers for what is done with it."""
        return self.caller.author

    def once(self, request: Request, work: Callable[[bytes], tuple[int, bytes, bool]]) -> HttpResponse:
        """Answer a request that moves value, or repeat the answer that it got before.

        `work(mark)` does it and gives status, content and whether it stored the answer. Raises KeyReused."""
        caller = self.caller
        sent = answers.canonical(str(request.method), request.path, request.data)
        if caller.kept is not None:
            return self._again(caller.kept, sent)
        try:
            status, body, is_stored = work(prints.of(sent))
        except (psycopg.Error, IntegrityError) as error:
            if not answers.is_taken(error):
                raise
            # Another request was faster, and this one has changed nothing.
            kept = answers.find(caller, self.key)
            if kept is None:
                raise answers.StillRunning from error
            return self._again(kept, sent)
        if self.marker and not is_stored:
            buckets.release(self.marker)
        # Otherwise a repeat meets the stored answer before the marker, which goes by itself.
        return reply(status, body)

    def in_one(self, request: Request, work: Callable[[], tuple[int, Any]]) -> HttpResponse:
        """once() for work of several statements: they and the answer are one transaction. A refusal by the domain is an
        answer, too, and leaves no other trace."""

        def together(mark: bytes) -> tuple[int, bytes, bool]:
            try:
                with transaction.atomic():
                    status, content = work()
                    body = encode(content)
                    answers.store(self.caller, self.key, mark, status, body, clock.now())
            except DomainError as error:
                if not is_answer(error):
                    raise
                # Nothing else is left of it: one statement.
                status, body = error.status, encode(problems.of(error))
                answers.store(self.caller, self.key, mark, status, body, clock.now())
            return status, body, True

        return self.once(request, together)

    def _again(self, kept: Kept, sent: bytes) -> HttpResponse:
        if not prints.fits(kept.fingerprint, sent):
            raise answers.KeyReused(field="Idempotency-Key")
        response = reply(kept.status, kept.body)
        response["Idempotent-Replayed"] = "true"
        return response

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def handle_exception(self, exc: Exception) -> Response:
        if self.marker:
            buckets.release(self.marker)
        if isinstance(exc, (OperationalError, psycopg.OperationalError)):
            log.warning("unavailable", extra={"error": type(exc).__name__})
            exc = Unavailable()
        try:
            response: Response = super().handle_exception(exc)
        except Exception:
            log.exception("Internal error in the API")
            got_request_exception.send(sender=type(self), request=self.request)
            response = super().handle_exception(Failure())
        response.exception = True
        if response.status_code in {409, 503} and "Retry-After" not in response:
            response["Retry-After"] = "1"
        return response

    def _tell_limits(self, response: HttpResponseBase, taken: buckets.Taken) -> None:
        response["RateLimit-Limit"] = str(taken.limit)
        response["RateLimit-Remaining"] = str(taken.remaining)
        response["RateLimit-Reset"] = str(taken.reset)
        response["RateLimit-Policy"] = f"{taken.limit};w=60"
        if not taken.is_allowed:
            response["Retry-After"] = str(max(1, taken.wait))


def is_answer(error: DomainError) -> bool:
    """Whether a repeat must meet this refusal again: the domain said no. Anything else may be tried again as it is."""
    return error.status in {409, 422} and not error.is_transient and not isinstance(error, shapes.Invalid)


def reply(status: int, body: bytes) -> HttpResponse:
    """An answer whose bytes are made already."""
    kind = problems.MEDIA_TYPE if status >= 400 else JSON
    return HttpResponse(body, status=status, content_type=kind)
