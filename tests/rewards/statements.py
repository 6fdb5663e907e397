"""Counts what really goes to the server: the protocol's own messages, as libpq traces them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

# Simple queries (transaction control as well) and executions of prepared statements, from the client.
SENT = re.compile(r"F\t\d+\t(Query|Execute)\t(.*)")


@dataclass
class Statements:
    sent: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent)


@contextmanager
def counted() -> Iterator[Statements]:
    connection.ensure_connection()
    found = Statements()
    pgconn = connection.connection.pgconn
    with tempfile.TemporaryFile() as file:
        pgconn.trace(file.fileno())
        try:
            yield found
        finally:
            pgconn.untrace()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        lines = file.read().decode(errors="replace").splitlines()
    found.sent = [" ".join(match.groups())[:100] for line in lines if (match := SENT.search(line))]
