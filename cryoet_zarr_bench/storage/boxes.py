"""Walking through a tomogram box by box, so that only a part of it is in memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

Box = tuple[slice, slice, slice]
"""A part of a tomogram: ranges of voxels along z, y, x."""

MOST_BYTES = 128 * 2**20
"""How large a box grows, where what is stored together is not larger already."""


class Voxels(Protocol):
    """A source of boxes: an array in memory or mapped, one in a store, a file; axes z, y, x."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along z, y, x."""

    @property
    def dtype(self) -> np.dtype:
        """The type of a voxel."""

    def __getitem__(self, box: Box) -> Any:
        """The voxels of a box, as a numpy array."""


def boxes(
    shape: tuple[int, ...], unit: tuple[int, ...], itemsize: int, most_bytes: int = MOST_BYTES
) -> Iterator[Box]:
    """Divide a tomogram into boxes, in the order z, y, x.

    Each begins at whole multiples of `unit`, the shape of what is stored together, and holds as
    many units as `most_bytes` has room for, but one at least: along x first, which is contiguous in
    files, then along y and z. `itemsize` is the bytes of a voxel.
    """
    steps = [min(length, n) for length, n in zip(unit, shape, strict=True)]
    for axis in (2, 1, 0):
        most = most_bytes // (math.prod(steps) * itemsize)
        if most < -(-shape[axis] // unit[axis]):
            steps[axis] = unit[axis] * max(most, 1)
            break
        steps[axis] = shape[axis]
    starts = [range(0, n, step) for n, step in zip(shape, steps, strict=True)]
    for z, y, x in itertools.product(*starts):
        yield (
            slice(z, min(z + steps[0], shape[0])),
            slice(y, min(y + steps[1], shape[1])),
            slice(x, min(x + steps[2], shape[2])),
        )


def middle_cube(shape: tuple[int, ...], edge: int) -> Box:
    """The cube in the middle of a tomogram, wherever its chunks end, as far as it lies in it."""
    z, y, x = (
        slice(max(length // 2 - edge // 2, 0), min(length // 2 + edge // 2, length))
        for length in shape
    )
    return z, y, x


def middle_chunk(shape: tuple[int, ...], chunks: tuple[int, int, int]) -> Box:
    """The one chunk that holds the voxel in the middle, as much of it as is in the tomogram."""
    z, y, x = (
        slice(middle - middle % chunk, min(middle - middle % chunk + chunk, length))
        for length, chunk, middle in zip(
            shape, chunks, (length // 2 for length in shape), strict=True
        )
    )
    return z, y, x


def shape_of(box: Box) -> tuple[int, int, int]:
    """Voxels of a box along z, y, x."""
    z, y, x = (side.stop - side.start for side in box)
    return z, y, x


def moved(box: Box, origin: Box) -> Box:
    """The box as seen from where `origin` is a part of."""
    z, y, x = (
        slice(side.start + start.start, side.stop + start.start)
        for side, start in zip(box, origin, strict=True)
    )
    return z, y, x
