"""Settings from the environment: typed, and a wrong value is one clear sentence."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Please set the environment variable {name}.")
    return value


def is_set(name: str) -> bool:
    return name in os.environ


def flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value in TRUE


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, without empty parts."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def embedded(var: Path) -> dict[str, str]:
    """The addresses that the embedded servers wrote when they last started, or nothing."""
    try:
        found = json.loads((var / "servers.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()}


def database(url: str) -> dict[str, Any]:
    """Turn postgresql://user:password@host:port/name?option=value into Django's settings.

    A socket folder is given as `?host=/path`, like libpq does.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            "A database address must start with postgresql:// (PostgreSQL is the only one)."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "wafa",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": options.pop("port", None) or str(parts.port or ""),
        "OPTIONS": options,
    }


def celery_broker(redis_url: str) -> str:
    """Celery's spelling of a Redis address: a Unix socket is redis+socket:// there and unix:// elsewhere."""
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    options = dict(parse_qsl(parts.query))
    password = f":{parts.password}@" if parts.password else ""
    return f"redis+socket://{password}{parts.path}?virtual_host={options.get('db', '0')}"
