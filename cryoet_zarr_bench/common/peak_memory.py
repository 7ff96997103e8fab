"""The most memory that a process has had."""

from __future__ import annotations

import resource
import threading
import time
from pathlib import Path


def peak_memory() -> int:
    """The most bytes of memory that this program has had.

    getrusage(2) would have the process that started it in, which was larger; it is asked where the
    kernel has no /proc.
    """
    found = _bytes_of("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if found is None else found


def own_memory() -> int:
    """Bytes of memory that this program has for itself now, without pages of files that it maps.

    The system takes those back when it needs them. Where the kernel has no /proc it is the most
    that the program has had, with those pages.
    """
    return _bytes_of("RssAnon") or peak_memory()


class OwnMemoryFollower:
    """The most that `own_memory` has been since it was made; it looks every 20 ms."""

    def __init__(self) -> None:
        self._most = own_memory()
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def most(self) -> int:
        """The most bytes so far."""
        return max(self._most, own_memory())

    def _follow(self) -> None:
        while True:
            self._most = max(self._most, own_memory())
            time.sleep(0.02)


def _bytes_of(name: str) -> int | None:
    """A figure of this program's memory as Linux tells it, in bytes; None without it."""
    try:
        status = Path("/proc/self/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
