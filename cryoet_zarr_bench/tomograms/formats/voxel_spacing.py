"""A tomogram as it was read from a file."""

from collections.abc import Iterable

SMALLEST_SPACING, LARGEST_SPACING = 0.01, 10_000.0
"""Angstrom. What lies outside is no voxel of a tomogram: an atom is about 1 angstrom wide, a whole
bacterium 10 000. Such a header was never filled in, or is in another unit."""


def spacing_or_none(spacing: Iterable[float]) -> tuple[float, float, float] | None:
    """Three spacings in angstrom along z, y, x, or None unless each can be one of a tomogram.

    That is from `SMALLEST_SPACING` to `LARGEST_SPACING`.

    Rounded to the seven digits that single precision, as in MRC headers, can tell apart.
    """
    z, y, x = (float(f"{length:.7g}") for length in spacing)
    # NaN is in no range.
    if not all(SMALLEST_SPACING <= length <= LARGEST_SPACING for length in (z, y, x)):
        return None
    return z, y, x
