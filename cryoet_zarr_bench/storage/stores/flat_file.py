"""Files that hold voxels one after the other behind a header: `.npy`, MRC, uncompressed TIFF."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.storage.boxes import Box, Voxels, boxes, shape_of


@dataclass(frozen=True)
class FlatFile:
    """Position of a tomogram's voxels in a file, in C order with the axes z, y, x.

    `dtype` has the byte order of the file; `offset` is where its first voxel is, in bytes.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int

    def allocate(self) -> None:
        """Take the room on the disk before anything is written; OSError where there is none."""
        with self.path.open("r+b") as file:
            voxels = math.prod(self.shape) * self.dtype.itemsize
            os.posix_fallocate(file.fileno(), 0, self.offset + voxels)

    def __setitem__(self, box: Box, voxels: np.ndarray) -> None:
        """Write the voxels of a box bit for bit, whatever their byte order is."""
        if voxels.dtype != self.dtype:
            voxels = voxels.byteswap().view(self.dtype)
        planes, rows, columns = box
        whole_rows = columns.stop - columns.start == self.shape[2]
        with self.path.open("r+b") as file:
            for z, plane in enumerate(voxels, planes.start):
                # Whole rows lie together, else each is at a place of its own.
                pieces = [plane] if whole_rows else plane
                for y, piece in enumerate(pieces, rows.start):
                    position = (z * self.shape[1] + y) * self.shape[2] + columns.start
                    file.seek(self.offset + position * self.dtype.itemsize)
                    file.write(np.ascontiguousarray(piece).data)


def create_npy(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> FlatFile:
    """Begin a new `.npy` file: its header is written, its voxels are not."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": tuple(shape)}
    with path.open("xb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        offset = file.tell()
    return FlatFile(path, tuple(shape), dtype, offset)


def fill_flat_file(target: FlatFile, voxels: Voxels, unit: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Write all voxels, box by box, and give the voxels of each box once they are written.

    `unit` is the shape (z, y, x) of what their source has stored together.
    """
    target.allocate()
    for box in boxes(target.shape, unit, target.dtype.itemsize):
        part = np.asarray(voxels[box])
        if part.shape != shape_of(box):
            raise ValueError(f"{part.shape} voxels were read where {shape_of(box)} were expected")
        target[box] = part
        yield part
