"""What becomes of memory that a measured process frees: it is kept for the next call.

glibc gives freed memory back to the system beyond thresholds that follow what was freed before.
Whether a call gets its memory page by page anew is then a matter of what the process happened to do
earlier: reading one slice of chunks of 1 MiB took 0.5 ms in one process and 2.1 ms in the next.
"""

from __future__ import annotations

import ctypes
import os

TRIM_MEMORY = "CRYOET_TRIM_MEMORY"
"""Environment variable: where set, the allocator does as it does by itself."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""The numbers of glibc's settings, from malloc.h."""

LARGEST_KEPT = 32 * 2**20
"""Bytes. The thresholds are put where they end by themselves in a process that once freed a block
of 32 MiB: mallopt(3) has that limit for a 64-bit system. A larger block is the system's own in each
call, as it is in any process."""

_is_kept = False


def keep_freed_memory() -> None:
    """Let this process, and its forks, keep what it frees in blocks of up to 32 MiB.

    Nothing happens where the C library is not glibc, or where `CRYOET_TRIM_MEMORY` is set.
    """
    global _is_kept
    if os.environ.get(TRIM_MEMORY) or not _is_glibc():
        return
    library = ctypes.CDLL(None)
    # Twice as much is what glibc itself sets the one to where it has set the other.
    thresholds = ((_MMAP_THRESHOLD, LARGEST_KEPT), (_TRIM_THRESHOLD, 2 * LARGEST_KEPT))
    _is_kept = all([library.mallopt(*threshold) for threshold in thresholds])


def is_memory_kept() -> bool:
    """Whether this process was told so, or is the fork of one that was."""
    return _is_kept


def _is_glibc() -> bool:
    try:
        return "glibc" in os.confstr("CS_GNU_LIBC_VERSION")  # type: ignore[operator]
    except (AttributeError, ValueError, OSError, TypeError):
        return False
