"""Structured logs: one JSON object a line, with the id of the request or task that wrote it."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# What every LogRecord has; anything else was given by the caller as `extra`.
ORDINARY = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request_id"}
UNWANTED = {"request", "server_time", "status_code_text"}


class RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", request_id.get()),
        }
        line |= {k: v for k, v in vars(record).items() if k not in ORDINARY and k not in UNWANTED}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configuration(*, level: str, json_lines: bool) -> dict[str, Any]:
    """The dictionary for LOGGING: everything to standard error, where the supervisor or the host collects it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestId}},
        "formatters": {
            "json": {"()": JsonFormatter},
            "plain": {"format": "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["request_id"],
                "formatter": "json" if json_lines else "plain",
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # Every request is logged by kit.metrics; what is added here are the tracebacks of status 500.
            "django.request": {"level": "ERROR"},
            "celery": {"level": level},
            # It announces each task, and celery.app.trace then says how it ended: once is enough.
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
