"""Pages of a store in this machine's page cache: look, load, drop.

Linux alone. What is out of this page cache may still be in the cache of a disk, or of the host of a
virtual machine: cold is said of this system's memory and of no other. Names and sizes of files, the
inodes, stay known.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
"""File systems whose files lie in memory and nowhere else."""

_MOST_TRIES = 3


@functools.cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int),
        ctypes.c_long,
    ]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    return library


def residency(store: Path) -> float:
    """The fraction, 0 to 1, of the pages of all files under a folder that are in the page cache.

    By mincore(2), which reads nothing in itself. A store without any byte is not resident: 0.
    OSError where the system does not tell.
    """
    resident = pages = 0
    for path in _files(store):
        in_memory, of = _pages(path)
        resident, pages = resident + in_memory, pages + of
    return resident / pages if pages else 0.0


def warm(store: Path) -> None:
    """Read every file under a folder, so that all of their pages are in the page cache.

    RuntimeError with the fraction that is there where the kernel does not keep them, as where
    memory is scarce.
    """
    for _ in range(_MOST_TRIES):
        for path in _files(store):
            path.read_bytes()
        found = residency(store)
        if found == 1:
            return
    raise RuntimeError(f"{store}: only {found:.1%} of its pages stay in the page cache")


def drop(store: Path) -> None:
    """Let the kernel forget every page of the files under a folder, by posix_fadvise(2).

    RuntimeError with the fraction that stayed where it does not, as when another process has the
    same files mapped.
    """
    for attempt in range(_MOST_TRIES):
        for path in _files(store):
            with path.open("rb") as file:
                # A page that is not written yet cannot be forgotten. Asked of every file each time,
                # this would take longer than reading.
                if attempt:
                    os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        stayed = residency(store)
        if stayed == 0:
            return
    raise RuntimeError(f"{store}: {stayed:.1%} of its pages stayed in the page cache")


def make_durable(store: Path) -> None:
    """Have every file and folder of a store, and its own name, on the disk before this returns.

    fsync(2) of each file, then of each folder, which holds the names, then of the folder around.
    What somebody does who must not lose the store when the power fails.
    """
    for folder, _, files in os.walk(store, topdown=False):
        for name in files:
            _synchronise(f"{folder}/{name}")
        _synchronise(folder)
    _synchronise(store.parent)


def why_never_durable(file_system: str) -> str | None:
    """The reason why nothing on that kind of file system survives a power cut; None if it does."""
    if file_system in _IN_MEMORY:
        return f"{file_system} keeps files in memory: nothing on it is durable"
    return None


def why_unknown(folder: Path, file_system: str) -> str | None:
    """The reason why nobody can say what of a folder is in the page cache; None if it is known."""
    if not sys.platform.startswith("linux"):
        return "which pages are in the page cache is known on Linux alone"
    try:
        with _probe(folder) as probe:
            warm(probe)
    except (OSError, RuntimeError) as error:
        return f"{file_system} does not tell which pages are in the page cache: {error}"
    return None


def why_never_cold(folder: Path, file_system: str) -> str | None:
    """The reason why a folder's files cannot be dropped from the page cache; None if they can."""
    if file_system in _IN_MEMORY:
        return f"{file_system} keeps files in memory: none of them is ever cold"
    if (reason := why_unknown(folder, file_system)) is not None:
        return reason
    try:
        with _probe(folder) as probe:
            drop(probe)
    except (OSError, RuntimeError) as error:
        return f"{file_system} does not let go of pages: {error}"
    return None


@contextmanager
def _probe(folder: Path) -> Iterator[Path]:
    """A store of one file of a few pages, to try things with."""
    probe = folder / "page-cache-probe"
    probe.mkdir()
    try:
        (probe / "pages").write_bytes(bytes(4 * mmap.PAGESIZE))
        yield probe
    finally:
        shutil.rmtree(probe)


def _files(store: Path) -> Iterator[Path]:
    return (path for path in store.rglob("*") if path.is_file())


def _synchronise(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pages(path: Path) -> tuple[int, int]:
    """The number of a file's pages in the page cache, and of all its pages."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            return 0, 0
        pages = -(-size // mmap.PAGESIZE)
        found = ctypes.create_string_buffer(pages)
        library = _libc()
        address = library.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
        if address == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), "mmap(2) failed", str(path))
        try:
            if library.mincore(address, size, found):
                raise OSError(ctypes.get_errno(), "mincore(2) failed", str(path))
        finally:
            library.munmap(address, size)
    # The lowest bit alone is defined.
    return sum(each & 1 for each in found.raw), pages
