"""A tomogram as it was read from a file."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Volume:
    """Densities with their voxel spacing.

    `data` has the axes z, y, x, native byte order and the dtype of the file. `voxel_spacing` is in
    angstrom along z, y, x; None where the file does not say.
    """

    data: np.ndarray
    voxel_spacing: tuple[float, float, float] | None
    name: str


def spacing_or_none(spacing: Iterable[float]) -> tuple[float, float, float] | None:
    """Three spacings in angstrom along z, y, x, or None unless each is finite and positive.

    Rounded to the seven digits that single precision, as in MRC headers, can tell apart.
    """
    z, y, x = (float(f"{length:.7g}") for length in spacing)
    if not all(math.isfinite(length) and length > 0 for length in (z, y, x)):
        return None
    return z, y, x
