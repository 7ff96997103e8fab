"""Reading and changing parts of a tomogram in shards, and the requests that takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cryoet_zarr_bench.storage.boxes import Box, middle_chunk
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.patterns.access_figures import (
    OF_CHANGING,
    OF_READING,
    OF_WRITING,
    figures_of,
)
from cryoet_zarr_bench.storage.patterns.access_patterns import all_of_it, slice_across
from cryoet_zarr_bench.storage.patterns.request_counts import (
    count_changing,
    count_reading,
    count_writing,
)
from cryoet_zarr_bench.storage.stores.verified_store import VerifiedStore

Shape = tuple[int, ...]


def inner_chunk(shape: Shape, config: StorageConfig) -> Box:
    """The one chunk that holds the voxel in the middle, as much of it as is in the tomogram."""
    return middle_chunk(shape, config.chunks)


def subset_across(shape: Shape, config: StorageConfig) -> Box:
    """A box of two chunks along each axis, one on each side of the border between two shards.

    It is the border nearest to the middle. Along an axis that one shard covers, and in a store
    without shards, the border is one between chunks.
    """
    z, y, x = (
        _around_border(*lengths)
        for lengths in zip(shape, config.chunks, config.stored_shape, strict=True)
    )
    return z, y, x


def _around_border(length: int, chunk: int, shard: int) -> slice:
    unit = shard if shard < length else chunk
    border = max((length // 2 + unit // 2) // unit, 1) * unit
    if border >= length:
        border -= unit
    return slice(max(border - chunk, 0), min(border + chunk, length))


SHARD_READS: dict[str, tuple[str, Callable[[Shape, StorageConfig], Box]]] = {
    "volume": ("full volume", lambda shape, config: all_of_it(shape, 0)[0]),
    "inner_chunk": ("one inner chunk", inner_chunk),
    "xy_slice": ("XY slice", lambda shape, config: slice_across(0)(shape, 0)[0]),
    "subset": ("subset across shards", subset_across),
}
"""What is read: name -> what tables call it, and the box for a tomogram's shape and a config."""

WRITE, CHANGE = "write", "rewrite_chunk"


def shard_figures(
    engine: CountedEngine, tomogram: np.ndarray, config: StorageConfig, store: VerifiedStore
) -> dict[str, float]:
    """Every figure of reading, writing and changing one store in shards.

    Opening or creating the array is a part of each. One chunk is rewritten, that of `inner_chunk`,
    in a copy of the store. Raises StoreMismatch if voxels are then not what they have to be.
    """
    found: dict[str, float] = {}
    for name, (_, box_of) in SHARD_READS.items():
        trace = count_reading(engine, store.folder, [box_of(tomogram.shape, config)], tomogram)
        found |= figures_of(trace, name, OF_READING)
    beside = store.folder.with_name(f"{store.folder.name}-beside")
    trace = count_writing(engine, tomogram, beside, config)
    found |= figures_of(trace, WRITE, OF_WRITING)
    box = inner_chunk(tomogram.shape, config)
    trace = count_changing(engine, store.folder, box, tomogram, beside)
    return found | figures_of(trace, CHANGE, OF_CHANGING)
