"""Is the site alive, and is it ready? Machines ask; the answer names each part and leaks nothing else."""

import functools
import logging
import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from loyaltysite.kit.tasks import HEARTBEAT

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """What is missing, in words that may be shown."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked, so that a slow database does not get it restarted."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part works, else 503. A load balancer asks with ?for=web: without the worker."""
    checks: dict[str, Callable[[], None]] = {
        "database": check_database,
        "migrations": check_migrations,
        "redis": check_redis,
    }
    if request.GET.get("for") != "web":
        checks["worker"] = check_worker
    results = {name: _run(name, check) for name, check in checks.items()}
    ready = all(result["ok"] for result in results.values())
    body = {"status": "ok" if ready else "not ready", "checks": results}
    return JsonResponse(body, status=200 if ready else 503)


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@functools.cache
def check_migrations() -> None:
    """Once nothing is missing, nothing will be while this process lives: its code does not change."""
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady(f"{len(plan)} migrations are not applied")


def check_redis() -> None:
    cache.set("readyz", 1, timeout=5)


def check_worker() -> None:
    if cache.get(HEARTBEAT) is None:
        raise NotReady("no worker has given a sign of life")


def _run(name: str, check: Callable[[], None]) -> dict[str, object]:
    begin = time.perf_counter()
    try:
        check()
    except NotReady as reason:
        return {"ok": False, "reason": str(reason)}
    except Exception:
        logger.exception("the check %s failed", name)
        return {"ok": False, "reason": "it does not answer"}
    return {"ok": True, "ms": round((time.perf_counter() - begin) * 1000, 1)}
