"""Keep the memory that a measured process frees, for its next call.

glibc gives freed memory back to the system beyond thresholds that follow what was freed before.
Whether a call gets its memory page by page anew is then a matter of what the process happened to do
earlier: of two processes that read the same slice, one may take a page fault for each 4 KiB of each
chunk in every call, and the other none.
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

_FIRST_THRESHOLD = 128 * 2**10
"""Bytes, where both thresholds begin, mallopt(3)."""

_is_kept = False


def keep_freed_memory() -> None:
    """Let this process, and its forks, keep what it frees in blocks of up to 32 MiB.

    Nothing happens if the C library is not glibc, or where `CRYOET_TRIM_MEMORY` is set.
    """
    global _is_kept
    if not os.environ.get(TRIM_MEMORY):
        # Twice as much is what glibc itself sets the one to where it has set the other.
        _is_kept = _set_thresholds(LARGEST_KEPT, 2 * LARGEST_KEPT)


def give_back_freed_memory() -> None:
    """Let this process give back at once what it frees: its peak is what it holds at one time."""
    global _is_kept
    if _is_kept:
        _is_kept = not _set_thresholds(_FIRST_THRESHOLD, _FIRST_THRESHOLD)


def is_memory_kept() -> bool:
    """True if this process keeps what it frees; so does its fork."""
    return _is_kept


def _set_thresholds(mmap: int, trim: int) -> bool:
    """Set both, which also ends their adapting; False if the C library is not glibc."""
    try:
        if "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""):
            return False
    except (AttributeError, ValueError, OSError):  # not this kind of system
        return False
    library = ctypes.CDLL(None)
    return all([library.mallopt(_MMAP_THRESHOLD, mmap), library.mallopt(_TRIM_THRESHOLD, trim)])
