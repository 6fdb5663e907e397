"""What `make run` prints once everything answers."""

import json
from pathlib import Path
from typing import Any

PAGES = (
    ("Dashboard", "/dashboard/"),
    ("Customers' portal", "/p/"),
    ("Till", "/till/"),
    ("API documentation", "/api/docs/"),
    ("Operators' admin", "/admin/"),
    ("Health", "/readyz/"),
)


def text(*, address: str, var: Path, existing: set[str]) -> str:
    """`existing` are the paths that this version of the site answers."""
    lines = ["", "  Wafa is ready", ""]
    lines += [f"  {name:<20}{address}{path}" for name, path in PAGES if path in existing]
    lines += ["", *demo(var / "demo-logins.json", address=address)]
    lines += [f"  {'E-mails it sends':<20}{var / 'mail'}", f"  {'Logs':<20}{var / 'log'}"]
    lines += ["", "  Stop with Ctrl-C. The data stays.", ""]
    return "\n".join(lines)


def demo(path: Path, *, address: str) -> list[str]:
    """The demo log-ins: a list of objects with role, email, password and perhaps a path to begin at."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    logins: list[dict[str, Any]] = found.get("logins", []) if isinstance(found, dict) else found
    rows = [
        [f"{address}{v}" if str(v).startswith("/") else str(v) for v in login.values()] for login in logins
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=False)]
    lines = ["    " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [f"  Demo log-ins (also in {path})", *lines, ""] if lines else []
