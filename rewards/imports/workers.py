"""Several processes, or lanes of one, share an import: the orders are split by member, so that one member's facts stay
in order."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from queue import Queue
from threading import Thread
from typing import Any

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.ahead import read_ahead
from loyaltysite.kit.errors import DomainError
from rewards.imports.groups import REMEMBERED, Group
from rewards.imports.lanes import Lane
from rewards.imports.recording import MOST_TEXT, Part, Recorder
from rewards.imports.sources import SourceUnreadable

logger = logging.getLogger(__name__)

# Full batches that may be on their way to one worker: it never waits for the next and memory stays small.
AHEAD = 2


class WorkerLost(DomainError):
    code = "worker_lost"
    message = _("A worker of the import ended early; run the import again, it goes on where it stopped.")


class Worker:
    """One forked process with its own database connection."""

    def __init__(self, recorder: Recorder, others: list[Worker]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.groups: list[Group] = []
        self.text = 0
        self.busy = 0
        inherited = [self.pipe, *(other.pipe for other in others)]
        self.process = context.Process(target=_work, args=(theirs, recorder, inherited), daemon=True)
        self.process.start()
        theirs.close()

    def send(self) -> None:
        try:
            self.pipe.send(self.groups)
        except OSError:
            raise WorkerLost from None
        self.groups, self.text = [], 0
        self.busy += 1

    def receive(self) -> Part:
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            raise WorkerLost from None
        self.busy -= 1
        if isinstance(answer, Part):
            return answer
        raise answer

    def has_answer(self) -> bool:
        return self.pipe.poll()

    def stop(self) -> list[Part]:
        """Let it end by itself; one that does not is ended."""
        self.pipe.close()
        self.process.join(timeout=10)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()
        return []


class Crew:
    """Splits orders over workers; parts come back as they are done. With `is_strict` only as long as each order tells
    in the same way whose it is: from the first that does not, one worker has all that follow."""

    def __init__(self, recorder: Recorder, workers: Sequence[Worker | Lane], *, is_strict: bool) -> None:
        self.profile, self.size = recorder.profile, recorder.size
        self.workers = workers
        self.is_strict = is_strict
        self.is_one = False
        self.placed: OrderedDict[str, int] = OrderedDict()

    @classmethod
    def of_processes(cls, recorder: Recorder, count: int) -> Crew:
        _leave_pools()
        workers: list[Worker] = []
        for _number in range(count):
            workers.append(Worker(recorder, workers))
        return cls(recorder, workers, is_strict=False)

    @classmethod
    def of_lanes(cls, recorder: Recorder, count: int) -> Crew:
        return cls(recorder, [Lane(recorder) for _number in range(count)], is_strict=True)

    def parts(self, groups: Iterable[Group]) -> Iterator[Part]:
        """What became of the orders, batch by batch. What was read whole is recorded even if the file breaks off."""
        try:
            for group in groups:
                yield from self.take(group)
        except SourceUnreadable:
            yield from self.finish()
            raise
        yield from self.finish()

    def take(self, group: Group) -> Iterator[Part]:
        """Hand an order to its member's worker; gives what became of earlier ones."""
        if self.is_strict and not (self.is_one or group.fault or self.profile.is_apart(group)):
            yield from self.finish()
            self.is_one = True
        worker = self.workers[0 if self.is_one else self._place_of(group)]
        worker.groups.append(group)
        worker.text += group.size
        if len(worker.groups) >= self.size or worker.text > MOST_TEXT:
            while worker.busy >= AHEAD:
                yield worker.receive()
            worker.send()
            for each in self.workers:
                while each.busy and each.has_answer():
                    yield each.receive()

    def _place_of(self, group: Group) -> int:
        """By its member; what stands in several places of the file by whose its first rows said it is."""
        place = self.placed.get(group.key)
        if place is None:
            share = group.key if group.fault else self.profile.share(group)
            place = self.placed[group.key] = zlib.crc32(share.encode()) % len(self.workers)
            if len(self.placed) > REMEMBERED:
                self.placed.popitem(last=False)
        return place

    def finish(self) -> Iterator[Part]:
        for worker in self.workers:
            if worker.groups:
                worker.send()
        for worker in self.workers:
            while worker.busy:
                yield worker.receive()

    def stop(self) -> list[Part]:
        """End all of them; what became of batches that were under way, as far as that is known."""
        return [part for worker in self.workers for part in worker.stop()]


def _leave_pools() -> None:
    """Nothing that is open may be shared with a fork, nor a pool that keeps it open. Nor may a fork open a pool of its
    own: that takes threads and locks, which a fork finds in whatever state they were."""
    connections.close_all()
    for connection in connections.all(initialized_only=True):
        if isinstance(connection, DatabaseWrapper):
            connection.close_pool()
            connection.settings_dict["OPTIONS"].pop("pool", None)


def _work(pipe: Connection, recorder: Recorder, inherited: list[Connection]) -> None:
    """The worker's life: it ends when the other end of the pipe is closed, also by the death of the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in inherited:
        end.close()
    # Received at once, so that the parent never waits with a full pipe for a worker that waits with a full pipe for it.
    waiting: Queue[list[Group]] = Queue()
    Thread(target=_receive, args=(pipe, waiting), daemon=True).start()
    try:
        for answer in _answers(recorder, waiting):
            pipe.send(answer)
    finally:
        os._exit(1)


def _receive(pipe: Connection, waiting: Queue[list[Group]]) -> None:
    try:
        while True:
            waiting.put(pipe.recv())
    except (EOFError, OSError):
        # Nobody waits for an answer any more. A batch in mid-work is rolled back and taken again by the next import.
        os._exit(0)


def _answers(recorder: Recorder, waiting: Queue[list[Group]]) -> Iterator[Any]:
    """What became of each lot of orders; reading them runs one lot ahead of recording."""
    try:
        for batch in read_ahead(map(recorder.read, iter(waiting.get, None)), most=1):
            yield recorder.record(batch)
    except DomainError as error:
        yield WorkerRefused(str(error))
    except Exception as error:  # told to the parent, which stops
        logger.exception("A worker of an import failed")
        yield WorkerRefused(f"{type(error).__name__}: {error}".partition("\n")[0])


class WorkerRefused(DomainError):
    code = "worker_refused"

    def __reduce__(self) -> tuple[Callable[..., WorkerRefused], tuple[str]]:
        return WorkerRefused, (str(self),)
