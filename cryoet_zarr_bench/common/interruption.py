"""Ctrl-C between two steps of work, where nothing is under way, and never in a last one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

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

    with _handled_by(note):
        yield check


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM, SIGHUP back to the end of the block, however often they come.

    For what is short and has to be done: who ends a program twice wants no less tidied up.
    Elsewhere than in the main thread, which alone gets signals, nothing is held back.

    Raises:
        KeyboardInterrupt: at the end, where one came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    with _handled_by(lambda number, frame: came.append(number)):
        yield
    if came:
        raise KeyboardInterrupt


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let a function handle what ends a program, but for what is ignored from the start."""
    before = {
        ending: signal.signal(ending, handler)
        for ending in _ENDINGS
        if signal.getsignal(ending) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for ending, earlier in before.items():
            signal.signal(ending, earlier)
