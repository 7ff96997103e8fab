"""Exact figures of reading, writing and changing a store: requests, bytes, modelled seconds.

Nothing here has a clock. Whatever is read is compared with the tomogram bit by bit, so a figure is
of work that was done right.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.storage.boxes import Box, Voxels, shape_of
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import CountedEngine, Engine
from cryoet_zarr_bench.storage.object_store.bucket import Bucket, Trace
from cryoet_zarr_bench.storage.object_store.request_latency import ASSUMED, Latency
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal


def count_reading(
    engine: CountedEngine,
    store: Path,
    boxes: Iterable[Box],
    tomogram: Voxels,
    latency: Latency = ASSUMED,
) -> Trace:
    """Open the array in the folder `store` and read boxes of it, one after the other.

    Raises StoreMismatch if a box does not have the tomogram's bits.
    """
    bucket = Bucket(store, latency)
    with engine.open_in_bucket(bucket) as array:
        for box in boxes:
            check_bit_equal(tomogram[box], array[box], tuple(side.start for side in box))
    return bucket.trace


def count_writing(
    engine: CountedEngine,
    tomogram: np.ndarray,
    folder: Path,
    config: StorageConfig,
    latency: Latency = ASSUMED,
) -> Trace:
    """Create an array and write the whole tomogram (z, y, x); `folder` is needed meanwhile."""
    bucket = Bucket(folder, latency)
    everything = tuple(slice(0, length) for length in tomogram.shape)
    try:
        with engine.create_in_bucket(bucket, tomogram.shape, tomogram.dtype, config) as array:
            array[everything] = tomogram
        check_bit_equal(tomogram, np.asarray(engine.open(folder)[...]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return bucket.trace


def count_changing(
    engine: CountedEngine,
    store: Path,
    box: Box,
    tomogram: np.ndarray,
    folder: Path,
    latency: Latency = ASSUMED,
) -> Trace:
    """Open a copy of a store and write other voxels into one box; `folder` is needed meanwhile.

    Raises StoreMismatch unless the copy has the new voxels then, and else the tomogram's bits.
    """
    bucket = Bucket(folder, latency)
    try:
        shutil.copytree(store, folder)
        with engine.open_in_bucket(bucket, to_change=True) as array:
            array[box] = other_voxels(tomogram[box])
        check_changed(engine, folder, box, tomogram)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return bucket.trace


def other_voxels(voxels: np.ndarray) -> np.ndarray:
    """The same voxels, the lowest bit of each the other way: all differ, and compress as well."""
    bits = np.ascontiguousarray(voxels).view(f"u{voxels.dtype.itemsize}")
    other: np.ndarray = (bits ^ 1).view(voxels.dtype)
    return other


def check_changed(engine: Engine, store: Path, box: Box, tomogram: np.ndarray) -> None:
    """Raise StoreMismatch unless a store has `other_voxels` in the box, the tomogram else."""
    expected = np.array(tomogram)
    expected[box] = other_voxels(tomogram[box])
    check_bit_equal(expected, np.asarray(engine.open(store)[...]))


def bytes_used(boxes: Iterable[Box], itemsize: int) -> int:
    """Bytes in memory of the voxels of all boxes, each box by itself."""
    return sum(math.prod(shape_of(box)) for box in boxes) * itemsize


def bytes_decoded(boxes: Iterable[Box], chunks: tuple[int, ...], itemsize: int) -> int:
    """Bytes in memory of all chunks that the boxes touch, each box by itself.

    A chunk at the end of an axis counts with its padding, which is decoded too. In a shard the
    chunks within it count, not the shard.
    """
    touched = sum(
        math.prod(
            -(-side.stop // length) - side.start // length
            for side, length in zip(box, chunks, strict=True)
        )
        for box in boxes
    )
    return touched * math.prod(chunks) * itemsize


def over_read(boxes: list[Box], chunks: tuple[int, ...]) -> float:
    """Bytes that have to be decoded over bytes used: 1 where boxes are whole chunks.

    In memory both, so compression has no part in it: what is fetched is counted by itself.
    """
    return bytes_decoded(boxes, chunks, 1) / bytes_used(boxes, 1)
