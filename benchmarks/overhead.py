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

from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.overhead import (
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
from cryoet_zarr_bench.storage.session import prepared_tomogram_path
from cryoet_zarr_bench.storage.shelf import prepare_shelf
from cryoet_zarr_bench.storage.stores import StoreShelf
from cryoet_zarr_bench.tomograms.prepared import open_prepared

SECTION = GRID.section("overhead")
ROUNDS_OF_SLOPES = 3
ROUNDS_OF_RATIOS = 9
MICROSECONDS = 1e6
PLAIN = "plain-voxels"


class Compared(StoredTomogram):
    """What is compared with one another: stores that hold the same voxels, and a plain file."""

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> StoreShelf:
        """Write the stores of every slope and ratio, and verify them; write the plain file."""
        prepared = open_prepared(prepared_tomogram_path())
        configs = [each for config in SECTION.configs() for each in series_of(config)]
        voxels = whole_chunks(prepared.load(mmap=True), [config.chunks for config in configs])
        voxels.tofile(PLAIN)
        once = list(dict.fromkeys(configs))
        return prepare_shelf(prepared, Path.cwd(), once, "overhead", voxels=voxels)

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Pick the verified stores; n/a or failed, with its reason, where one is not there."""
        self.shelf = shelf
        self.configs = series_of(StorageConfig.of(codec, chunks, zarr_format))
        self.stores = [shelf.get(config) for config in self.configs]
        super().setup(shelf, codec, chunks, zarr_format)
        self.target, self.copied = Path.cwd() / "written", Path.cwd() / "copied-voxels"
        self.clear()

    def teardown(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
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
        folder = self.shelf.get(config).folder

        def read() -> Both:
            array = self.engine.open(folder)
            return timed(lambda: array[...])

        return read

    def writing(self, config: StorageConfig) -> Callable[[], Both]:
        """A call that creates an array and writes all voxels; fails where bytes are missing."""
        store = self.shelf.get(config)
        voxels = np.asarray(self.engine.open(store.folder)[...])

        def write() -> Both:
            self.clear()
            found = timed(lambda: self.engine.write(voxels, self.target, config))
            written = sum(path.stat().st_size for path in self.target.rglob("*") if path.is_file())
            if written != store.stored_bytes:
                raise RuntimeError(
                    f"{written} bytes were written, the verified store has {store.stored_bytes}"
                )
            return found

        return write


class PerChunk(Compared):
    """The slope of time over the number of chunks.

    Over three chunk shapes, the parameter being the smallest: it, and it doubled along each axis,
    once and twice. 512, 64 and 8 chunks of 128 x 128 x 128 voxels where it is 16x16x16.
    """

    def _slopes(self, kind: Callable[[StorageConfig], Callable[[], Both]]) -> list[Both]:
        shape = self.engine.open(self.stores[0].folder).shape
        calls = {
            chunk_count(shape, config.chunks): kind(config) for config in reversed(self.configs)
        }
        for warm in calls.values():
            warm()
        return slopes(calls, ROUNDS_OF_SLOPES)

    def track_read_us_per_chunk(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Read the full volume: wall time that each chunk adds."""
        return as_samples(self._slopes(self.reading), MICROSECONDS)

    track_read_us_per_chunk.pretty_name = "Overhead of a chunk read (wall time)"  # type: ignore[attr-defined]
    track_read_us_per_chunk.unit = "microseconds per chunk"  # type: ignore[attr-defined]

    def track_read_us_per_chunk_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Read the full volume: CPU time that each chunk adds."""
        return as_cpu_samples(self._slopes(self.reading), MICROSECONDS)

    track_read_us_per_chunk_cpu.pretty_name = "Overhead of a chunk read (CPU time)"  # type: ignore[attr-defined]
    track_read_us_per_chunk_cpu.unit = "microseconds per chunk"  # type: ignore[attr-defined]

    def track_write_us_per_chunk(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Create the array and write all of it: wall time that each chunk adds."""
        return as_samples(self._slopes(self.writing), MICROSECONDS)

    track_write_us_per_chunk.pretty_name = "Overhead of a chunk written (wall time)"  # type: ignore[attr-defined]
    track_write_us_per_chunk.unit = "microseconds per chunk"  # type: ignore[attr-defined]

    def track_write_us_per_chunk_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Create the array and write all of it: CPU time that each chunk adds."""
        return as_cpu_samples(self._slopes(self.writing), MICROSECONDS)

    track_write_us_per_chunk_cpu.pretty_name = "Overhead of a chunk written (CPU time)"  # type: ignore[attr-defined]
    track_write_us_per_chunk_cpu.unit = "microseconds per chunk"  # type: ignore[attr-defined]


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

    def _over_copy(self) -> list[Both]:
        return self._ratios(self.writing(self.configs[-1]), self._plain_copy)

    def _over_read(self) -> list[Both]:
        return self._ratios(self.reading(self.configs[-1]), self._plain_read)

    @staticmethod
    def _ratios(call: Callable[[], Both], plain: Callable[[], Both]) -> list[Both]:
        call(), plain()
        return ratios(call, plain, ROUNDS_OF_RATIOS)

    def track_write_over_copy(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Wall time of writing over that of copying a file of the same voxels."""
        return as_samples(self._over_copy())

    track_write_over_copy.pretty_name = "Write, over a plain file copy (wall time)"  # type: ignore[attr-defined]
    track_write_over_copy.unit = "times as long"  # type: ignore[attr-defined]

    def track_write_over_copy_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """CPU time of writing over that of copying a file of the same voxels."""
        return as_cpu_samples(self._over_copy())

    track_write_over_copy_cpu.pretty_name = "Write, over a plain file copy (CPU time)"  # type: ignore[attr-defined]
    track_write_over_copy_cpu.unit = "times as long"  # type: ignore[attr-defined]

    def track_read_over_plain_read(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """Wall time of reading the full volume over that of reading a file of the same voxels."""
        return as_samples(self._over_read())

    track_read_over_plain_read.pretty_name = "Read, over a plain file read (wall time)"  # type: ignore[attr-defined]
    track_read_over_plain_read.unit = "times as long"  # type: ignore[attr-defined]

    def track_read_over_plain_read_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> Any:
        """CPU time of reading the full volume over that of reading a file of the same voxels."""
        return as_cpu_samples(self._over_read())

    track_read_over_plain_read_cpu.pretty_name = "Read, over a plain file read (CPU time)"  # type: ignore[attr-defined]
    track_read_over_plain_read_cpu.unit = "times as long"  # type: ignore[attr-defined]
