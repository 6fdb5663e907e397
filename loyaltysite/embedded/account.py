"""Which system account runs the servers: ourselves, or an unprivileged one when we are root."""

import ctypes
import functools
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from loyaltysite.embedded.errors import EmbeddedError

CANDIDATES = ("nobody", "daemon")  # PostgreSQL refuses to run as root
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who owns the data and the processes; `switch` says that we must change to it."""

    uid: int
    gid: int
    switch: bool

    def may_enter(self, folder: Path) -> bool:
        """Whether the account can reach the folder; asked of the kernel, since modes do not tell all."""
        if not self.switch:
            return os.access(folder, os.X_OK)
        done = self.run(["/bin/sh", "-c", 'test -x "$0"', str(folder)], check=False)
        return done.returncode == 0

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """Make sure of a folder that only the account (and root) may enter; refuse one that is somebody else's."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if found.st_uid not in {self.uid, os.getuid()} or path.is_symlink():
            raise EmbeddedError(f"The folder {path} belongs to somebody else; please remove it.")
        path.chmod(0o700)
        self.own(path)
        return path

    def write(self, path: Path, text: str) -> None:
        """Write a file that only the account may read, replacing it in one step."""
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            if self.switch:
                os.fchown(file.fileno(), self.uid, self.gid)
            file.write(text)
        fresh.replace(path)

    def run(
        self, command: list[str], *, check: bool = True, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: PLW1510 - checked below, with the program's own words
            command, capture_output=True, text=True, **self._options(), **options
        )
        if check and done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()
            raise EmbeddedError(f"{Path(command[0]).name} failed: {words[-1] if words else done.returncode}")
        return done

    def start(self, command: list[str], *, output: Path, leash: signal.Signals) -> subprocess.Popen[bytes]:
        """Start a server that gets the signal `leash` when this process dies, however it does."""
        with self._open(output) as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(leash),  # noqa: PLW1509 - we start no threads
                **self._options(),
            )

    def release(self, command: list[str], *, output: Path) -> int:
        """Start a server that lives on without us, and give its process id."""
        with self._open(output) as log:
            done = subprocess.run(
                ["/bin/sh", "-c", '"$0" "$@" >&2 & echo $!', *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=True,
                **self._options(),
            )
        return int(done.stdout)

    def _open(self, path: Path) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        return os.fdopen(os.open(path, flags, 0o600), "ab")

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"env": environment(os.environ), "cwd": "/"}
        if self.switch:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077}
        return options


@functools.cache
def current() -> Account:
    if os.getuid() != 0:
        return Account(uid=os.getuid(), gid=os.getgid(), switch=False)
    for name in CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=found.pw_uid, gid=found.pw_gid, switch=True)
    raise EmbeddedError("As root, PostgreSQL needs the system account “nobody” to run as, and there is none.")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What servers inherit: no PG* variable and no foreign locale may change how they behave."""
    return {"PATH": given.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent"}


def die_with_parent(number: signal.Signals, *, parent: int | None = None) -> Callable[[], None]:
    """For preexec_fn: Linux sends the child this signal when its parent goes, even by kill -9. A child that calls it for
    itself names its parent."""
    parent = parent or os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def leash() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:  # it went before we asked
                os._exit(1)

    return leash
