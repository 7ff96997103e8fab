"""What do chunks within shards cost: to write, to read in parts, to change? Format 3 has them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.generated import add_exact, add_timed
from benchmarks.stored import ENGINE, GRID, StoredTomogram, make_stores
from benchmarks.write import Writing
from cryoet_zarr_bench.measured.prepared_stores.store_set import StoreSet
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.measured.process_inputs import prepared_tomogram_path
from cryoet_zarr_bench.storage.patterns.access_figures import OF_CHANGING, OF_READING, OF_WRITING
from cryoet_zarr_bench.storage.patterns.request_counts import check_changed, other_voxels
from cryoet_zarr_bench.storage.patterns.shard_access import (
    CHANGE,
    SHARD_READS,
    WRITE,
    inner_chunk,
    shard_figures,
)

SECTION = GRID.section("shards")


class ShardStores(StoredTomogram):
    """The stores of this question, with their exact figures."""

    version = "1"
    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write every config's store, verify it, and count what reading and changing it asks."""
        return make_stores(SECTION.configs(), ShardRequests, "shards", shard_figures)

    setup_cache.timeout = 7200  # type: ignore[attr-defined]


class ReadShards(ShardStores):
    """Read a part from an array that is open already."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Open the verified store anew, so that nothing decoded is left over."""
        super().setup(store_set, codec, chunks, zarr_format)
        self.array = self.engine.open(self.store.folder)
        self.boxes = {
            name: box_of(self.array.shape, self.config) for name, (_, box_of) in SHARD_READS.items()
        }


class WriteShards(Writing, ShardStores):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""


class ChangeShards(ShardStores):
    """Write the voxels of one inner chunk anew, in a copy of the verified store that is open."""

    def setup(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Copy the store, open the copy, and make the voxels that are going to be written."""
        super().setup(store_set, codec, chunks, zarr_format)
        if not hasattr(self, "tomogram"):
            self.tomogram = open_prepared(prepared_tomogram_path()).load()
        self.box = inner_chunk(self.tomogram.shape, self.config)
        self.voxels = other_voxels(self.tomogram[self.box])
        self.copy = Path.cwd() / "changed"
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.store.folder, self.copy)
        self.array = ENGINE.open_to_change(self.copy)

    def teardown(self, store_set: StoreSet, codec: str, chunks: str, zarr_format: int) -> None:
        """Fail unless the chunk has the new voxels and all around it is as it was."""
        super().teardown(store_set, codec, chunks, zarr_format)
        # asv calls this where setup said n/a, too.
        if not hasattr(self, "copy") or not self.copy.exists():
            return
        try:
            check_changed(self.engine, self.copy, self.box, self.tomogram)
        finally:
            shutil.rmtree(self.copy)


class ShardRequests(ShardStores):
    """What the same work asks of an object store, opening or creating the array included."""


def _read(name: str) -> Callable[[ReadShards], None]:
    def read(benchmark: ReadShards) -> None:
        benchmark.array[benchmark.boxes[name]]

    return read


def _write(benchmark: WriteShards) -> None:
    benchmark.engine.write(benchmark.tomogram, benchmark.target, benchmark.config)


def _change(benchmark: ChangeShards) -> None:
    benchmark.array[benchmark.box] = benchmark.voxels


for _name, (_title, _) in SHARD_READS.items():
    for _kind in OF_READING:
        add_exact(ShardRequests, _name, f"Shards, {_title}", _kind)
for _kind in OF_WRITING:
    add_exact(ShardRequests, WRITE, "Shards, writing", _kind)
for _kind in OF_CHANGING:
    add_exact(ShardRequests, CHANGE, "Shards, rewriting one chunk", _kind)
if SECTION.timed:
    for _name, (_title, _) in SHARD_READS.items():
        add_timed(ReadShards, _name, f"Shards, {_title}", _read(_name))
    add_timed(WriteShards, WRITE, "Shards, writing", _write)
    add_timed(ChangeShards, CHANGE, "Shards, rewriting one chunk", _change)
