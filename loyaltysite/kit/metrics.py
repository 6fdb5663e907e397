"""How often and how long each view answers, for Prometheus and as one log line a request.

Views and routes name a request, never its path: paths may hold member numbers or tokens.
"""

import hmac
import logging
import os
import time
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

logger = logging.getLogger("wafa.request")

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
requests = Counter("wafa_http_requests_total", "Answered requests.", ["view", "method", "status"])
seconds = Histogram("wafa_http_request_seconds", "Time to answer a request.", ["view"], buckets=BUCKETS)
QUIET = {"healthz", "readyz", "metrics"}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def measure(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware; stands right inside the one that gives the request its id."""

    def middleware(request: HttpRequest) -> HttpResponse:
        begin = time.perf_counter()
        response = get_response(request)
        took = time.perf_counter() - begin
        view = request.resolver_match.view_name if request.resolver_match else "-"
        # A method may be any word that a client makes up, and each would be a new series.
        method = request.method if request.method in METHODS else "other"
        requests.labels(view, method, response.status_code).inc()
        seconds.labels(view).observe(took)
        if view not in QUIET:
            extra = {
                "view": view,
                "method": method,
                "status": response.status_code,
                "ms": round(took * 1000, 1),
            }
            logger.info("request", extra=extra)
        return response

    return middleware


def show(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with WAFA_METRICS_TOKEN as bearer, or, where none is set, from this machine only."""
    if not _may_see(request):
        raise Http404
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    # Behind a proxy everybody seems to come from this machine; then a token is needed.
    return request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"} and not request.META.get("WAFA_FORWARDED")
