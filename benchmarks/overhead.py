"""Cost of each chunk, and reading and writing compared with a plain file.

Measured, although asv calls what is no plain time `track_`: each figure is the median of several
rounds, which asv keeps as its samples. Stores lie where those of the benchmarks of `read` do, in
memory where they fit; one thread, warm page cache, files left to the page cache. Measured of a part
of the tomogram, 128 voxels along each axis at most, which its chunks fill without padding.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.declaring import benchmark
from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.measured.overhead_figures import (
    Both,
    as_cpu_samples,
    as_samples,
    chunk_count,
    copy_file,
    ratios,
    read_file,
    series_of,
    slopes,
    timed,
    whole_chunks,
)
from cryoet_zarr_bench.measured.prepared_stores.core_stores import prepare_store_set
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.config import StorageConfig

SECTION = GRID.section("overhead")
ROUNDS_OF_SLOPES = 3
ROUNDS_OF_RATIOS = 9
MICROSECONDS = 1e6
PLAIN = "plain-voxels"
PER_CHUNK, OVER_PLAIN = "microseconds per chunk", "times as long"


class Compared(StoredTomogram):
    """Stores that hold the same voxels, and a plain file to compare them with."""

    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write the stores of every slope and ratio, and verify them; write the plain file."""
        prepared = open_prepared(prepared_tomogram_path())
        configs = [each for config in SECTION.configs() for each in series_of(config)]
        voxels = whole_chunks(prepared.load(mmap=True), [config.chunks for config in configs])
        voxels.tofile(PLAIN)
        once = list(dict.fromkeys(configs))
        return self.left(prepare_store_set(prepared, Path.cwd(), once, "overhead", voxels=voxels))

    def pick_store(self) -> None:
        """Pick the verified stores; n/a or failed, with its reason, where one is not there."""
        self.configs = series_of(self.config)
        self.stores = [self.store_set.get(config) for config in self.configs]
        super().pick_store()

    def begin(self) -> None:
        """Remove what an earlier call wrote."""
        self.target, self.copied = Path.cwd() / "written", Path.cwd() / "copied-voxels"
        self.clear()

    def end(self) -> None:
        """Leave nothing."""
        self.clear()

    def clear(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.copied.unlink(missing_ok=True)

    def reading(self, config: StorageConfig) -> Callable[[], Both]:
        """A call that reads all voxels of a store, from an array that was opened anew."""
        folder = self.store_set.get(config).folder

        def read() -> Both:
            array = self.engine.open(folder)
            return timed(lambda: array[...])

        return read

    def writing(self, config: StorageConfig) -> Callable[[], Both]:
        """A call that creates an array and writes all voxels; fails if bytes are missing."""
        store = self.store_set.get(config)
        voxels = np.asarray(self.engine.open(store.folder)[...])

        def write() -> Both:
            self.clear()
            found = timed(lambda: self.engine.write(voxels, self.target, config))
            store.refuse_other_bytes(self.target)
            return found

        return write


class PerChunk(Compared):
    """The slope of time over the number of chunks.

    Over three chunk shapes, the parameter being the smallest: it, and it doubled along each axis,
    once and twice. 512, 64 and 8 chunks of 128 x 128 x 128 voxels where it is 16x16x16.
    """

    def slopes(self, kind: Callable[[StorageConfig], Callable[[], Both]]) -> list[Both]:
        """Seconds that each chunk adds, round by round, of what `kind` makes of a config."""
        shape = self.engine.open(self.stores[0].folder).shape
        calls = {
            chunk_count(shape, config.chunks): kind(config) for config in reversed(self.configs)
        }
        for warm in calls.values():
            warm()
        return slopes(calls, ROUNDS_OF_SLOPES)

    @benchmark("Overhead of a chunk read (wall time)", unit=PER_CHUNK)
    def track_read_us_per_chunk(self) -> dict[str, Any]:
        """The slope of the wall time of reading."""
        return as_samples(self.slopes(self.reading), MICROSECONDS)

    @benchmark("Overhead of a chunk read (CPU time)", unit=PER_CHUNK)
    def track_read_us_per_chunk_cpu(self) -> dict[str, Any]:
        """The slope of the CPU time of reading."""
        return as_cpu_samples(self.slopes(self.reading), MICROSECONDS)

    @benchmark("Overhead of a chunk written (wall time)", unit=PER_CHUNK)
    def track_write_us_per_chunk(self) -> dict[str, Any]:
        """The slope of the wall time of writing."""
        return as_samples(self.slopes(self.writing), MICROSECONDS)

    @benchmark("Overhead of a chunk written (CPU time)", unit=PER_CHUNK)
    def track_write_us_per_chunk_cpu(self) -> dict[str, Any]:
        """The slope of the CPU time of writing."""
        return as_cpu_samples(self.slopes(self.writing), MICROSECONDS)


class OverPlainFile(Compared):
    """Time as a multiple of that for a plain file of the same voxels, uncompressed; 1 is the limit.

    The chunk shape is the largest of the series that begins with the parameter: 64x64x64 where that
    is 16x16x16. A codec that makes the bytes fewer may get below 1.
    """

    def _plain_copy(self) -> Both:
        self.copied.unlink(missing_ok=True)
        return timed(lambda: copy_file(Path(PLAIN), self.copied))

    def _plain_read(self) -> Both:
        return timed(lambda: read_file(Path(PLAIN)))

    def over_copy(self) -> list[Both]:
        """Writing over copying a file of the same voxels, round by round."""
        return self._ratios(self.writing(self.configs[-1]), self._plain_copy)

    def over_read(self) -> list[Both]:
        """Reading the full volume over reading a file of the same voxels, round by round."""
        return self._ratios(self.reading(self.configs[-1]), self._plain_read)

    @staticmethod
    def _ratios(call: Callable[[], Both], plain: Callable[[], Both]) -> list[Both]:
        call(), plain()
        return ratios(call, plain, ROUNDS_OF_RATIOS)

    @benchmark("Write, over a plain file copy (wall time)", unit=OVER_PLAIN)
    def track_write_over_copy(self) -> dict[str, Any]:
        """The ratio of wall times."""
        return as_samples(self.over_copy())

    @benchmark("Write, over a plain file copy (CPU time)", unit=OVER_PLAIN)
    def track_write_over_copy_cpu(self) -> dict[str, Any]:
        """The ratio of CPU times."""
        return as_cpu_samples(self.over_copy())

    @benchmark("Read, over a plain file read (wall time)", unit=OVER_PLAIN)
    def track_read_over_plain_read(self) -> dict[str, Any]:
        """The ratio of wall times."""
        return as_samples(self.over_read())

    @benchmark("Read, over a plain file read (CPU time)", unit=OVER_PLAIN)
    def track_read_over_plain_read_cpu(self) -> dict[str, Any]:
        """The ratio of CPU times."""
        return as_cpu_samples(self.over_read())
