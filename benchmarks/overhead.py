"""What does each chunk cost, and how far from a plain file are reading and writing?

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

from benchmarks.generated import add_tracked
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

Measure = Callable[[Any], list[Both]]
"""What a benchmark of these measures, from its instance: a figure of both clocks for each round."""


class Compared(StoredTomogram):
    """What is compared with one another: stores that hold the same voxels, and a plain file."""

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write the stores of every slope and ratio, and verify them; write the plain file."""
        prepared = open_prepared(prepared_tomogram_path())
        configs = [each for config in SECTION.configs() for each in series_of(config)]
        voxels = whole_chunks(prepared.load(mmap=True), [config.chunks for config in configs])
        voxels.tofile(PLAIN)
        once = list(dict.fromkeys(configs))
        return prepare_store_set(prepared, Path.cwd(), once, "overhead", voxels=voxels)

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Pick the verified stores; n/a or failed, with its reason, where one is not there."""
        self.store_set = store_set
        self.configs = series_of(StorageConfig.of(codec, chunks, zarr_format))
        self.stores = [store_set.get(config) for config in self.configs]
        super().setup(store_set, codec, chunks, zarr_format)
        self.target, self.copied = Path.cwd() / "written", Path.cwd() / "copied-voxels"
        self.clear()

    def teardown(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Leave nothing; what is left for the host, the benchmark has left itself."""
        # asv calls this where setup said n/a, too.
        if hasattr(self, "target"):
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
        """A call that creates an array and writes all voxels; fails where bytes are missing."""
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


class OverPlainFile(Compared):
    """How many times as long as a plain file of the same voxels, uncompressed; 1 is the limit.

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


def _add(cls: type, name: str, title: str, unit: str, measure: Measure, scale: float = 1.0) -> None:
    """Add a benchmark of the wall time that is in a figure, and its twin of the CPU time."""

    def wall(self: Any, store_set: StoreSet) -> Any:
        return as_samples(measure(self), scale)

    def cpu(self: Any, store_set: StoreSet) -> Any:
        return as_cpu_samples(measure(self), scale)

    add_tracked(cls, name, f"{title} (wall time)", unit, wall)
    add_tracked(cls, f"{name}_cpu", f"{title} (CPU time)", unit, cpu)


PER_CHUNK, OVER_PLAIN = "microseconds per chunk", "times as long"
_add(
    PerChunk,
    "read_us_per_chunk",
    "Overhead of a chunk read",
    PER_CHUNK,
    lambda each: each.slopes(each.reading),
    MICROSECONDS,
)
_add(
    PerChunk,
    "write_us_per_chunk",
    "Overhead of a chunk written",
    PER_CHUNK,
    lambda each: each.slopes(each.writing),
    MICROSECONDS,
)
_add(
    OverPlainFile,
    "write_over_copy",
    "Write, over a plain file copy",
    OVER_PLAIN,
    OverPlainFile.over_copy,
)
_add(
    OverPlainFile,
    "read_over_plain_read",
    "Read, over a plain file read",
    OVER_PLAIN,
    OverPlainFile.over_read,
)
