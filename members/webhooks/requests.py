"""One POST to a stranger's address: to the address that was looked up, without following anywhere, its answer unread."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import urllib3
from django.conf import settings
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from members.webhooks import addresses
from members.webhooks.addresses import AddressRefused, Target

CONNECT, WHOLE = 5.0, 15.0


@dataclass(slots=True)
class Line:
    """The line to a receiver, which is cut when the whole takes too long: a timeout of a socket counts each byte anew."""

    twins: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        for twin in self.twins:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def open_for(self, seconds: float) -> Iterator[None]:
        clock = threading.Timer(seconds, self.cut)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()
            for twin in self.twins:
                twin.close()


class _Kept:
    """A connection whose line is known. A twin of the socket stays good when TLS takes the socket over."""

    line: Line

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.line.twins.append(made.dup())
        return made


@dataclass(frozen=True, slots=True)
class Call:
    url: str
    content: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is empty where none came, and then `trouble` is a word for why."""

    status: int | None
    trouble: str = ""
    retry_after: str = ""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


def post(call: Call) -> Answer:
    """Never raises for what a receiver or the network does."""
    try:
        target = addresses.parse(call.url)
        address = addresses.resolve(target)
    except AddressRefused:
        return Answer(None, "address_refused")
    except OSError:
        return Answer(None, "host_unknown")
    line = Line()
    with line.open_for(WHOLE), _pool(target, address, line) as pool:
        try:
            answer = pool.urlopen(
                "POST",
                target.path,
                body=call.content,
                headers={**call.headers, "host": target.authority},
                redirect=False,
                retries=False,
                assert_same_host=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=WHOLE, connect=CONNECT),
            )
        except exceptions.TimeoutError:
            return Answer(None, "timeout")
        except exceptions.SSLError:
            return Answer(None, "tls")
        except (exceptions.HTTPError, OSError, ValueError):
            return Answer(None, "no_connection")
        status, retry_after = answer.status, answer.headers.get("retry-after", "")
        answer.close()
        return Answer(status, "", retry_after)


def _pool(target: Target, address: str, line: Line) -> urllib3.HTTPConnectionPool:
    """To this very address, while the certificate must be that of the name."""
    if target.scheme == "http":
        plain = urllib3.HTTPConnectionPool(address, target.port, maxsize=1)
        plain.ConnectionCls = type("Plain", (_Kept, HTTPConnection), {"line": line})
        return plain
    context = ssl.create_default_context(cafile=settings.WEBHOOK_CA_FILE or None)
    pool = urllib3.HTTPSConnectionPool(
        address,
        target.port,
        maxsize=1,
        ssl_context=context,
        server_hostname=target.host,
        assert_hostname=target.host,
    )
    pool.ConnectionCls = type("Secure", (_Kept, HTTPSConnection), {"line": line})
    return pool
