"""Clients that keep their connections: one process, plain sockets, requests made beforehand, one in flight each."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Load:
    """What came of it. `statuses` counts the answers by status; `times` are seconds, one for each answer."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def drive(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> Load:
    """Send for so long; every connection sends its next request as soon as it has its answer."""
    found = Load()
    sent: dict[socket.socket, float] = {}
    buffers: dict[socket.socket, bytes] = {}
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            one = socket.create_connection(("127.0.0.1", port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one, selectors.EVENT_READ)
            buffers[one] = b""
        begin = perf_counter()
        for one in buffers:
            _send(one, requests, sent)
        while sent:
            for key, _events in selector.select(timeout=20):
                one: socket.socket = key.fileobj  # type: ignore[assignment]
                buffers[one] += one.recv(65536)
                status = _answered(buffers[one])
                if status is None:
                    continue
                now = perf_counter()
                buffers[one] = b""
                found.times.append(now - sent.pop(one))
                found.statuses[status] = found.statuses.get(status, 0) + 1
                if now - begin < seconds:
                    _send(one, requests, sent)
        found.seconds = perf_counter() - begin
        for one in buffers:
            one.close()
    return found


def _send(one: socket.socket, requests: Iterator[bytes], sent: dict[socket.socket, float]) -> None:
    request = next(requests)
    sent[one] = perf_counter()
    one.sendall(request)


def _answered(data: bytes) -> int | None:
    """The status of a whole answer, or None while some of it is missing."""
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return None
    lower = head.lower()
    place = lower.find(b"content-length:")
    if place < 0:
        raise RuntimeError(f"no length in {head[:300]!r}")
    length = int(lower[place + 15 :].split(b"\r\n", 1)[0])
    return int(head[9:12]) if len(body) >= length else None
