"""A new TIFF whose voxels lie together, with the spacing where ImageJ or OME readers look for it.

ImageJ's metadata has the bytes, unsigned shorts and floats that ImageJ has, up to 4 GB; OME-XML has
all but half precision. https://www.openmicroscopy.org/Schemas/OME/2016-06
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing, complete_spacing
from cryoet_zarr_bench.storage.stores.flat_file import FlatFile

Flavour = Literal["imagej", "ome", "plain"]

_OF_IMAGEJ = ("uint8", "uint16", "float32")
_NOT_OF_OME = ("float16",)
_CLASSIC_BYTES = 2**32 - 2**25  # what offsets of 32 bits reach, less room for directories
_LARGEST_PART = 2**32 - 1  # of a rational number in TIFF


def flavour_of(
    shape: tuple[int, ...], dtype: np.dtype, spacing: Spacing | None, ome: bool
) -> Flavour:
    """The metadata that a TIFF of that shape (z, y, x) and dtype is written with.

    `ome` asks for OME-XML. `plain` has no place for a voxel spacing: it is for half precision, and
    for one plane, which with the metadata of the others reads as an image.
    """
    if ome:
        return "ome"
    if dtype.name in _NOT_OF_OME or shape[0] == 1:
        return "plain"
    bytes_of_voxels = math.prod(shape) * dtype.itemsize
    is_for_imagej = dtype.name in _OF_IMAGEJ and bytes_of_voxels < _CLASSIC_BYTES
    # A length that is left out is 1 unit to ImageJ.
    is_for_imagej = is_for_imagej and (spacing is None or None not in spacing)
    return "imagej" if is_for_imagej and min(shape) > 1 else "ome"


def create_tiff(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    spacing: Spacing | None,
    flavour: Flavour,
) -> FlatFile:
    """Begin a new TIFF: everything but its voxels; `spacing` is in angstrom along z, y, x."""
    import tifffile

    bytes_of_voxels = math.prod(shape) * dtype.itemsize
    options: dict[str, Any] = {"metadata": {"axes": "ZYX"}}
    complete = complete_spacing(spacing)
    if complete is not None and flavour == "imagej":
        options["metadata"] |= {"spacing": complete[0], "unit": "angstrom"}
        options["resolution"] = (_per_unit(complete[2]), _per_unit(complete[1]))
    elif spacing is not None and flavour == "ome":
        for axis, step in zip("ZYX", spacing, strict=True):
            if step is not None:
                options["metadata"] |= {f"PhysicalSize{axis}": step, f"PhysicalSize{axis}Unit": "Å"}
    with tifffile.TiffWriter(
        path,
        bigtiff=flavour != "imagej" and bytes_of_voxels >= _CLASSIC_BYTES,
        byteorder="<",
        imagej=flavour == "imagej",
        ome=flavour == "ome",
    ) as file:
        file.write(shape=shape, dtype=dtype, photometric="minisblack", **options)
    with tifffile.TiffFile(path) as written:
        (series,) = written.series
        if series.dataoffset is None:
            raise ValueError("tifffile has not laid the voxels out one after the other")
        return FlatFile(path, tuple(shape), dtype.newbyteorder("<"), series.dataoffset)


def _per_unit(step: float) -> tuple[int, int]:
    """Pixels per angstrom as the two whole numbers of TIFF's XResolution and YResolution."""
    per_unit = (1 / Fraction(str(step))).limit_denominator(_LARGEST_PART)
    if per_unit.numerator > _LARGEST_PART:
        per_unit = Fraction(round(per_unit))
    return per_unit.numerator, per_unit.denominator
