"""An MRC as it is, read as a Zarr of references: each plane is a chunk, a range of the file.

So virtual Zarr stores do it, of which the metadata is a small document of its own. Nothing is
converted; a change writes the whole object anew, since no object store can replace a part of one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.errors import StoreMismatch
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.conversion.mrc_target import (
    Statistics,
    annotations_to_write,
    create_mrc,
    finish_mrc,
)
from cryoet_zarr_bench.layouts.stored_levels import StoredLevel, stored_levels
from cryoet_zarr_bench.storage.boxes import Voxels
from cryoet_zarr_bench.storage.object_store.bucket import Bucket
from cryoet_zarr_bench.storage.stores.flat_file import fill_flat_file
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import MrcAnnotations
from cryoet_zarr_bench.tomograms.formats.mrc_header import HEADER_BYTES

_PLANE = re.compile(r"c/(\d+)/0/0")


def write_mrc(tomogram: Voxels, path: Path, spacing: Spacing | None) -> None:
    """Write a tomogram as an MRC2014 file, slab by slab."""
    dtype = np.dtype(tomogram.dtype)
    annotations = annotations_to_write(MrcAnnotations(), dtype, "unsigned")
    target, statistics = create_mrc(path, tomogram.shape, dtype, annotations), Statistics()
    for part in fill_flat_file(target, tomogram, (1, *tomogram.shape[1:])):
        statistics.add(part)
    finish_mrc(target, spacing, statistics, annotations)


def level_of_mrc(path: Path, shape: tuple[int, int, int], dtype: str) -> StoredLevel:
    """The one level of a file that `write_mrc` wrote; StoreMismatch if it is another size."""
    expected = HEADER_BYTES + int(np.prod(shape)) * np.dtype(dtype).itemsize
    if path.stat().st_size != expected:
        raise StoreMismatch(f"{path} has {path.stat().st_size} bytes, not {expected}")
    return StoredLevel(path, 3, shape, 0, dtype, (1, *shape[1:]), None, "none")


def levels_of(store: Path, tomogram: Voxels) -> list[StoredLevel]:
    """The levels of an OME-Zarr, or the one of the MRC of a tomogram."""
    if store.is_file():
        z, y, x = tomogram.shape
        return [level_of_mrc(store, (z, y, x), np.dtype(tomogram.dtype).name)]
    return stored_levels(store)


def mapped(level: StoredLevel) -> np.ndarray:
    """The voxels of the file, mapped."""
    return np.memmap(
        level.folder, np.dtype(level.dtype).newbyteorder("<"), "r", HEADER_BYTES, level.shape
    )


class ReferencedPlanes(Bucket):
    """A bucket whose one object with voxels is the MRC, and which is asked for planes of it."""

    def __init__(self, level: StoredLevel) -> None:
        super().__init__(level.folder)
        self._level = level
        self._plane = int(np.prod(level.shape[1:])) * level.itemsize
        self._document = json.dumps(_metadata(level)).encode()

    def _read(self, key: str, start: int | None, stop: int | None) -> bytes | None:
        if key == "zarr.json":
            return self._document[slice(start, stop)]
        named = _PLANE.fullmatch(key)
        if named is None or int(named[1]) >= self._level.shape[0]:
            return None
        first, end, _ = slice(start, stop).indices(self._plane)
        with self._level.folder.open("rb") as file:
            file.seek(HEADER_BYTES + int(named[1]) * self._plane + first)
            return file.read(max(end - first, 0))


def _metadata(level: StoredLevel) -> dict[str, object]:
    serializer: dict[str, object] = {"name": "bytes"}
    if level.itemsize > 1:
        serializer["configuration"] = {"endian": "little"}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": level.shape,
        "data_type": level.dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": level.chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [serializer],
        "attributes": {},
        "dimension_names": ["z", "y", "x"],
    }
