"""CPU time from the very calls whose wall time was measured, instead of calls of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.measured.clocks import CPU_TIMES_FILE, TWIN


class CpuTwins:
    """The CPU times that a run of asv was left, each kept until asv comes to the twin.

    A cell's two figures are then two readings of the same calls, and the calls are made once. Where
    nothing was left, as after an interruption between the two, asv runs the twin by itself.
    """

    def __init__(self, benchmarks: Any, folder: Path) -> None:
        self._twins = {name for name in benchmarks if name.endswith(TWIN)}
        self._file = folder / "cpu-times.json"
        self._waiting: dict[tuple[str, Any], Any] = {}
        os.environ[CPU_TIMES_FILE] = str(self._file)

    def forget_last(self) -> None:
        """A cell is going to be run: what an earlier one left is not its."""
        self._file.unlink(missing_ok=True)

    def take(self, benchmark: str, index: Any, found: Any) -> None:
        """Take over the CPU times that the cell just run has left, where it has a twin."""
        twin = f"{benchmark}{TWIN}"
        samples = found.samples[0] if found.errcode == 0 and found.samples else None
        if twin not in self._twins or not samples or not self._file.exists():
            return
        times = json.loads(self._file.read_text())
        # The first calls warm up; asv takes one call for each sample.
        if found.number == [1] and len(times) > len(samples):
            self._waiting[twin, index] = found._replace(samples=[times[-len(samples) :]])

    def give(self, benchmark: str, index: Any) -> Any:
        """The result of a twin that is waiting, once; None if there is none."""
        return self._waiting.pop((benchmark, index), None)
