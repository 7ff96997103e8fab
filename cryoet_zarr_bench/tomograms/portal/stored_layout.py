"""The metadata of a tomogram's OME-Zarr, held against the portal's record of it."""

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.voxel_spacing import Spacing, complete_spacing
from cryoet_zarr_bench.tomograms.formats.zarr.json_documents import LARGEST_DOCUMENT
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import (
    Level,
    StoredArray,
    read_array_metadata,
    read_multiscale,
)
from cryoet_zarr_bench.tomograms.portal.bucket_objects import PortalObjects, StoredObject
from cryoet_zarr_bench.tomograms.portal.portal_records import PortalTomogram
from cryoet_zarr_bench.tomograms.tomogram_sources import shape_text

PORTAL_DTYPE = np.dtype("<f4")
"""The portal casts every tomogram to it; its record has no field that says so."""

_AXES = ("z", "y", "x")
_ROUNDING = 1e-3  # of a spacing: the portal's records have three decimals


@dataclass(frozen=True)
class OmeZarr:
    """A tomogram in the bucket. `metadata` are the ETags of the documents that were read, by key;
    `folder` is its key prefix, without a slash at its end."""

    folder: str
    levels: tuple[Level, ...]
    metadata: dict[str, str]


@dataclass(frozen=True)
class LevelLayout:
    """One level of a tomogram in the bucket.

    `folder` is its key prefix, with a slash at its end; `metadata` are the ETags of the documents
    that were read, by key; `spacing` is in angstrom along z, y, x.
    """

    level: int
    folder: str
    array: StoredArray
    spacing: tuple[float, float, float]
    metadata: dict[str, str]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = self.array.shape
        return z, y, x

    def key(self, index: tuple[int, ...]) -> str:
        """The key of a chunk in the bucket."""
        return self.folder + self.array.key(index)


async def read_ome_zarr(objects: PortalObjects, folder: str) -> OmeZarr:
    """Read what the OME-Zarr in `folder` says of its levels.

    Raises:
        BadInput: it is not there, or not usable, or has other axes than z, y, x.
    """
    key = f"{folder}/.zattrs"
    where = objects.url(key)
    content, etag = await objects.document(key, LARGEST_DOCUMENT)
    multiscale = read_multiscale(content, where)
    if multiscale.others:
        raise refused(where, f"has {1 + len(multiscale.others)} multiscales, not one", _REPORT)
    if multiscale.axes != _AXES:
        raise refused(where, f"its axes are {multiscale.axes}, not z, y, x", _REPORT)
    return OmeZarr(folder, multiscale.levels, {key: etag})


async def read_level(
    objects: PortalObjects, ome_zarr: OmeZarr, level: int, tomogram: PortalTomogram
) -> LevelLayout:
    """Read the metadata of one level and hold it against the portal's record.

    Raises:
        BadInput: there is no such level, or dtype, byte order, shape or spacing are not those that
            the record has, or the metadata are not usable.
    """
    if not 0 <= level < len(ome_zarr.levels):
        raise refused(
            objects.url(ome_zarr.folder),
            f"has no level {level}",
            f"choose one from 0 to {len(ome_zarr.levels) - 1}",
        )
    described = ome_zarr.levels[level]
    folder = f"{ome_zarr.folder}/{described.path}/"
    key = f"{folder}.zarray"
    where = objects.url(key)
    content, etag = await objects.document(key, LARGEST_DOCUMENT)
    array = read_array_metadata(content, where)
    if array.zarr_format != 2 or array.order != "C":
        raise _disagrees(where, f"Zarr format {array.zarr_format} in order {array.order}", "2 in C")
    if array.dtype != PORTAL_DTYPE:
        raise _disagrees(where, f"the dtype {array.dtype.str}", PORTAL_DTYPE.str)
    _check_shape(where, array.shape, level, tomogram)
    spacing = _checked_spacing(where, described.scale, array.shape, level, tomogram)
    return LevelLayout(level, folder, array, spacing, {**ome_zarr.metadata, key: etag})


def same_metadata(layout: LevelLayout, listing: dict[str, StoredObject]) -> bool:
    """True if the documents in a listing are those that were read."""
    return all(
        key in listing and listing[key].etag == etag for key, etag in layout.metadata.items()
    )


def _check_shape(where: str, shape: tuple[int, ...], level: int, tomogram: PortalTomogram) -> None:
    stated = tomogram.level_shapes.get(level)
    if level == 0 and shape != tomogram.shape:
        raise _disagrees(where, f"the shape {shape_text(shape)}", shape_text(tomogram.shape))
    if stated is not None and shape != stated:
        raise _disagrees(where, f"the shape {shape_text(shape)}", shape_text(stated))
    # Halved level by level, rounded down or up.
    halved = 2**level
    if len(shape) != 3 or any(
        abs(n * halved - whole) >= halved for n, whole in zip(shape, tomogram.shape, strict=True)
    ):
        expected = shape_text(tuple(-(-whole // halved) for whole in tomogram.shape))
        raise _disagrees(where, f"the shape {shape_text(shape)}", f"about {expected}")


def _checked_spacing(
    where: str,
    described: Spacing | None,
    shape: tuple[int, ...],
    level: int,
    tomogram: PortalTomogram,
) -> tuple[float, float, float]:
    scale = complete_spacing(described)
    if scale is None:
        raise _disagrees(where, "no scale in a unit of length", f"{tomogram.voxel_spacing:g} A")
    for length, n, whole in zip(scale, shape, tomogram.shape, strict=True):
        # A level is scaled by 2, or by how many voxels are left of an odd number of them.
        expected = [tomogram.voxel_spacing * factor for factor in (2**level, whole / n)]
        if not min(expected) * (1 - _ROUNDING) <= length <= max(expected) * (1 + _ROUNDING):
            raise _disagrees(where, f"the spacing {length:g} A", f"{expected[0]:g} A")
    return scale


_REPORT = "report it to the portal, or choose another tomogram"


def _disagrees(where: str, found: str, expected: str) -> BadInput:
    return refused(where, f"has {found} where the portal's record has {expected}", _REPORT)
