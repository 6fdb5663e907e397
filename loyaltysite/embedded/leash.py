"""Waits until nobody uses the servers any more, by whatever death, and stops them. Stands alone: no imports of ours.

Users hold a shared lock; the kernel lets go of it when they die, even by kill -9, and then the exclusive lock is ours.
"""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path


def alive(pid: int, folder: Path) -> bool:
    try:
        os.kill(pid, 0)
        return not Path("/proc/self").exists() or Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def stop(pid_file: str, folder: Path, number: signal.Signals) -> None:
    try:
        pid = int(Path(pid_file).read_text().split()[0])
        if alive(pid, folder):
            os.kill(pid, number)
    except (OSError, ValueError, IndexError):
        return
    end = time.monotonic() + 60
    while alive(pid, folder) and time.monotonic() < end:
        time.sleep(0.05)


def main(only_one: str, users: str, postgres: str, redis: str) -> None:
    with Path(users).open("a") as using:  # noqa: SIM117 - the order of letting go matters
        with Path(only_one).open("a") as mine:
            try:
                fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(using, fcntl.LOCK_EX)
            stop(f"{redis}/redis.pid", Path(redis, "data"), signal.SIGTERM)
            stop(f"{postgres}/data/postmaster.pid", Path(postgres, "data"), signal.SIGINT)
        # `only_one` is free before `users` is: whoever starts the servers next finds a place for a leash.


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # whoever started us need not wait
    os.setsid()
    main(*sys.argv[1:])
