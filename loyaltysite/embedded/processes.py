"""Tells whether a server still runs by where it works, because process ids are used again."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")


def working_in(folder: Path) -> list[int]:
    """Ids of the living processes whose working folder this is; empty where there is no /proc."""
    wanted = str(folder.resolve())
    found = []
    for entry in PROC.glob("[0-9]*"):
        try:
            if str((entry / "cwd").readlink()) == wanted:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def is_server(pid: int, folder: Path) -> bool:
    """Whether this process lives and works in the folder."""
    if not PROC.joinpath("self").exists():
        return exists(pid)
    try:
        return str((PROC / str(pid) / "cwd").readlink()) == str(folder.resolve())
    except OSError:
        return False


def exists(pid: int) -> bool:
    """Whether there is such a process that is more than a name waiting to be buried."""
    try:
        os.kill(pid, 0)
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:
        return True


def read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask until it is so or the time is over; says which."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
