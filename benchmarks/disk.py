"""How long does reading and writing take on a disk, by what the page cache has of it?

Four states, each with a class of its own, so that no figure can be taken for another:

- warm: all pages of the store are in this system's page cache, as in the benchmarks of `read`;
- cold: none of them is. The disk's own cache, and that of a virtual machine's host, may have them;
- buffered: what is written is left to the page cache, as in the benchmarks of `write`;
- durable: all that was written is on the disk before the call is over.

Stores elsewhere lie in memory where they fit; these lie in a folder on a disk.
"""

from __future__ import annotations

import os
import shutil
import time

import numpy as np

from benchmarks.stored import GRID, StoredTomogram
from cryoet_zarr_bench.storage.disk_shelf import DiskShelf, prepare_disk_shelf
from cryoet_zarr_bench.storage.integrity import check_bit_equal
from cryoet_zarr_bench.storage.page_cache import drop, make_durable, warm
from cryoet_zarr_bench.storage.session import prepared_tomogram_path
from cryoet_zarr_bench.storage.stores import StoreShelf
from cryoet_zarr_bench.tomograms.prepared import open_prepared

SECTION = GRID.section("disk")


def _not_applicable(reason: str | None) -> None:
    if reason is not None:
        raise NotImplementedError(reason)


class OnDisk(StoredTomogram):
    """What the four states share: stores on a disk, made once and verified."""

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> StoreShelf:
        """Write every config's store onto the disk, and verify it."""
        shelf = prepare_disk_shelf(open_prepared(prepared_tomogram_path()), SECTION.configs())
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return shelf

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Pick the verified store; n/a or failed, with its reason, where there is none."""
        super().setup(shelf, codec, chunks, zarr_format)
        assert isinstance(shelf, DiskShelf)
        self.disk = shelf


class Warm(OnDisk):
    """Read from an array that is open already, every page of its store in the page cache."""

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the store, have all of it in the page cache; fails where a page is not."""
        super().setup(shelf, codec, chunks, zarr_format)
        _not_applicable(self.disk.unknown)
        self.array = self.engine.open(self.store.folder)
        warm(self.store.folder)

    def time_read_warm(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """The full volume: wall time."""
        self.array[...]

    time_read_warm.pretty_name = "Read from a disk, page cache warm (wall time)"  # type: ignore[attr-defined]

    def time_read_warm_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: CPU time of the process, all threads."""
        self.array[...]

    time_read_warm_cpu.pretty_name = "Read from a disk, page cache warm (CPU time)"  # type: ignore[attr-defined]
    time_read_warm_cpu.timer = time.process_time  # type: ignore[attr-defined]


class Cold(OnDisk):
    """Read from an array that is open already, no page of its store in this system's page cache."""

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the store, then drop it from the page cache; fails where a page of it stays."""
        super().setup(shelf, codec, chunks, zarr_format)
        _not_applicable(self.disk.never_cold)
        self.array = self.engine.open(self.store.folder)
        drop(self.store.folder)

    def time_read_cold(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """The full volume: wall time."""
        self.array[...]

    time_read_cold.pretty_name = "Read from a disk, own page cache cold (wall time)"  # type: ignore[attr-defined]

    def time_read_cold_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """The full volume: CPU time of the process, all threads."""
        self.array[...]

    time_read_cold_cpu.pretty_name = "Read from a disk, own page cache cold (CPU time)"  # type: ignore[attr-defined]
    time_read_cold_cpu.timer = time.process_time  # type: ignore[attr-defined]


class _Written(OnDisk):
    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Clear the target; the tomogram is read once per process."""
        super().setup(shelf, codec, chunks, zarr_format)
        if not hasattr(self, "tomogram"):
            self.tomogram = open_prepared(prepared_tomogram_path()).load()
        self.target = self.disk.folder / "written"
        self._clear()

    def teardown(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Fail where the call wrote other bytes than the verified store has, or lost a voxel."""
        super().teardown(shelf, codec, chunks, zarr_format)
        # asv calls this where setup said n/a, too.
        if not hasattr(self, "target") or not self.target.exists():
            return
        try:
            self._check()
        finally:
            # Pages not written yet go with their files: nothing is left to be written back later.
            self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self.target, ignore_errors=True)

    def _check(self) -> None:
        written = sum(path.stat().st_size for path in self.target.rglob("*") if path.is_file())
        if written != self.store.stored_bytes:
            raise RuntimeError(
                f"{written} bytes were written, the verified store has {self.store.stored_bytes}"
            )


class Buffered(_Written):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    def time_write_buffered(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Wall time."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write_buffered.pretty_name = "Write to a disk, left in the page cache (wall time)"  # type: ignore[attr-defined]

    def time_write_buffered_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """CPU time of the process, all threads, user and system."""
        self.engine.write(self.tomogram, self.target, self.config)

    time_write_buffered_cpu.pretty_name = "Write to a disk, left in the page cache (CPU time)"  # type: ignore[attr-defined]
    time_write_buffered_cpu.timer = time.process_time  # type: ignore[attr-defined]


class Durable(_Written):
    """The same, and have every file and folder of it on the disk: fsync is part of the call."""

    def setup(self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int) -> None:
        """Clear the target; n/a where nothing is durable."""
        super().setup(shelf, codec, chunks, zarr_format)
        _not_applicable(self.disk.never_durable)

    def _check(self) -> None:
        super()._check()
        if self.disk.never_cold is None:
            # What is read back then comes from the disk.
            drop(self.target)
        check_bit_equal(self.tomogram, np.asarray(self.engine.open(self.target)[...]))

    def time_write_durable(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """Wall time."""
        self.engine.write(self.tomogram, self.target, self.config)
        make_durable(self.target)

    time_write_durable.pretty_name = "Write to a disk, durable by fsync (wall time)"  # type: ignore[attr-defined]

    def time_write_durable_cpu(
        self, shelf: StoreShelf, codec: str, chunks: str, zarr_format: int
    ) -> None:
        """CPU time of the process, all threads, user and system."""
        self.engine.write(self.tomogram, self.target, self.config)
        make_durable(self.target)

    time_write_durable_cpu.pretty_name = "Write to a disk, durable by fsync (CPU time)"  # type: ignore[attr-defined]
    time_write_durable_cpu.timer = time.process_time  # type: ignore[attr-defined]
