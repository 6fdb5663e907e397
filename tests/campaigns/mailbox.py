"""A real mail server in the process of the test."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Sink:
    """Takes mails, or answers what it is told to: {address: "550 no such person"}, "close" cuts the line."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self.cuts = False
        self.pipelines = True
        self.port = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses) -> list[str]:  # noqa: N802 - aiosmtpd's
        session.host_name = hostname
        return ["250-PIPELINING", *responses] if self.pipelines else responses

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options) -> str:  # noqa: N802 - aiosmtpd's
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's
        parsed = email.message_from_bytes(envelope.original_content, policy=policy.default)
        self.mails.append(parsed)
        if self.cuts:
            server.transport.abort()
        return "250 taken"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["subject"]) for mail in self.mails]


class Listening(Controller):
    """A server behind a door that is open already, which no other program can have taken meanwhile."""

    def __init__(self, handler: Sink, door: socket.socket) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=door.getsockname()[1], ready_timeout=120)
        self._door = door

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._door)


@contextmanager
def opened() -> Iterator[Sink]:
    handler = Sink()
    with socket.create_server(("127.0.0.1", 0)) as door:
        controller = Listening(handler, door)
        handler.port = controller.port
        controller.start()
        try:
            yield handler
        finally:
            controller.stop()
