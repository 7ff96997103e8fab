"""The most memory that a process has had."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_memory() -> int:
    """The most bytes of memory that this program has had.

    getrusage(2) would have the process that started it in, which was larger; it is asked where the
    kernel has no /proc.
    """
    try:
        status = Path("/proc/self/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
