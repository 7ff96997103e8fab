"""Time to read from and write to a disk, by what the page cache holds of the store.

Four states, each with a class of its own, so that no figure can be taken for another:

- warm: all pages of the store are in this system's page cache, as in the benchmarks of `read`;
- cold: none of them is. The disk's own cache, and that of a virtual machine's host, may have them;
- buffered: what is written is left to the page cache, as in the benchmarks of `write`;
- durable: all that was written is on the disk before the call is over.

Stores elsewhere lie in memory where they fit; these lie in a folder on a disk.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.declaring import benchmark
from benchmarks.read import Reading
from benchmarks.stored import GRID, StoredTomogram
from benchmarks.write import Writing
from cryoet_zarr_bench.measured.page_cache import drop, make_durable, warm
from cryoet_zarr_bench.measured.prepared_stores.disk_stores import DiskStores, prepare_disk_stores
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

SECTION = GRID.section("disk")


def _not_applicable(reason: str | None) -> None:
    if reason is not None:
        raise NotImplementedError(reason)


class OnDisk(StoredTomogram):
    """The stores that the four states share: on a disk, made once and verified."""

    params = SECTION.params
    store_set: DiskStores

    def setup_cache(self) -> DiskStores:
        """Write every config's store onto the disk, and verify it."""
        prepared = open_prepared(prepared_tomogram_path())
        return self.left(prepare_disk_stores(prepared, SECTION.configs()))


class Warm(Reading, OnDisk):
    """Read from an array that is open already, every page of its store in the page cache."""

    def begin(self) -> None:
        """Open the store, have all of it in the page cache; fails if a page is not."""
        _not_applicable(self.store_set.unknown)
        super().begin()
        warm(self.store.folder)

    @benchmark("Read from a disk, page cache warm")
    def time_read_warm(self) -> None:
        """The full volume."""
        self.array[...]


class Cold(Reading, OnDisk):
    """Read from an array that is open already, no page of its store in this system's page cache."""

    def begin(self) -> None:
        """Open the store, then drop it from the page cache; fails if a page of it stays."""
        _not_applicable(self.store_set.never_cold)
        super().begin()
        drop(self.store.folder)

    @benchmark("Read from a disk, own page cache cold")
    def time_read_cold(self) -> None:
        """The full volume."""
        self.array[...]


class _Written(Writing, OnDisk):
    def place(self) -> Path:
        """The folder on the disk. Pages not written yet go with the files that are removed."""
        return self.store_set.folder


class Buffered(_Written):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""

    @benchmark("Write to a disk, left in the page cache")
    def time_write_buffered(self) -> None:
        """Write it, and leave the files to the page cache."""
        self.engine.write(self.tomogram, self.target, self.config)


class Durable(_Written):
    """The same, and have every file and folder of it on the disk: fsync is part of the call."""

    def begin(self) -> None:
        """Clear the target; n/a if nothing is durable."""
        super().begin()
        _not_applicable(self.store_set.never_durable)

    def check(self) -> None:
        """Fail where other bytes were written, or a voxel was lost on the way to the disk."""
        super().check()
        if self.store_set.never_cold is None:
            # What is read back then comes from the disk.
            drop(self.target)
        check_bit_equal(self.tomogram, np.asarray(self.engine.open(self.target)[...]))

    @benchmark("Write to a disk, durable by fsync")
    def time_write_durable(self) -> None:
        """Write it, and put every file and folder of it on the disk."""
        self.engine.write(self.tomogram, self.target, self.config)
        make_durable(self.target)
