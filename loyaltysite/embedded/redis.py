"""One embedded Redis: a Unix socket in a folder of mode 700, a password, nothing evicted."""

import functools
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import redis

from loyaltysite.embedded import account as accounts
from loyaltysite.embedded import place, processes, programs
from loyaltysite.embedded.errors import EmbeddedError


class Redis:
    """`path` is made when missing. Durable means an append-only file, written each second."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self.durable = durable
        self.account = accounts.current()
        self.secret = path / "password"
        self.data = path / "data"
        self._child: subprocess.Popen[bytes] | None = None
        self._launched = 0

    @functools.cached_property
    def socket(self) -> Path:
        return place.socket_folder(self.path, self.account) / "redis.sock"

    def url(self, database: int = 0) -> str:
        return f"unix://:{self.secret.read_text()}@{quote(str(self.socket))}?db={database}"

    def pid(self) -> int | None:
        pid = processes.read_pid(self.path / "redis.pid")
        return pid if pid and processes.is_server(pid, self.data) else None

    def running(self) -> bool:
        if self._child is not None:
            self._child.poll()
        return self.pid() is not None

    def start(self, *, attached: bool = False) -> None:
        """Start the server unless it runs; attached, it stops when this process dies."""
        if self.running():
            return
        self.account.folder(self.path)
        self.account.folder(self.data)
        if not self.secret.exists():
            self.account.write(self.secret, secrets.token_urlsafe(24))
        (self.path / "redis.pid").unlink(missing_ok=True)
        self.account.write(self.path / "redis.conf", self._configuration())
        log = self.path / "redis.log"
        command = [str(programs.redis(self.account)), str(self.path / "redis.conf")]
        if attached:
            self._child = self.account.start(command, output=log, leash=signal.SIGTERM)
        else:
            self._launched = self.account.release(command, output=log)
        if not processes.wait_until(self._answers_or_dead, seconds=60) or not self._answers():
            lines = log.read_text(errors="replace").strip().splitlines() or ["it gave no reason"]
            raise EmbeddedError(f"Redis did not start: {lines[-1]}")

    def stop(self) -> None:
        """Stop the server in order, with its data written."""
        pid = self.pid()
        if pid is None:
            return
        processes.send(pid, signal.SIGTERM)
        if not processes.wait_until(lambda: not self.running(), seconds=30):
            self.kill()
        if self._child is not None:
            self._child.wait()

    def kill(self) -> None:
        pid = self.pid()
        if pid is not None:
            processes.send(pid, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def remove(self) -> None:
        """Stop the server and delete everything it has."""
        self.stop()
        shutil.rmtree(self.socket.parent, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _configuration(self) -> str:
        settings = {
            "port": "0",
            "unixsocket": f'"{self.socket}"',
            "unixsocketperm": "700",
            "requirepass": self.secret.read_text(),
            "dir": f'"{self.data}"',
            "pidfile": f'"{self.path / "redis.pid"}"',
            "daemonize": "no",
            "databases": "16",
            "maxmemory-policy": "noeviction",
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url())
        try:
            return self.running() and bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _answers_or_dead(self) -> bool:
        return self._answers() or self._dead()

    def _dead(self) -> bool:
        return self._child.poll() is not None if self._child else not processes.exists(self._launched)
