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
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generated import add_timed
from benchmarks.stored import GRID, StoredTomogram
from benchmarks.write import Writing
from cryoet_zarr_bench.measured.page_cache import drop, make_durable, warm
from cryoet_zarr_bench.measured.prepared_stores.disk_stores import DiskStores, prepare_disk_stores
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

SECTION = GRID.section("disk")


def _not_applicable(reason: str | None) -> None:
    if reason is not None:
        raise NotImplementedError(reason)


class OnDisk(StoredTomogram):
    """What the four states share: stores on a disk, made once and verified."""

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write every config's store onto the disk, and verify it."""
        store_set = prepare_disk_stores(open_prepared(prepared_tomogram_path()), SECTION.configs())
        # Or the kernel would write these stores back in the midst of what is timed.
        os.sync()
        return store_set

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Pick the verified store; n/a or failed, with its reason, where there is none."""
        super().setup(store_set, codec, chunks, zarr_format)
        assert isinstance(store_set, DiskStores)
        self.disk = store_set


class Warm(OnDisk):
    """Read from an array that is open already, every page of its store in the page cache."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the store, have all of it in the page cache; fails where a page is not."""
        super().setup(store_set, codec, chunks, zarr_format)
        _not_applicable(self.disk.unknown)
        self.array = self.engine.open(self.store.folder)
        warm(self.store.folder)


class Cold(OnDisk):
    """Read from an array that is open already, no page of its store in this system's page cache."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the store, then drop it from the page cache; fails where a page of it stays."""
        super().setup(store_set, codec, chunks, zarr_format)
        _not_applicable(self.disk.never_cold)
        self.array = self.engine.open(self.store.folder)
        drop(self.store.folder)


class _Written(Writing, OnDisk):
    def place(self) -> Path:
        """The folder on the disk. Pages not written yet go with the files that are removed."""
        return self.disk.folder


class Buffered(_Written):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""


class Durable(_Written):
    """The same, and have every file and folder of it on the disk: fsync is part of the call."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Clear the target; n/a where nothing is durable."""
        super().setup(store_set, codec, chunks, zarr_format)
        _not_applicable(self.disk.never_durable)

    def check(self) -> None:
        """Fail where other bytes were written, or a voxel was lost on the way to the disk."""
        super().check()
        if self.disk.never_cold is None:
            # What is read back then comes from the disk.
            drop(self.target)
        check_bit_equal(self.tomogram, np.asarray(self.engine.open(self.target)[...]))


def _read(benchmark: Any) -> None:
    benchmark.array[...]


def _write(benchmark: Any) -> None:
    benchmark.engine.write(benchmark.tomogram, benchmark.target, benchmark.config)


def _write_durably(benchmark: Any) -> None:
    benchmark.engine.write(benchmark.tomogram, benchmark.target, benchmark.config)
    make_durable(benchmark.target)


add_timed(Warm, "read_warm", "Read from a disk, page cache warm", _read)
add_timed(Cold, "read_cold", "Read from a disk, own page cache cold", _read)
add_timed(Buffered, "write_buffered", "Write to a disk, left in the page cache", _write)
add_timed(Durable, "write_durable", "Write to a disk, durable by fsync", _write_durably)
