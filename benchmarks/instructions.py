"""Instructions of the core's calls, counted by callgrind: what no neighbour on the machine moves.

Work, no time: an instruction may take long or none. It shows changes of 1 %.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.declaring import benchmark
from benchmarks.stored import GRID
from cryoet_zarr_bench.measured.counted_calls import (
    OPEN,
    SLICE,
    VOLUME,
    WRITE,
    CountedCalls,
    count_calls,
)
from cryoet_zarr_bench.measured.exact_figures import leave_exact_figures
from cryoet_zarr_bench.storage.config import StorageConfig

SECTION = GRID.section("instructions")


def _count_of(call: str) -> Callable[[CountedCalls, StorageConfig], float]:
    """Looks up the count of a call before asv asks for it: n/a, with the reason, without one."""
    return lambda counted, config: counted.instructions(call, config)


class Instructions:
    """Instructions that a call executes, all threads of the process together."""

    version = "1"
    params = SECTION.params
    param_names = ("codec", "chunks", "zarr_format")
    timeout = 300
    counted: CountedCalls
    config: StorageConfig

    def setup_cache(self) -> CountedCalls:
        """Count all calls in processes under valgrind; n/a without it, and in small profiles."""
        if GRID.name not in ("standard", "full"):
            found = CountedCalls({}, {}, f"the profile {GRID.name} counts no instructions")
        else:
            calls = [
                (name, config)
                for config in SECTION.configs()
                for name in (WRITE, VOLUME, SLICE, OPEN)
            ]
            found = count_calls(calls, Path.cwd() / "counted")
        leave_exact_figures(Instructions, found)
        return found

    # A program runs some fifty times as long under valgrind.
    setup_cache.timeout = 3600  # type: ignore[attr-defined]

    def setup(self, counted: CountedCalls, codec: str, chunks: str, zarr_format: int) -> None:
        """Take the counts and the config."""
        self.counted, self.config = counted, StorageConfig.of(codec, chunks, zarr_format)

    def teardown(self, *given: object) -> None:
        """Nothing is left to tidy up."""

    @benchmark("Instructions of writing", unit="instructions", needs=_count_of(WRITE))
    def track_write(self) -> float:
        """Write the tomogram."""
        return self.counted.instructions(WRITE, self.config)

    @benchmark("Instructions of reading the volume", unit="instructions", needs=_count_of(VOLUME))
    def track_read_volume(self) -> float:
        """Read all of it."""
        return self.counted.instructions(VOLUME, self.config)

    @benchmark("Instructions of reading an XY slice", unit="instructions", needs=_count_of(SLICE))
    def track_read_xy_slice(self) -> float:
        """Read the slice in the middle of z."""
        return self.counted.instructions(SLICE, self.config)

    @benchmark("Instructions of opening", unit="instructions", needs=_count_of(OPEN))
    def track_open(self) -> float:
        """Open the array."""
        return self.counted.instructions(OPEN, self.config)

    @benchmark("Difference of repeated counts", unit="of the count", needs=CountedCalls.difference)
    def track_repeats_differ(self) -> float:
        """The most that two counts of one of the calls above differ."""
        return round(self.counted.difference(self.config), 6)
