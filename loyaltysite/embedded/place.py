"""Where the servers keep their data: in the clone, or outside when their account may not enter the clone."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from loyaltysite.embedded.account import Account

OUTSIDE = Path("/var/lib/wafa")
LONGEST_SOCKET = 100  # the kernel allows 107 bytes; PostgreSQL's name for a lock is a little longer


def home(var: Path, account: Account) -> Path:
    """The folder of the servers' data, made when it does not exist.

    When only root may enter the clone, it lies in /var/lib/wafa and the clone points there.
    """
    var.mkdir(parents=True, exist_ok=True)
    pointer = var / "place"
    if pointer.exists():
        place = Path(pointer.read_text().strip())
        if not _is_copy(place, var):
            return account.folder(place)
    else:
        if account.switch and not var.is_symlink():
            var.chmod(0o711)  # our own folder; those above stay as they are
        if account.may_enter(var):
            return account.folder(var / "servers")
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    place = account.folder(OUTSIDE / f"{var.parent.name}-{secrets.token_hex(4)}")
    (place / "clone").write_text(str(var.resolve()))
    pointer.write_text(f"{place}\n")
    return place


def _is_copy(place: Path, var: Path) -> bool:
    """Whether the pointer came along when somebody copied a clone whose original still uses the place."""
    try:
        original = Path((place / "clone").read_text().strip())
        theirs = (original / "place").read_text().strip()
    except OSError:
        return False
    return original != var.resolve() and theirs == str(place)


def socket_folder(path: Path, account: Account) -> Path:
    """A folder of mode 700 for sockets, short enough for the kernel even in a deep clone."""
    inside = path / "run"
    if len(os.fsencode(inside)) + len("/.s.PGSQL.5432.lock") <= LONGEST_SOCKET:
        return account.folder(inside)
    mark = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
    base = Path("/run") if account.switch and Path("/run").is_dir() else Path(tempfile.gettempdir())
    return account.folder(base / f"wafa-{mark}")
