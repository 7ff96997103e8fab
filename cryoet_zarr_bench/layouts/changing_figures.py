"""Write amplification: what changing a part of a stored tomogram moves, over what is changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.layouts.opened_levels import level_in_bucket, open_level
from cryoet_zarr_bench.layouts.reading_figures import walk
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel, stored_level
from cryoet_zarr_bench.storage.boxes import Box, Voxels, middle_chunk, middle_cube
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.object_store.bucket import Bucket
from cryoet_zarr_bench.storage.patterns.access_patterns import SEED, slice_across
from cryoet_zarr_bench.storage.patterns.request_counts import bytes_used, other_voxels
from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

BOX_EDGE = 64
"""Voxels along an edge of the box that is changed wherever its chunks end, as a mask is edited."""


CHANGES: dict[str, tuple[str, Callable[[StoredLevel], Box]]] = {
    "chunk": ("one chunk", lambda level: middle_chunk(level.shape, level.chunks)),
    "slice": ("one XY slice", lambda level: slice_across(0)(level.shape, SEED)[0]),
    "box": (f"a box of {BOX_EDGE}^3", lambda level: middle_cube(level.shape, BOX_EDGE)),
}
"""What is changed: name -> what tables call it, and the box of a level."""


@dataclass(frozen=True)
class ChangingFigures:
    """Bytes that were fetched and put to change so many bytes, metadata left out of none."""

    bytes_changed: int
    bytes_fetched: int
    bytes_put: int
    gets: int
    puts: int

    @property
    def amplification(self) -> float:
        """Bytes moved, both ways, over bytes changed in memory."""
        return (self.bytes_fetched + self.bytes_put) / self.bytes_changed


def changing_figures(
    engine: CountedEngine, level: StoredLevel, tomogram: Voxels, change: str, folder: Path
) -> ChangingFigures:
    """Change a part of a copy of a level, check the whole copy, and count.

    Of an MRC nothing is written: as one object it has to be fetched and put whole.
    `folder` must not exist; it is gone when this returns or raises. Raises StoreMismatch if the
    copy has not the new voxels then, or anything else was changed.
    """
    _, box_of = CHANGES[change]
    box = box_of(level)
    if level.folder.is_file():
        size = level.folder.stat().st_size
        return ChangingFigures(bytes_used([box], level.itemsize), size, size, 1, 1)
    bucket = Bucket(folder)
    try:
        # A change replaces files and never writes into one, so that nothing need be copied.
        shutil.copytree(level.folder, folder, copy_function=os.link)
        with level_in_bucket(engine, level, bucket, to_change=True) as array:
            array[box] = other_voxels(np.asarray(tomogram[box]))
        _check_changed(engine, stored_level(folder), tomogram, box)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    trace = bucket.trace
    return ChangingFigures(
        bytes_used([box], level.itemsize),
        trace.bytes_fetched,
        trace.bytes_put,
        trace.gets,
        trace.puts,
    )


def _check_changed(engine: CountedEngine, changed: StoredLevel, tomogram: Voxels, box: Box) -> None:
    stored = open_level(engine, changed)
    for part in walk(changed):
        expected = np.array(tomogram[part])
        both = [
            (max(one.start, other.start), min(one.stop, other.stop))
            for one, other in zip(part, box, strict=True)
        ]
        if all(start < stop for start, stop in both):
            inside = tuple(
                slice(start - side.start, stop - side.start)
                for (start, stop), side in zip(both, part, strict=True)
            )
            expected[inside] = other_voxels(expected[inside])
        check_bit_equal(expected, stored[part], tuple(side.start for side in part))
