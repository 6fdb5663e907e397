"""Lanes of one process: while one waits for the database, another computes."""

from __future__ import annotations

from contextvars import copy_context
from queue import Queue
from threading import Event, Thread

from django.db import connection, connections

from members.models import Program
from rewards import rulebook
from rewards.imports.groups import Group
from rewards.imports.recording import Part, Recorder

# From so many orders in a batch on; small ones are asked for by somebody who wants one after the other.
MANY = 100


class Lane:
    """A thread with a database connection of its own; takes orders and gives answers as a Worker does."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.groups: list[Group] = []
        self.text = 0
        self.busy = 0
        self.waiting: Queue[list[Group] | None] = Queue()
        self.answers: Queue[Part | BaseException] = Queue()
        self.is_left = Event()
        self.thread = Thread(target=copy_context().run, args=(self._work,), daemon=True)
        self.thread.start()

    def send(self) -> None:
        self.waiting.put(self.groups)
        self.groups, self.text = [], 0
        self.busy += 1

    def receive(self) -> Part:
        answer = self.answers.get()
        self.busy -= 1
        if isinstance(answer, Part):
            return answer
        raise answer

    def has_answer(self) -> bool:
        return not self.answers.empty()

    def stop(self) -> list[Part]:
        """End after the batch at hand; what became of those that nobody has received yet."""
        self.is_left.set()
        self.waiting.put(None)
        self.thread.join()
        answers = [self.answers.get() for _number in range(self.answers.qsize())]
        return [answer for answer in answers if isinstance(answer, Part)]

    def _work(self) -> None:
        try:
            while (groups := self.waiting.get()) is not None and not self.is_left.is_set():
                self.answers.put(self.recorder.record(self.recorder.read(groups)))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever receives it
            self.answers.put(error)
        finally:
            connections.close_all()


def may_be_used(program: Program, *, batch: int) -> bool:
    """Whether several lanes come to the same end as one: not within a transaction, which the others would not see, and
    not where a budget goes to whoever comes first."""
    if batch < MANY or connection.in_atomic_block:
        return False
    catalogue = Program.objects.values_list("catalogue", flat=True).get(pk=program.pk)
    book = rulebook.of(program.pk, database=str(connection.settings_dict["NAME"]), catalogue=catalogue)
    return all(version.definition.get("budget") is None for version in book.versions.values())
