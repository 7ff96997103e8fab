"""Cost of chunks within shards: to write, to read in parts, to change. Zarr format 3 only."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.declaring import add_exact_figure, benchmark
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

    params = SECTION.params

    def setup_cache(self) -> StoreSet:
        """Write every config's store, verify it, and count what reading and changing it asks."""
        return self.left(make_stores(SECTION.configs(), "shards", shard_figures))

    setup_cache.timeout = 7200  # type: ignore[attr-defined]


class ReadShards(ShardStores):
    """Read a part from an array that is open already."""

    def begin(self) -> None:
        """Open the verified store anew, so that nothing decoded is left over."""
        self.array = self.engine.open(self.store.folder)
        self.boxes = {
            name: box_of(self.array.shape, self.config) for name, (_, box_of) in SHARD_READS.items()
        }


class WriteShards(Writing, ShardStores):
    """Create the array and write the whole tomogram from memory, files left to the page cache."""


class ChangeShards(ShardStores):
    """Write the voxels of one inner chunk anew, in a copy of the verified store that is open."""

    def begin(self) -> None:
        """Copy the store, open the copy, and make the voxels that are going to be written."""
        if not hasattr(self, "tomogram"):
            self.tomogram = open_prepared(prepared_tomogram_path()).load()
        self.box = inner_chunk(self.tomogram.shape, self.config)
        self.voxels = other_voxels(self.tomogram[self.box])
        self.copy = Path.cwd() / "changed"
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.store.folder, self.copy)
        self.array = ENGINE.open_to_change(self.copy)

    def end(self) -> None:
        """Fail unless the chunk has the new voxels and all around it is as it was."""
        try:
            check_changed(self.engine, self.copy, self.box, self.tomogram)
        finally:
            shutil.rmtree(self.copy)


class ShardRequests(ShardStores):
    """Requests of the same work to an object store, opening or creating the array included."""


def _read(name: str) -> Callable[[ReadShards], None]:
    def read(self: ReadShards) -> None:
        self.array[self.boxes[name]]

    return read


def _change(self: ChangeShards) -> None:
    self.array[self.box] = self.voxels


def _declare() -> None:
    for name, (title, _) in SHARD_READS.items():
        for kind in OF_READING:
            add_exact_figure(ShardRequests, name, f"Shards, {title}", kind)
    for kind in OF_WRITING:
        add_exact_figure(ShardRequests, WRITE, "Shards, writing", kind)
    for kind in OF_CHANGING:
        add_exact_figure(ShardRequests, CHANGE, "Shards, rewriting one chunk", kind)
    if not SECTION.timed:
        return
    for name, (title, _) in SHARD_READS.items():
        benchmark(f"Shards, {title}")(_read(name)).add_to(ReadShards, f"time_{name}")
    benchmark("Shards, writing")(Writing.write).add_to(WriteShards, f"time_{WRITE}")
    benchmark("Shards, rewriting one chunk")(_change).add_to(ChangeShards, f"time_{CHANGE}")


_declare()
