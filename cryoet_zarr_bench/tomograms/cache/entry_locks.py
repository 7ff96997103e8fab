"""Locks on files of the cache, which tell other processes that they are in use.

Whoever uses a file has a shared lock of it (flock), so what gets an exclusive one may be removed. A
lock is of the file itself, not of its name, and needs no file of its own.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def hold_while_it_lives(owner: object, path: Path) -> bool:
    """Have a file in use for as long as `owner` is not given up, at most until the process ends.

    Says whether the file is there. Where the file system has no locks, nothing is held.
    """
    number = _shared(path)
    if number is None:
        return False
    weakref.finalize(owner, os.close, number)
    return True


@contextmanager
def held_while_made(file: BinaryIO) -> Iterator[None]:
    """Have a file that is being written in use, also when it was closed and has another name."""
    number = os.dup(file.fileno())
    try:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_SH)
        yield
    finally:
        os.close(number)


@contextmanager
def nobody_uses(path: Path) -> Iterator[bool]:
    """Say whether nobody uses a file, and keep it so for the block. Links are not followed."""
    try:
        number = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = is_still(number, path)
        except OSError:
            free = False
        yield free
    finally:
        os.close(number)


@contextmanager
def folder_locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Let entries be made (shared) or removed (exclusive) in a folder, not both at a time.

    Where the file system has no locks of folders, or there is no such folder, nothing is locked.
    """
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(number)


def is_still(number: int, path: Path) -> bool:
    """True if a name is still that of an open file: it may have been removed, or replaced."""
    try:
        return os.path.samestat(os.fstat(number), os.lstat(path))
    except OSError:
        return False


def _shared(path: Path) -> int | None:
    """The number of the open file, with a shared lock; None if there is no such file."""
    while True:
        try:
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_SH)
        try:
            if os.path.samestat(os.fstat(number), path.stat()):
                return number
        except OSError:
            pass
        os.close(number)
