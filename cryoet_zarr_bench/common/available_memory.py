"""Memory this process may take, and the source of that limit: machine, process limit, container.

The limits of a process are those of `setrlimit` (2); those of a group of processes are cgroups,
https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html. Each group is held
by the groups that it lies in too.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_GROUPS = "sys/fs/cgroup"
# Where version 2 lies: alone, or beside version 1.
_UNIFIED = (_GROUPS, f"{_GROUPS}/unified")
_LIMITS_OF_VERSION_2 = ("memory.max", "memory.high")
_LIMIT_OF_VERSION_1 = "memory.limit_in_bytes"
_WHILE_IMPORTING = ("failed to map segment", "cannot allocate memory", "Cannot allocate memory")


@dataclass(frozen=True)
class MemoryBound:
    """`bytes` that this process may take at most, and `named`, what holds it to them."""

    bytes: int
    named: str


def tightest_bound(root: Path = Path("/")) -> MemoryBound:
    """The least of all bounds that this process has.

    Of the machine and of groups it is all that they have; of the process it is what is left.

    Args:
        root: the folder that has `proc` and `sys`.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    bounds = [MemoryBound(physical, "this machine has")]
    bounds += group_bounds(root)
    bounds += process_bounds(root)
    return min(bounds, key=lambda bound: bound.bytes)


def process_bounds(root: Path = Path("/")) -> list[MemoryBound]:
    """Bytes that `RLIMIT_AS` and `RLIMIT_DATA` leave to this process beside what it has mapped."""
    mapped = _mapped(root)
    left = []
    for kind, field, named in (
        (resource.RLIMIT_AS, "VmSize", "RLIMIT_AS (ulimit -v)"),
        (resource.RLIMIT_DATA, "VmData", "RLIMIT_DATA (ulimit -d)"),
    ):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            bytes_left = max(0, limit - mapped.get(field, 0))
            left.append(MemoryBound(bytes_left, f"the limit {named} of {limit} bytes leaves"))
    return left


def group_bounds(root: Path = Path("/")) -> list[MemoryBound]:
    """The limits of the cgroups that this process is in, and of those that they lie in."""
    return [
        MemoryBound(limit, f"the limit in {file} gives")
        for file in _limit_files(root)
        if (limit := _limit_of(file)) is not None
    ]


def is_out_of_memory(error: BaseException) -> bool:
    """True if an exception says that memory ran out, one raised by a library's import included."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):
        return any(words in str(error) for words in _WHILE_IMPORTING)
    return isinstance(error, MemoryError)


def _mapped(root: Path) -> dict[str, int]:
    """Bytes by the name of the kernel: `VmSize` is all address space, `VmData` private data."""
    try:
        lines = (root / "proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.startswith("Vm") and line.endswith(" kB"))
    return {name.rstrip(":"): int(number) << 10 for name, number, _ in fields}


def _limit_files(root: Path) -> Iterator[Path]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _UNIFIED:
                for each in _group_and_parents(root / folder, group):
                    yield from (each / name for name in _LIMITS_OF_VERSION_2)
        elif "memory" in controllers.split(","):
            for each in _group_and_parents(root / _GROUPS / "memory", group):
                yield each / _LIMIT_OF_VERSION_1


def _group_and_parents(mounted: Path, group: str) -> Iterator[Path]:
    """In a container the names of outer groups are not there, but its own group is the root."""
    inner = PurePosixPath(group.lstrip("/"))
    if ".." not in inner.parts:
        yield from (mounted / each for each in (inner, *inner.parents) if each.parts)
    yield mounted


def _limit_of(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isascii() and text.isdecimal() else None
