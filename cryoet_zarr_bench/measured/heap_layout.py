"""Place the data of a measured process at another address in each process.

The system begins a heap at a random page. Where in a page a block of it begins is decided by all
that was taken before, by each module that a release imports: the same in every process of one
release, another in the next. Copying depends on it, and a release that writes by the code of the
one before it was 6 to 12 % "slower" in writing to a disk, in every run.

Mytkowicz et al., Producing wrong data without doing anything obviously wrong!, ASPLOS 2009,
doi:10.1145/1508284.1508275, is about such layouts.
"""

from __future__ import annotations

import ctypes
import mmap
import secrets

_ALIGNMENT = 16
"""Bytes: what malloc returns is a multiple of it on a 64-bit system."""

_LARGER_THAN_ANY_HOLE = 2**20
"""Bytes. So much is taken from the end of the heap, and what comes after it moves."""


def shift_heap() -> int:
    """Move what this process takes from its heap from now on by a random part of a page.

    Returns the bytes, a multiple of 16 below the size of a page. They, and the mebibyte before
    them, are never touched nor freed: they take up addresses, not memory.
    """
    moved = _ALIGNMENT * secrets.randbelow(mmap.PAGESIZE // _ALIGNMENT)
    ctypes.CDLL(None).malloc(ctypes.c_size_t(_LARGER_THAN_ANY_HOLE + moved))
    return moved
