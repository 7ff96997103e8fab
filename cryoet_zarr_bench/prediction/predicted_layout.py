"""What a layout of a tomogram will take on this disk, from a few of its chunks.

The sampled chunks are stored side by side, by the layout's codec and in chunks of its shape, on the
disk that is asked about. Their bytes tell those of all chunks, and slices through them the seconds
of a chunk. Only the finest level counts: a pyramid adds about a seventh to each layout alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryoet_zarr_bench.common.writable_folders import require_room
from cryoet_zarr_bench.measured.page_cache import why_never_cold
from cryoet_zarr_bench.measured.process_record import file_system_of
from cryoet_zarr_bench.prediction.sampled_chunks import (
    ChunkGrid,
    Interval,
    bytes_of_all,
    side_by_side,
)
from cryoet_zarr_bench.prediction.slice_process import SliceProcess
from cryoet_zarr_bench.storage.boxes import Voxels
from cryoet_zarr_bench.storage.config import StorageConfig

SLICES = {"xy_slice": 0, "xz_slice": 1, "yz_slice": 2}
"""The slices that are predicted, and the axis that each stands on."""

SAMPLED_BYTES = 128 * 2**20
"""About so many bytes of voxels are sampled; more where `FEWEST` chunks have more."""

MOST_BYTES = 2**30
"""More than this is not sampled, even where chunks are cut in ways that then are not told apart."""

FEWEST, MOST = 8, 64
"""Chunks that are sampled, at least and at most."""

NARROWEST = 0.001
"""No interval of bytes is narrower to each side, as a part of the middle, unless every chunk was
sampled: nobody decides by less."""

DIGITS = 100
"""Bytes by which metadata may differ: its numbers have other digits for other shapes."""

_COPIES = 3
"""Times that the sample lies on the disk at most: its voxels, its chunks, its shard."""

_STANDS_ON = 0
"""The axis of slices through sampled chunks: these lie side by side along another."""

_INDEX_BYTES, _CHECKSUM = 16, 4
"""Of a shard's index: bytes of each chunk, and of the checksum at its end."""


@dataclass(frozen=True)
class PredictedLayout:
    """A layout of a tomogram as it is expected to be, finest level alone.

    `stored` are bytes, metadata included; `seconds` by the name of the slice, `writing` seconds of
    all of it. `cold` is true if nothing of the store was in the page cache when it was read.
    """

    layout: str
    config: StorageConfig
    raw_bytes: int
    stored: Interval
    files: int
    writing: float
    seconds: Mapping[str, float]
    cold: bool
    file_system: str
    sampled: int
    chunks: int

    @property
    def ratio(self) -> float:
        """Bytes in memory over bytes stored."""
        return self.raw_bytes / self.stored.middle


def predicted_layout(
    tomogram: Voxels,
    layout: str,
    config: StorageConfig,
    folder: Path,
    process: SliceProcess,
    seed: int = 0,
) -> PredictedLayout:
    """Predict a layout of a tomogram from a sample of its chunks.

    Args:
        tomogram: axes z, y, x; only the sampled chunks are read.
        layout: what the answer calls it.
        config: how its finest level is stored.
        folder: a folder on the disk where slices are read.
        process: what reads them.
        seed: chooses the sample.

    Raises:
        BadInput: there is no room, or the process could not do its work.
    """
    z, y, x = tomogram.shape
    grid = ChunkGrid((z, y, x), config.chunks)
    count = sampled_count(grid, tomogram.dtype.itemsize)
    picked = grid.sample(count, seed)
    needed = _COPIES * len(picked) * math.prod(config.chunks) * tomogram.dtype.itemsize
    require_room(folder, needed, "the sample", "give another folder")
    voxels = side_by_side(tomogram, grid, picked)
    alone = StorageConfig(config.codec, config.chunks, config.zarr_format)
    with TemporaryDirectory(prefix="cryoet-zarr-bench-sample-", dir=folder) as place:
        each = process.sliced(voxels, alone, Path(place) / "chunks.zarr", (_STANDS_ON,))
        together = each
        if config.shards is not None:
            depth, height, width = voxels.shape
            shard = StorageConfig(config.codec, config.chunks, 3, (depth, height, width))
            together = process.sliced(voxels, shard, Path(place) / "shard.zarr", (_STANDS_ON,))
    names = _chunk_names(alone, len(picked))
    sizes = [each.sizes.get(name, 0) for name in names]
    # A slice through the sample cuts each of its chunks once.
    of_chunk = max(together.slices[_STANDS_ON] - together.opening, 0.0) / len(picked)
    found = bytes_of_all(sizes, grid, picked, count)
    if len(picked) < grid.total:
        found = found.or_wider(NARROWEST * found.middle)
    metadata = together.sizes.keys() - {*names}
    beside = sum(together.sizes[name] for name in metadata) + index_bytes(grid, config)
    return PredictedLayout(
        layout,
        config,
        math.prod(tomogram.shape) * tomogram.dtype.itemsize,
        found.plus(beside).or_wider(DIGITS),
        _chunk_files(grid, config, sizes) + len(metadata),
        together.writing * grid.total / len(picked),
        {name: together.opening + of_chunk * grid.across(axis) for name, axis in SLICES.items()},
        process.cold,
        file_system_of(folder),
        len(picked),
        grid.total,
    )


def sampled_count(grid: ChunkGrid, itemsize: int) -> int:
    """How many chunks are asked for: by their bytes, and so that all strata can have theirs."""
    of_chunk = math.prod(grid.chunks) * itemsize
    count = min(max(SAMPLED_BYTES // of_chunk, FEWEST), MOST)
    return max(count, grid.needed) if grid.needed * of_chunk <= MOST_BYTES else count


def _chunk_names(config: StorageConfig, count: int) -> list[str]:
    """The files of chunks side by side along x."""
    return [f"{'' if config.zarr_format == 2 else 'c/'}0/0/{number}" for number in range(count)]


def _chunk_files(grid: ChunkGrid, config: StorageConfig, sizes: Sequence[int]) -> int:
    """How many files have chunks: those that are all 0 are not written."""
    if config.shards is not None:
        return ChunkGrid(grid.shape, config.shards).total
    return round(grid.total * sum(size > 0 for size in sizes) / len(sizes))


def index_bytes(grid: ChunkGrid, config: StorageConfig) -> int:
    """The bytes that the indices of all shards take; none without shards."""
    if config.shards is None:
        return 0
    inside = math.prod(config.shards) // math.prod(config.chunks)
    return ChunkGrid(grid.shape, config.shards).total * (_INDEX_BYTES * inside + _CHECKSUM)


def is_cold(folder: Path) -> bool:
    """True if files there can be read from the disk, and not from the page cache alone."""
    return why_never_cold(folder, file_system_of(folder)) is None
