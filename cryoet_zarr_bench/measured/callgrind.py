"""Tell valgrind's callgrind, from within a program, which instructions to count.

A program speaks to valgrind by instructions that do nothing elsewhere, "client requests". The
sequence and the numbers of the requests are those of valgrind.h and callgrind.h of valgrind 3.
Python has no such instructions, so they are put into a page of memory here.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import platform
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryoet_zarr_bench.measured.cpu_cores import EVERY_CORE

_RUNNING_ON_VALGRIND = 0x1001
_OF_CALLGRIND = (ord("C") << 24) | (ord("T") << 16)
_ZERO, _DUMP_AT, _START, _STOP = (_OF_CALLGRIND + number for number in (1, 3, 4, 5))

_X86_64 = bytes.fromhex(
    "4889f8"  # mov rax, rdi: where the request and its five arguments lie
    "4889f2"  # mov rdx, rsi: the answer where there is no valgrind
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi, 3 + 13 + 61 + 51: two whole turns
    "4887db"  # xchg rbx, rbx
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)


@functools.cache
def _asking() -> tuple[Callable[[int, int], int], mmap.mmap]:
    if platform.machine() not in ("x86_64", "AMD64"):
        raise RuntimeError(f"instructions are counted on x86-64 only, not on {platform.machine()}")
    protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=protection)
    page.write(_X86_64)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64)(address)
    return function, page


def _ask(request: int, argument: int = 0) -> int:
    arguments = (ctypes.c_uint64 * 6)(request, argument)
    return _asking()[0](ctypes.addressof(arguments), 0)


def is_counting() -> bool:
    """True if this program runs under valgrind. Raises RuntimeError if that cannot be asked."""
    return _ask(_RUNNING_ON_VALGRIND) > 0


@contextmanager
def counting() -> Iterator[None]:
    """Let callgrind follow what the block does; to begin and to end takes it half a second."""
    _ask(_START)
    try:
        yield
    finally:
        _ask(_STOP)


@contextmanager
def counted(name: str) -> Iterator[None]:
    """Within `counting`, let callgrind dump the block's instructions, of all threads, as `name`."""
    label = ctypes.create_string_buffer(name.encode())
    _ask(_ZERO)
    try:
        yield
    finally:
        _ask(_DUMP_AT, ctypes.addressof(label))


COUNTED_ALIKE = {"PYTHONHASHSEED": "0", EVERY_CORE: "1"}
"""Environment variables of a counted program: a fixed seed of hashes, so that dictionaries of
strings are walked alike, and the core that `callgrind_command` gives it."""


def callgrind_command(valgrind: str, output: Path, program: list[str], core: int) -> list[str]:
    """The command that runs a program under callgrind, which counts what `counted` encloses.

    The program has one core, the `core`th from 0 of this machine's; over again where it has fewer.
    """
    return [
        *(sys.executable, "-c", _ON_ONE_CORE, str(core)),
        valgrind,
        "--quiet",
        "--tool=callgrind",
        "--instr-atstart=no",
        # Threads take turns. Else the one that works goes on, and by chance another gets in.
        "--fair-sched=yes",
        f"--callgrind-out-file={output / 'counts'}",
        *program,
    ]


_ON_ONE_CORE = (
    "import os, sys\n"
    "if hasattr(os, 'sched_setaffinity'):\n"
    "    os.sched_setaffinity(0, range(os.cpu_count() or 1))\n"
    "    cores = sorted(os.sched_getaffinity(0))\n"
    "    os.sched_setaffinity(0, {cores[int(sys.argv[1]) % len(cores)]})\n"
    "    try:\n"
    "        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))\n"
    "    except OSError:\n"
    "        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)
"""A program that goes on as the command after a number: that core is its own, where its threads
take turns in the same order each time.

Linux otherwise interrupts a thread when another wakes or its time is up, and then a call takes a
round of the event loop more or less. A process that may be scheduled first in, first out, is not
interrupted, and its counts repeat far better; another is at least not when a thread wakes.
"""


_TRIGGER = re.compile(r"^desc: Trigger: Client Request: (.*)$", re.MULTILINE)
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)


def read_counts(output: Path) -> dict[str, int]:
    """The instructions in callgrind's dumps, by the names that `counted` was given."""
    found: dict[str, int] = {}
    for path in output.iterdir():
        content = path.read_text(errors="replace")
        trigger, totals = _TRIGGER.search(content), _TOTALS.search(content)
        if trigger and totals:
            found[trigger[1]] = int(totals[1])
    return found
