"""gunicorn's configuration: `gunicorn -c python:loyaltysite.web loyaltysite.wsgi`."""

import os
from typing import Any

from prometheus_client import multiprocess

from loyaltysite.kit import log

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WAFA_WEB_WORKERS", min(os.cpu_count() or 1, 2)))
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 10
keepalive = 5
preload_app = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - its heartbeat; no disk
control_socket_disable = True
accesslog = None  # kit.metrics writes one line a request, without what may be personal
logconfig_dict: dict[str, Any] = log.configuration(level="INFO", json_lines=True)
logconfig_dict["loggers"] |= {"gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True}}


def child_exit(server: object, worker: Any) -> None:
    """Forget the gauges of a worker that is gone."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
