"""Which processes of this machine are still at work, and how those that are left are ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_LOOKS, _PAUSE = 1000, 0.01  # seconds


def is_alive(process: int) -> bool:
    """Whether there is such a process, and it has not ended.

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
    for _ in range(_LOOKS):
        groups = _groups_at_work(session)
        if not groups:
            return
        # As groups: one by one, a process could start another between the look and the kill.
        for group in groups:
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
