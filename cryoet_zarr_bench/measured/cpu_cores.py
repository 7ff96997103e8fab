"""On how many cores a measured process works: on one, where one thread is measured.

zarr-python 3 hands each chunk from one thread to another although one works at a time. On two cores
each hand-over wakes a core that sleeps, and what that takes is a matter of luck and of the machine.
"""

from __future__ import annotations

import os

EVERY_CORE = "CRYOET_EVERY_CORE"
"""Environment variable: where set, measured processes are not kept to one core."""

_every: set[int] | None = None
"""The cores this process had before it was kept to one; a fork of it knows them too."""


def keep_to_one_core() -> None:
    """Keep this process, and what it starts, to one of its cores.

    Nothing happens if the system cannot, or where `CRYOET_EVERY_CORE` is set.
    """
    global _every
    if os.environ.get(EVERY_CORE) or not hasattr(os, "sched_setaffinity"):
        return
    _every = _every or os.sched_getaffinity(0)
    # The first often answers interrupts; of two kinds of cores the quick ones have low numbers.
    first, *others = sorted(_every)
    os.sched_setaffinity(0, {others[0] if others else first})


def take_every_core() -> None:
    """Give this process back all cores it had, where a library's own threads are measured."""
    if _every is not None:
        os.sched_setaffinity(0, _every)


def cores_in_use() -> int | None:
    """The cores this thread may work on; None if the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
