"""A tomogram read part by part, so that one larger than memory can be worked on."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing


class Slabs(Protocol):
    """A tomogram of which any range of XY planes, and any box, can be read.

    `shape` is z, y, x in voxels; `dtype` is in native byte order; `voxel_spacing` is in angstrom
    along z, y, x, None if the source does not say; `planes` is how many planes are best read at
    once, because they are stored together.
    """

    @property
    def name(self) -> str:
        """The name of the source."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""

    @property
    def voxel_spacing(self) -> Spacing | None:
        """Angstrom along z, y, x; None if the source does not say."""

    @property
    def planes(self) -> int:
        """The number of planes that are best read at once."""

    def read(self, start: int, stop: int) -> np.ndarray:
        """The planes from `start` up to `stop` along z, in C order and native byte order."""

    def __getitem__(self, box: tuple[slice, slice, slice], /) -> np.ndarray:
        """A box z, y, x in C order and native byte order."""


class BoxVoxels(Protocol):
    """Voxels of which any box is read; axes z, y, x."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""

    def __getitem__(self, box: tuple[slice, slice, slice], /) -> np.ndarray:
        """Read a box in C order and native byte order."""


@dataclass(frozen=True, eq=False)
class ArraySlabs:
    """The slabs of an array that is in memory or mapped; axes z, y, x."""

    array: np.ndarray
    name: str
    voxel_spacing: Spacing | None = None
    planes: int = 1
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = self.array.shape
        return z, y, x

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.array.dtype.newbyteorder("=")

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        """A box z, y, x in C order and native byte order."""
        part = np.ascontiguousarray(self.array[box])
        return part if part.dtype.isnative else part.byteswap().view(self.dtype)

    def read(self, start: int, stop: int) -> np.ndarray:
        """The planes from `start` up to `stop` along z, in C order and native byte order."""
        return self[slice(start, stop), slice(None), slice(None)]
