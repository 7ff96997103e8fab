"""Regions that hold one value: missing chunks, zeroed blocks, masks, padding.

The tomogram is looked at in blocks of 4 x 4 x 4 voxels, each constant or not: 64 equal voxels do
not come about by chance in any tomogram, of 8 bits too. A constant cube of 11 voxels holds at least
8 whole blocks wherever it lies, aligned to chunks or not; neighbouring blocks of one value make a
region.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BLOCK = 4
MOST_BLOCKS = 1 << 24
"""Blocks are made larger, by a factor of two, until there are at most these: 130 MB."""

SMALLEST_REGION = 8
"""Blocks that make a region; fewer are a bead that saturates, or the like."""


@dataclass(frozen=True)
class ConstantRegions:
    """Constant regions; parts are of the whole blocks of the tomogram.

    `around` is the part that encloses the tomogram with one value, as a mask or padding does: it
    reaches all eight corners. `inside` is the part in the other regions, `largest` the largest of
    these as start and stop along z, y, x, `value` its value. `scattered` is the part in blocks that
    make no region.
    """

    around: float
    inside: float
    scattered: float
    largest: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None
    value: float | None


class ConstantBlocks:
    """Takes the planes of a tomogram in order, and finds its constant blocks."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        edge = BLOCK
        while math.prod(-(-length // edge) for length in shape) > MOST_BLOCKS:
            edge *= 2
        self._edges = tuple(min(edge, length) for length in shape)
        grid = tuple(length // side for length, side in zip(shape, self._edges, strict=True))
        self._values = np.full(grid, np.nan, dtype=np.float32)
        self._lowest = np.empty(grid[1:], dtype=np.float32)
        self._highest = np.empty(grid[1:], dtype=np.float32)

    def add(self, z: int, plane: np.ndarray) -> None:
        """Take plane z, float32; what is not finite is constant in no block."""
        row, within = divmod(z, self._edges[0])
        if row == self._values.shape[0]:
            return
        (rows, columns), (height, width) = self._values.shape[1:], self._edges[1:]
        tiles = plane[: rows * height, : columns * width].reshape(rows, height, columns, width)
        lowest, highest = tiles.min(axis=(1, 3)), tiles.max(axis=(1, 3))
        if within:
            lowest = np.minimum(lowest, self._lowest)
            highest = np.maximum(highest, self._highest)
        self._lowest, self._highest = lowest, highest
        if within == self._edges[0] - 1:
            constant = (lowest == highest) & np.isfinite(lowest)
            self._values[row] = np.where(constant, lowest, np.nan)

    def voxels_at(self, value: float) -> int:
        """The number of voxels in constant blocks of a value."""
        return int(np.count_nonzero(self._values == np.float32(value))) * math.prod(self._edges)

    def regions(self) -> ConstantRegions:
        """Put neighbouring blocks together."""
        from scipy.ndimage import find_objects, label

        whole = self._values.size
        constant = np.isfinite(self._values)
        around = self._enclosing(constant)
        labels, _ = label(constant & ~around)
        sizes = np.bincount(labels.reshape(-1))
        sizes[0] = 0
        regions = sizes >= SMALLEST_REGION
        inside = int(sizes[regions].sum())
        largest, value = None, None
        if inside:
            place = int(sizes.argmax())
            box = find_objects(labels, place)[place - 1]
            value = float(self._values[labels == place][0])
            z, y, x = (
                (side.start * edge, side.stop * edge)
                for side, edge in zip(box, self._edges, strict=True)
            )
            largest = (z, y, x)
        return ConstantRegions(
            around=np.count_nonzero(around) / whole,
            inside=inside / whole,
            scattered=int(sizes[~regions].sum()) / whole,
            largest=largest,
            value=value,
        )

    def _enclosing(self, constant: np.ndarray) -> np.ndarray:
        """Blocks of the regions that touch corners, where all eight corners have one value."""
        from scipy.ndimage import label

        corners = self._values[:: max(1, constant.shape[0] - 1)][
            :, :: max(1, constant.shape[1] - 1), :: max(1, constant.shape[2] - 1)
        ]
        if np.unique(corners).size != 1 or not np.isfinite(corners).all():
            return np.zeros(constant.shape, dtype=bool)
        labels, _ = label(self._values == corners.reshape(-1)[0])
        at_corners = labels[:: max(1, constant.shape[0] - 1)][
            :, :: max(1, constant.shape[1] - 1), :: max(1, constant.shape[2] - 1)
        ]
        return np.isin(labels, np.unique(at_corners))
