"""The next items are made in a thread while the caller waits for something else, such as the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from queue import Full, Queue
from threading import Event, Thread
from typing import Any

PATIENCE = 0.5  # seconds after which the thread looks whether anybody still wants its items


class _End:
    """After the last item, with the error that ended them, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead[Item](items: Iterable[Item], *, most: int = 2) -> Iterator[Item]:
    """The same items in their order, up to `most` of them made in advance; an error comes where it would have come.

    `items` must not use the database: a connection belongs to one thread.
    """
    made: Queue[Any] = Queue(maxsize=most)
    left = Event()
    thread = Thread(target=copy_context().run, args=(_make, items, made, left), daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()
        # Not for ever: it may itself be waiting for an item that never comes.
        thread.join(timeout=2 * PATIENCE)


def _make(items: Iterable[Any], made: Queue[Any], left: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(item, made, left):
                return
    except BaseException as error:  # noqa: BLE001 - raised again where the items are used
        end = _End(error)
    _put(end, made, left)


def _put(item: Any, made: Queue[Any], left: Event) -> bool:
    while not left.is_set():
        try:
            made.put(item, timeout=PATIENCE)
        except Full:
            continue
        return True
    return False
