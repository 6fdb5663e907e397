"""Mails made, handed to a server on this machine and recorded, against smtplib handing over the same bytes."""

from __future__ import annotations

import json
import multiprocessing
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Any

MAILS = int(os.environ.get("WAFA_BENCH_MAILS", "5000"))
WARM, WORKERS = 100, 2
# Mails a second, or so much of what the library alone comes to.
GOAL, NEARLY = 2000, 0.8
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HTML = (
    "<p>Dear {{ member.first_name }}, your <a href='https://shop.example/rewards'>rewards</a> wait.</p>" * 5
)
# A server that says yes to everything, a process for each line: what it costs is not ours.
SINK = """
import os, signal, socket, sys

def talk(line):
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(b"220 sink\\r\\n")
    kept, is_in_words, is_over = b"", False, False
    while not is_over and (more := line.recv(1 << 16)):
        kept, answers = kept + more, []
        while (end := b"\\r\\n.\\r\\n" if is_in_words else b"\\r\\n") in kept:
            said, _end, kept = kept.partition(end)
            command = b"" if is_in_words else said[:4].upper()
            is_in_words, is_over = command == b"DATA", is_over or command == b"QUIT"
            known = {b"EHLO": b"250-sink\\r\\n250 PIPELINING", b"DATA": b"354 go", b"QUIT": b"221 bye"}
            answers.append(known.get(command, b"250 ok") + b"\\r\\n")
        line.sendall(b"".join(answers))

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=32)
while True:
    line, _peer = server.accept()
    if os.fork() == 0:
        server.close()
        talk(line)
        os._exit(0)
    line.close()
"""


def run() -> list[dict[str, Any]]:
    from bench import worlds

    with worlds.world() as made:
        told = {workers: made.python("bench.messages", str(workers)) for workers in (1, WORKERS)}
    figures = [_figure(workers, found["seconds"], found["floor"]) for workers, found in told.items()]
    return [*figures, _work(told[1]["cpu"], told[1]["floor_cpu"])]


def _figure(workers: int, seconds: float, bare: float) -> dict[str, Any]:
    """`floor`: as many lines of the library's, in as many processes."""
    rate, floor = MAILS / seconds, MAILS / bare
    return {
        "name": f"{MAILS:,} mails made, sent and recorded, {workers} worker{'s' * (workers > 1)}",
        "value": round(rate),
        "unit": "mails/s",
        "floor": round(floor),
        "ratio": round(rate / floor, 2),
        "goal": GOAL,
        "met": rate >= min(GOAL, floor * NEARLY),
        "rows": MAILS,
        "seconds": round(seconds, 1),
    }


def _work(seconds: float, bare: float) -> dict[str, Any]:
    """What a worker itself has to do for a mail, which others on the machine change little."""
    ours, floor = seconds / MAILS * 1000, bare / MAILS * 1000
    return {
        "name": "work of a worker for a mail", "value": round(ours, 3), "unit": "ms", "floor": round(floor, 3),
        "ratio": round(floor / ours, 2), "goal": 1000 / GOAL, "met": ours < 1000 / GOAL, "rows": MAILS,
        "seconds": round(seconds, 1),
    }  # fmt: skip


# --- inside the world -------------------------------------------------------------------------------------------------


def measure(workers: int) -> dict[str, float]:
    """Seconds of ours and of the floor; in the database that Django points at."""
    with _sink() as port:
        content = _lay_down(port, workers)
        seconds, cpu = _together(_send, [()] * workers)
        _check(workers)
        floor, floor_cpu = _together(_bare, [(port, content, MAILS // workers)] * workers)
    return {"seconds": seconds, "floor": floor, "cpu": cpu, "floor_cpu": floor_cpu}


def _check(workers: int) -> None:
    from django_scopes import scopes_disabled

    from campaigns.models import Message
    from members.models import Program

    with scopes_disabled():
        mine = Message.objects.filter(program=Program.objects.latest("pk"))
        assert mine.filter(state="sent").count() == MAILS + WARM * workers


def _together(work: Callable[..., Any], each: Sequence[tuple[Any, ...]]) -> tuple[float, float]:
    """Seconds from when all are ready to when the last is done, each in a process of its own; and of their own work."""
    from django.db import connections

    connections.close_all()
    ready = multiprocessing.Barrier(len(each))
    told: Any = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=_one, args=(work, ready, told, words), daemon=True) for words in each
    ]
    for worker in workers:
        worker.start()
    times = [told.get(timeout=600) for _worker in workers]
    begins, ends, works = zip(*times, strict=True)
    return max(ends) - min(begins), sum(works)


def _one(work: Callable[..., Any], ready: Any, told: Any, words: tuple[Any, ...]) -> None:
    begin, worked = work(ready, *words)
    told.put((begin, perf_counter(), process_time() - worked))


def _lay_down(port: int, workers: int) -> bytes:
    """A program with a budget and quiet hours, with members who agreed, and a message to each; the bytes of one mail."""
    from django.db import connection
    from django_scopes import scope

    from campaigns.channels import wire
    from campaigns.channels.letter import Letter
    from campaigns.messages import letters, templates
    from campaigns.models import Manners, Message, Provider
    from members.models import Program

    program = Program.objects.create(slug=f"bench-mails-{workers}", name="Shop", currency="EUR")
    with scope(program=program):
        Manners.objects.create(
            program=program, site="https://shop.example",
            caps=[{"channel": "", "kind": "marketing", "days": 7, "most": 3}],
        )  # fmt: skip
        Provider.objects.create(
            program=program, channel="email", kind="smtp", settings={"host": "localhost", "port": port, "security": "-"}
        )  # fmt: skip
        template = templates.create(
            program=program, name="Bench", kind="marketing", topic="offers", by=None, now=NOW,
            draft={"email": {"en": {"subject": "Hello {{ member.first_name }}", "html": HTML}}},
        )  # fmt: skip
        version = templates.publish(template=template, by=None, now=NOW)
    values: dict[str, Any] = {
        "program": program.pk,
        "template": template.pk,
        "version": version.pk,
        "n": MAILS + WARM * workers,
        "now": NOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL, values)
        cursor.execute("ANALYZE")
    with scope(program=program):
        one = Message.objects.filter(program=program).select_related("content")[:1]
        ((_row, letter),) = letters.of(program=program, messages=list(one), now=NOW)
    assert isinstance(letter, Letter)
    content = wire.written(letter)
    assert content
    return content


FILL = """
    WITH people AS (
        INSERT INTO members_holder (program_id, kind, seq) SELECT %(program)s, 'member', 0 FROM generate_series(1, %(n)s)
        RETURNING id
    ), members AS (
        INSERT INTO members_member (holder_id, program_id, number, name, language, state, tags, source, joined_at)
        SELECT id, %(program)s, (900000000000 + id)::text, 'Anna' || id || ' Berg', '', 'active', '{}', 'bench', %(now)s FROM people
        RETURNING holder_id
    ), named AS (
        INSERT INTO members_identity (program_id, member_id, kind, value)
        SELECT %(program)s, id, 'email', 'anna' || id || '@example.com' FROM people
    ), agreed AS (
        INSERT INTO members_consent (program_id, member_id, channel, topic, is_given, is_wished, since)
        SELECT %(program)s, id, 'email', 'offers', true, false, %(now)s FROM people
    )
    INSERT INTO campaigns_message (program_id, member_id, step, idem_key, template_id, content_id, channel, kind, topic, context,
        state, reason, queued_at, not_before, expires_at, day, attempts, provider, provider_id, trouble)
    SELECT %(program)s, id, '', 'bench:' || id, %(template)s, %(version)s, 'email', 'marketing', 'offers', '{}', 'queued', '',
        %(now)s, %(now)s, %(now)s::timestamptz + interval '1 day', %(now)s::date, 0, '', '', ''
    FROM people
"""


def _send(ready: Any) -> tuple[float, float]:
    """All by workers that have sent some before; when they began, by both clocks."""
    from campaigns.messages import sending
    from members.models import Program

    program = Program.objects.latest("pk")
    assert sending.send_some(program=program, channel="email", clock=lambda: NOW, most=WARM) == WARM
    ready.wait()
    begin = perf_counter(), process_time()
    assert sending.send(clock=lambda: NOW, seconds=600)
    return begin


def _bare(ready: Any, port: int, content: bytes, mails: int) -> tuple[float, float]:
    """The floor: the library alone with bytes that are there already."""
    ready.wait()
    begin = perf_counter(), process_time()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for _n in range(mails):
            line.sendmail("a@shop.example", ["anna@example.com"], content)
    return begin


@contextmanager
def _sink() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SINK, str(port)])
    try:
        for _n in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyaltysite.settings.dev")
    os.environ.setdefault("WAFA_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128")
    import django

    django.setup()
    print(json.dumps(measure(int(sys.argv[1]))))
