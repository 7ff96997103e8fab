"""Values that a lossy store must give back, by numpy alone: no codec vouches for itself.

Each takes settings and gives a function from the voxels that were written to those that have to be
read back, in the same dtype.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Formula = Callable[[np.ndarray], np.ndarray]


def bit_rounding(keepbits: int) -> Formula:
    """The nearest float with so many bits of mantissa, a tie to the even one.

    As numcodecs' BitRound: on the bits, so that a carry goes into the exponent. Source: Klöwer et
    al. 2021, https://doi.org/10.1038/s43588-021-00156-2
    """

    def rounded(voxels: np.ndarray) -> np.ndarray:
        dropped = np.finfo(voxels.dtype).nmant - keepbits
        if dropped == 0:
            return voxels
        bits = np.ascontiguousarray(voxels).view(f"u{voxels.dtype.itemsize}")
        one = bits.dtype.type(1)
        last_kept = bits >> bits.dtype.type(dropped) & one
        half = bits.dtype.type((1 << (dropped - 1)) - 1)
        kept = ~bits.dtype.type((1 << dropped) - 1)
        with np.errstate(over="ignore"):
            return ((bits + (last_kept + half)) & kept).view(voxels.dtype)

    return rounded


def cast_to(dtype: np.dtype) -> Formula:
    """The values as `dtype` has them: rounded to the nearest, infinite if they are too large."""

    def cast(voxels: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return voxels.astype(dtype).astype(voxels.dtype)

    return cast


def scaling(offset: float, scale: float, integer: np.dtype) -> Formula:
    """round((x - offset) * scale) as an integer, and back by / scale + offset.

    As numcodecs' FixedScaleOffset: in the voxels' own precision there, in float64 back.
    """

    def scaled(voxels: np.ndarray) -> np.ndarray:
        stored = np.around((voxels - offset) * scale).astype(integer)
        return (stored / scale + offset).astype(voxels.dtype)

    return scaled
