"""Processes of this machine that still run, and ending those that are left over."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LOOKS, _PAUSE = 1000, 0.01  # seconds
_QUIET_LOOKS = 3


def is_alive(process: int) -> bool:
    """True if there is such a process, and it has not ended.

    One that has keeps its number until its parent asks for the exit code. In a container without an
    init there may be nobody who ever asks.
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return not _status(process).has_ended
    except (OSError, ValueError):
        return True  # there is no /proc to tell


def end_session(session: int) -> None:
    """Kill all processes of a session, and wait until none of them can write any more.

    A kill is not waited for by the kernel: a process may make one more file.
    """
    quiet = 0
    for _ in range(_LOOKS):
        groups = _groups_at_work(session)
        # One look may miss a process that was started while it was made.
        quiet = 0 if groups else quiet + 1
        if quiet == _QUIET_LOOKS:
            return
        # As groups: one by one, a process could start another between the look and the kill. The
        # first group of a session has its number, and is killed whether it was seen or not.
        for group in groups | {session}:
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        time.sleep(_PAUSE)


def _groups_at_work(session: int) -> set[int]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            status = _status(int(folder.name))
            if status.session == session and not status.has_ended:
                found.add(status.group)
    return found


class _Status(NamedTuple):
    has_ended: bool
    group: int
    session: int


def _status(process: int) -> _Status:
    stat = Path(f"/proc/{process}/stat").read_text(errors="replace")
    # Behind the name, which may hold anything: state, parent, group, session.
    state, _, group, session = stat.rpartition(")")[2].split()[:4]
    return _Status(state in ("Z", "X"), int(group), int(session))
