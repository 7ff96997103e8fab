"""Ctrl-C between two steps of work, where nothing is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupted_between_steps() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C, SIGTERM, SIGHUP back until the function that is given is called, after a step.

    zarr writes in threads of its own, which an exception in this one does not stop: they would go
    on making files in a folder that is being removed. The second Ctrl-C is not held back. Elsewhere
    than in the main thread, which alone gets signals, nothing is held back.

    Raises:
        KeyboardInterrupt: from the function, where one came meanwhile.
    """
    came: list[int] = []

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return

    def note(number: int, frame: object) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    before = {ending: signal.signal(ending, note) for ending in _ENDINGS}
    try:
        yield check
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
