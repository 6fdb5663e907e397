"""Ids taken ahead in blocks, so that a whole posting can be linked before it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import chain

from django.db import connection

BLOCK = 500
_pools: dict[str, list[int]] = {}


def pool(needed: int) -> Callable[[], int]:
    """A function that gives the next free id. At least `needed` are at hand; more are fetched when they run out."""
    ids = _pools.setdefault(str(connection.settings_dict["NAME"]), [])
    if len(ids) < needed:
        _fill(ids, max(BLOCK, needed))

    def take() -> int:
        # Another thread may take the last one between a look and a grip.
        while True:
            try:
                return ids.pop()
            except IndexError:
                _fill(ids, BLOCK)

    return take


def forget() -> None:
    """Drop all blocks: after a fork two processes must not share one."""
    _pools.clear()


def _fill(ids: list[int], count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('wafa_ids') FROM generate_series(1, %s)", [count])
        ids[:0] = reversed(list(chain.from_iterable(cursor.fetchall())))


os.register_at_fork(after_in_child=forget)
