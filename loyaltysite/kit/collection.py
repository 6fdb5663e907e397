"""Python's search for cycles is held back while very many objects are made that all live equally long."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused(*, when: bool = True) -> Iterator[None]:
    """Without the search until the end of the block. Two threads at once leave it on when the later one is done."""
    if not when or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
