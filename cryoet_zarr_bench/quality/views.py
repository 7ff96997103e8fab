"""Slices of a tomogram small enough to be shown, read plane by plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import complete_spacing
from cryoet_zarr_bench.tomograms.formats.slabs import Slabs

MOST_PIXELS = 700
"""Along each side of a view: more than that a page does not show."""

PANELS = 9


@dataclass(frozen=True, eq=False)
class View:
    """A slice, rows down and columns to the right; a pixel is the mean of `binning` x `binning`.

    A pixel with any voxel that is not finite is NaN. `spacing` is the voxel spacing in angstrom
    along rows and columns, None if it is not known.
    """

    pixels: np.ndarray
    binning: int
    spacing: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Views:
    """The slices through the centre along each axis, and nine XY slices with their z."""

    xy: View
    xz: View
    yz: View
    along_z: tuple[tuple[int, View], ...]


def views(slabs: Slabs) -> Views:
    """Read a tomogram once more and keep what is shown of it.

    In the XZ view z runs down and x to the right; in the YZ view z runs to the right and y down, so
    that both can stand beside the XY view.
    """
    depth, height, width = slabs.shape
    chosen = np.unique(np.linspace(0, depth - 1, PANELS + 2)[1:-1].round().astype(int)).tolist()
    xz = np.empty((depth, width), dtype=np.float32)
    yz = np.empty((height, depth), dtype=np.float32)
    sides = complete_spacing(slabs.voxel_spacing)
    in_plane = None if sides is None else (sides[1], sides[2])
    kept: dict[int, View] = {}
    for start in range(0, depth, slabs.planes):
        slab = slabs.read(start, min(start + slabs.planes, depth))
        for z, plane in enumerate(slab, start):
            xz[z], yz[:, z] = plane[height // 2], plane[:, width // 2]
            if z in chosen or z == depth // 2:
                kept[z] = _view(plane, in_plane)
    return Views(
        xy=kept[depth // 2],
        xz=_view(xz, None if sides is None else (sides[0], sides[2])),
        yz=_view(yz, None if sides is None else (sides[1], sides[0])),
        along_z=tuple((z, kept[z]) for z in chosen),
    )


def _view(plane: np.ndarray, spacing: tuple[float, float] | None) -> View:
    binning = max(1, -(-max(plane.shape) // MOST_PIXELS))
    binning = min(binning, *plane.shape)
    rows, columns = (length // binning for length in plane.shape)
    tiles = plane[: rows * binning, : columns * binning].astype(np.float64)
    with np.errstate(invalid="ignore"):
        pixels = tiles.reshape(rows, binning, columns, binning).mean(axis=(1, 3))
    pixels[~np.isfinite(pixels)] = np.nan
    return View(pixels, binning, spacing)
