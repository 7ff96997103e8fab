"""Axes of a Zarr array by their names: which of them are z, y and x.

Names are the `dimension_names` of format 3, the `_ARRAY_DIMENSIONS` of xarray, and the axes of a
multiscale. Without any, the last three axes are z, y, x, as tomograms are written.
"""

import re
from collections.abc import Sequence

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused, shown

SpatialAxes = tuple[int, int, int]
"""For each of z, y, x, which axis of the array it is."""

SPATIAL_NAMES = ("z", "y", "x")

_UNNAMED = re.compile(r"dim_[0-9]+")  # what xarray calls an axis that nobody named


def given_names(names: Sequence[str | None] | None) -> tuple[str, ...] | None:
    """The names in lower case, None if the array has none that say anything."""
    if names is None or all(name is None or _UNNAMED.fullmatch(name) for name in names):
        return None
    return tuple("" if name is None else name.casefold() for name in names)


def spatial_axes(names: tuple[str, ...] | None, axes: int, where: str) -> SpatialAxes:
    """Find z, y, x among `axes` axes of an array with at least three.

    Args:
        names: from `given_names`, one for each axis.
        axes: how many the array has.
        where: for the refusal.

    Raises:
        BadInput: there are names, and z, y and x are not each one of them.
    """
    if names is None:
        return axes - 3, axes - 2, axes - 1
    if len(names) != axes:
        raise refused(
            where, f"names {len(names)} axes and has {axes}", "correct the names in its metadata"
        )
    if any(names.count(name) != 1 for name in SPATIAL_NAMES):
        raise not_spatial(names, where)
    z, y, x = (names.index(name) for name in SPATIAL_NAMES)
    return z, y, x


def not_spatial(names: Sequence[str], where: str) -> BadInput:
    """The refusal of axes of which it is not certain which are z, y and x."""
    return refused(
        where,
        f"has the axes {shown(list(names))}, and which are z, y and x is not certain",
        "give a volume whose axes are named z, y, x",
    )


def check_other_axes(
    shape: tuple[int, ...], spatial: SpatialAxes, names: tuple[str, ...] | None, where: str
) -> None:
    """Raise BadInput if an axis beside z, y, x has more than one step: times, channels."""
    for axis, length in enumerate(shape):
        if axis not in spatial and length != 1:
            called = f"axis {shown(names[axis])}" if names else f"axis {axis}"
            raise refused(
                where,
                f"has {length} steps along its {called}, shape {shown(shape)}",
                "give one volume with the axes z, y, x",
            )
