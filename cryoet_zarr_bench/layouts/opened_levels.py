"""A level of a pyramid opened as an array of z, y, x, whatever axes it has before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoet_zarr_bench.layouts.referenced_planes import ReferencedPlanes, mapped
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel
from cryoet_zarr_bench.storage.boxes import Box
from cryoet_zarr_bench.storage.engines import CountedEngine
from cryoet_zarr_bench.storage.object_store.bucket import Bucket


@dataclass(frozen=True)
class Volume:
    """An array whose axes before z, y, x have length 1."""

    array: Any
    level: StoredLevel

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y, x."""
        return self.level.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of a voxel."""
        return np.dtype(self.level.dtype)

    def __getitem__(self, box: Box) -> np.ndarray:
        found = np.asarray(self.array[self._whole(box)])
        return found.reshape(found.shape[self.level.leading :])

    def __setitem__(self, box: Box, voxels: np.ndarray) -> None:
        leading = (1,) * self.level.leading
        self.array[self._whole(box)] = voxels.reshape(leading + voxels.shape)

    def _whole(self, box: Box) -> tuple[slice, ...]:
        return (slice(0, 1),) * self.level.leading + tuple(box)


def open_level(engine: CountedEngine, level: StoredLevel) -> Volume:
    """The level as it lies on the disk, for reading; an MRC is mapped."""
    array = mapped(level) if level.folder.is_file() else engine.open(level.folder)
    return Volume(array, level)


def bucket_of(level: StoredLevel) -> Bucket:
    """The bucket that has the level: its folder, or the planes of an MRC."""
    return ReferencedPlanes(level) if level.folder.is_file() else Bucket(level.folder)


@contextmanager
def level_in_bucket(
    engine: CountedEngine, level: StoredLevel, bucket: Bucket, to_change: bool = False
) -> Iterator[Volume]:
    """The level as the one array of a bucket, which counts what is asked of it."""
    with engine.open_in_bucket(bucket, to_change) as array:
        yield Volume(array, level)
