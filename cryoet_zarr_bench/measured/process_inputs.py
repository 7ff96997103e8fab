"""Inputs of a benchmark process: the release it measures, and the prepared tomogram.

asv starts each process with the folder of its environment and the commit in the environment
variables; the installation left there says which release that commit is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path

PREPARED_TOMOGRAM = "CRYOET_PREPARED_TOMOGRAM"
"""Environment variable: the path of the prepared tomogram (.npy) that is measured."""

ASV_PROCESS = "CRYOET_ASV_PROCESS"
"""Environment variable: the number of the process that starts this one: asv of measured ones, the
command of asv."""

DISK_STORES = "CRYOET_DISK_STORES"
"""Environment variable: the folder of a run for stores that have to lie on a disk."""


def prepared_tomogram_path() -> Path:
    """The prepared tomogram to measure; RuntimeError if none was prepared."""
    path = os.environ.get(PREPARED_TOMOGRAM)
    if not path:
        raise RuntimeError(f"no tomogram was prepared: {PREPARED_TOMOGRAM} is not set")
    return Path(path)


def end_with_parent() -> None:
    """Let Linux end this process when the process that started it is gone, however it ended.

    asv's fork server waits for its next command for ever; after a kill of asv none comes.
    """
    _be_killed_with_parent()
    # A forked process does not inherit it: one that makes stores would go on for a while.
    os.register_at_fork(after_in_child=_be_killed_with_parent)
    # Where it was gone before this call, no signal comes any more.
    if os.environ.get(ASV_PROCESS, str(os.getppid())) != str(os.getppid()):
        os._exit(1)


def _be_killed_with_parent() -> None:
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
