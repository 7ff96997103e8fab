"""Voxel spacings: what a length of a voxel can be, and how it is shown."""

from collections.abc import Iterable, Sequence

Spacing = tuple[float | None, float | None, float | None]
"""Angstrom along z, y, x; None along an axis of which the source does not say."""

SMALLEST_SPACING, LARGEST_SPACING = 0.01, 10_000.0
"""Angstrom. What lies outside is no voxel of a tomogram: an atom is about 1 angstrom wide, a whole
bacterium 10 000. Such a header was never filled in, or is in another unit."""

UNKNOWN = "?"
"""Shown in the place of a length that is not known."""


def spacing_or_none(lengths: Iterable[float | None]) -> Spacing | None:
    """Three lengths in angstrom along z, y, x, each None unless it can be one of a tomogram.

    That is from `SMALLEST_SPACING` to `LARGEST_SPACING`. None if no length is left.

    Rounded to the seven digits that single precision, as in MRC headers, can tell apart.
    """
    z, y, x = (_length_or_none(length) for length in lengths)
    return None if (z, y, x) == (None, None, None) else (z, y, x)


def _length_or_none(length: float | None) -> float | None:
    if length is None:
        return None
    rounded = float(f"{length:.7g}")
    # NaN is in no range.
    return rounded if SMALLEST_SPACING <= rounded <= LARGEST_SPACING else None


def complete_spacing(spacing: Spacing | None) -> tuple[float, float, float] | None:
    """The spacing where it is known along all three axes, else None: for what needs all three."""
    if spacing is None:
        return None
    z, y, x = spacing
    return None if z is None or y is None or x is None else (z, y, x)


def lengths_text(spacing: Sequence[float | None], separator: str = " x ", digits: int = 7) -> str:
    """The lengths as they are shown: one where all are equal, `?` for one that is not known."""
    shown = spacing[:1] if len(set(spacing)) == 1 else spacing
    return separator.join(UNKNOWN if each is None else f"{each:.{digits}g}" for each in shown)


def spacing_text(spacing: Spacing | None) -> str:
    """A voxel spacing in words, such as `10.012 angstrom` or `? x 10 x 10 angstrom`."""
    if spacing is None:
        return "voxel spacing unknown"
    return f"{lengths_text(spacing)} angstrom"
