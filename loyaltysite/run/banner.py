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
    lines += ["", *demo(var / "demo-logins.json")]
    lines += [f"  {'E-mails it sends':<20}{var / 'mail'}", f"  {'Logs':<20}{var / 'log'}"]
    lines += ["", "  Stop with Ctrl-C. The data stays.", ""]
    return "\n".join(lines)


def demo(path: Path) -> list[str]:
    """The demo log-ins: a list of objects with role, email, password and perhaps url."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    logins: list[dict[str, Any]] = found.get("logins", []) if isinstance(found, dict) else found
    lines = [f"  Demo log-ins (also in {path})"]
    lines += ["    " + "  ".join(f"{value!s:<12}" for value in login.values()).rstrip() for login in logins]
    return [*lines, ""] if logins else []
