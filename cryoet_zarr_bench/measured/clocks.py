"""Both clocks read around each timed call, so that a call tells its wall time and its CPU time."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

CPU_TIMES_FILE = "CRYOET_CPU_TIMES_FILE"
"""Environment variable: where a benchmark process leaves the CPU times of the calls it timed."""


class BothClocks:
    """A timer for asv that gives wall time, and notes the CPU time of the process beside it.

    asv reads it once before and once after each call. Reading the second clock takes about a
    microsecond, which wall time has in it.
    """

    def __init__(self) -> None:
        self._readings: list[float] = []

    def __call__(self) -> float:
        """Seconds of wall time since some moment."""
        self._readings.append(time.process_time())
        return time.perf_counter()

    def cpu_times(self) -> list[float]:
        """Seconds of CPU time, user and system, all threads, of every call so far."""
        pairs = zip(self._readings[::2], self._readings[1::2], strict=False)
        return [after - before for before, after in pairs]

    def leave(self) -> None:
        """Leave the CPU times for the host, where it asks for them."""
        path = os.environ.get(CPU_TIMES_FILE)
        if path and self._readings:
            Path(path).write_text(json.dumps(self.cpu_times()))


TWIN = "_cpu"
"""A benchmark of this name's end has the CPU time of the one without it."""
