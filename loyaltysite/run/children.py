"""One program of the site, kept alive: started, restarted with growing pauses, stopped with all its offspring."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from loyaltysite.embedded.account import die_with_parent

LONGEST_PAUSE = 30.0  # seconds
SETTLED = 60.0  # a child that lived this long starts again without a pause
LARGE_LOG = 10 * 1024 * 1024


@dataclass(kw_only=True)
class Child:
    """`log` gets its output; `inherit` are open files it needs."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    inherit: tuple[int, ...] = ()
    failures: int = field(default=0, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _again: float = field(default=0.0, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.inherit,
                # A group of its own: Ctrl-C reaches only the supervisor, which stops everything in order.
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - the supervisor has no threads
            )
        self._started = time.monotonic()

    def tend(self) -> None:
        """Bury it if it died, and start it again once its pause is over."""
        if self.process is not None and self.process.poll() is not None:
            self._kill_group()
            lived = time.monotonic() - self._started
            self.failures = 1 if lived > SETTLED else self.failures + 1
            self._again = time.monotonic() + min(2.0 ** (self.failures - 1), LONGEST_PAUSE)
            self.process = None
        if self.process is None and time.monotonic() >= self._again:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, *, until: float) -> None:
        """Wait to that moment of the monotonic clock, then kill what is left of the whole group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(until - time.monotonic(), 0))
        self._kill_group()
        self.process.wait()

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def _kill_group(self) -> None:
        """Also what the child left behind, such as the pool of a worker that was killed."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def make_room(log: Path) -> None:
    """Keep one older log of limited size."""
    if log.exists() and log.stat().st_size > LARGE_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
