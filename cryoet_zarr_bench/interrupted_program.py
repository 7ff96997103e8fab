"""Progress of the program, and its reaction to Ctrl-C, SIGTERM and a closed terminal.

asv is a program of its own: of this it only has that no Ctrl-C is lost.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

INTERRUPTED = 130
"""The exit code of what was interrupted."""

_SOON = 0.02
"""Seconds until an interruption that could not be had is tried again."""

NOTHING_YET = "nothing was begun"

_OVER = "the command had come to its end"


class _Course:
    """Progress of the program.

    `ending` is what Ctrl-C prints where it ends the process at once, since nothing is under way;
    None while a command works, which it then interrupts by KeyboardInterrupt. `waits` is whether an
    interruption came and waits for its moment.
    """

    ending: str | None = NOTHING_YET
    waits = False


def work_begins() -> None:
    """From now on an interruption is the command's, which has to put things in order."""
    _Course.ending = None


def work_ends(told: bool = False) -> None:
    """From now on nothing is under way; `told` where a line on the interruption was printed."""
    if _Course.ending is None:
        _Course.ending = "" if told else _OVER
    if _Course.waits:
        flush_output()
        _end_at_once(_Course.ending)


def handle_interruptions() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal interrupt this program, from now on."""
    # Who starts a program in the background may have Ctrl-C ignored, or the end of the terminal, by
    # nohup: so it stays.
    for ending in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _unraisable
    # The first that is registered is called last.
    atexit.register(_ignore_interruptions)


def try_lost_interruptions_again() -> None:
    """Let no Ctrl-C be lost that comes where Python can only print it, for a program of others.

    So it is in what a module does around a fork, as logging does with its locks: a program that
    starts a process for each of its steps would go on to its end. A program that cares for it
    already is left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if sys.unraisablehook is sys.__unraisablehook__:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        sys.unraisablehook = _unraisable


def _ignore_interruptions() -> None:
    """Let the exit code stand that the command has come to.

    Python gives signals back to the system while it shuts down: one that comes then would kill the
    process, and its caller would read that the command was killed, not what it answered.
    """
    for ending in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGALRM):
        signal.signal(ending, signal.SIG_IGN)
    # Where an interruption came out of code that was given as text, as that of a dataclass, Python
    # remembers it until it runs the next, and `python -m` ends by SIGINT instead of its exit code.
    exec("")


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _Course.ending is not None:
        _end_at_once(_Course.ending)
    _Course.waits = False
    raise KeyboardInterrupt


def _unraisable(what: Any) -> None:
    """Try an interruption again that came where Python can only print it and go on."""
    if issubclass(what.exc_type, KeyboardInterrupt):
        _Course.waits = True
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(what)


def flush_output() -> None:
    """Let nothing that was printed be lost where the process is ended at once."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()


def _end_at_once(
    left: str,
    # Bound here: while the interpreter shuts down, modules lose their names.
    write: Any = os.write,
    end: Any = os._exit,
) -> NoReturn:
    try:
        if left:
            write(2, f"interrupted: {left}\n".encode())
    finally:
        end(INTERRUPTED)
    raise AssertionError("os._exit returns to nobody")
