"""TIFF stacks: pages of one shape, ImageJ hyperstacks, OME-TIFF."""

import logging
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cryoet_zarr_bench.tomograms.ome_xml import check_ome_xml, ome_spacing
from cryoet_zarr_bench.tomograms.refusal import (
    check_dtype,
    check_file_holds,
    check_memory,
    check_shape,
    refused,
)
from cryoet_zarr_bench.tomograms.tiff_structure import check_structure
from cryoet_zarr_bench.tomograms.units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.volume import spacing_or_none

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_SAMPLES_AND_CHANNELS = "SC"
_UNCOMPRESSED, _DEFLATE = (1,), (8, 32946)
_DEFLATE_RATIO = 1032  # the highest there is: https://zlib.net/zlib_tech.html
_HARMLESS_SEGMENT = 1 << 26  # bytes; as much is taken in any case, for a page or a chunk
_READ_AT_ONCE = 1 << 20
# Microscopes and scanners whose metadata tifffile would follow: their pages are read without it.
_OTHER_FLAVOURS = (
    *("avs", "bif", "eer", "flimage", "fluoview", "geotiff", "huron", "indica", "lsm", "mdgel"),
    *("mmstack", "ndpi", "ndtiff", "nih", "philips", "qpi", "scanimage", "scn", "sis", "stk"),
)


@dataclass(frozen=True, eq=False)
class OpenTiff:
    """A TIFF that was checked and is open.

    `shape` is voxels along z, y, x, and `voxel_spacing` in angstrom along the same axes, None where
    the file does not say. `series` are its pages, and `stored_dtype` has their byte order.
    `complaints` is what tifffile says of damage: it reads on past it, so whoever reads a page looks
    there behind it.
    """

    path: Path
    series: "TiffPageSeries"
    shape: tuple[int, int, int]
    stored_dtype: np.dtype
    voxel_spacing: tuple[float, float, float] | None
    complaints: list[str]

    def check_complaints(self) -> None:
        """Raise BadInput where tifffile met with damage."""
        if self.complaints:
            raise refused(
                self.path, f"is damaged ({self.complaints[0]})", "copy or download it again"
            )


@contextmanager
def open_tiff(path: Path) -> Iterator[OpenTiff]:
    """Open a TIFF that holds one grey volume, compressed with deflate or not at all.

    No voxel is decoded, and none of its pages will decode to more than they have to.

    Raises:
        BadInput: it is something else, is damaged, or would take more memory than its voxels.
    """
    import tifffile

    pages = check_structure(path)
    plain: dict[str, Any] = {
        f"is_{flavour}": False for flavour in _OTHER_FLAVOURS if flavour in tifffile.TIFF.FILE_FLAGS
    }
    with _complaints_of_tifffile() as complaints, tifffile.TiffFile(path, **plain) as file:
        ome = file.pages.first.description if file.is_ome else None
        if ome is not None:
            check_ome_xml(path, ome, pages)
        if len(file.series) != 1:
            raise refused(
                path, f"holds {len(file.series)} images", "save the volume as one stack of pages"
            )
        series = file.series[0]
        shape = _shape_of_volume(path, series)
        check_dtype(path, series.dtype)
        _check_pages(path, series, pages)
        _check_segments(path, series)
        spacing = _imagej_spacing(file) if ome is None else ome_spacing(ome)
        stored_dtype = series.dtype.newbyteorder(file.byteorder)
        opened = OpenTiff(path, series, shape, stored_dtype, spacing, complaints)
        opened.check_complaints()
        yield opened


@contextmanager
def _complaints_of_tifffile() -> Iterator[list[str]]:
    """Collect what tifffile would print: it reads on past a page that is cut off."""
    complaints: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                complaints.append(record.getMessage())

    logger = logging.getLogger("tifffile")
    propagate, collector = logger.propagate, Collector()
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield complaints
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate


def _shape_of_volume(path: Path, series: "TiffPageSeries") -> tuple[int, int, int]:
    axes, shape = series.axes, tuple(series.shape)
    if any(axis in _SAMPLES_AND_CHANNELS for axis, n in zip(axes, shape, strict=True) if n > 1):
        raise refused(path, f"has colours or channels, axes {axes}", "save one grey volume")
    while len(shape) > 3 and shape[0] == 1:
        axes, shape = axes[1:], shape[1:]
    check_shape(path, shape)
    if axes[1:] != "YX":
        raise refused(path, f"has the axes {axes}", "save it as pages along z, each y by x")
    z, y, x = shape
    return z, y, x


def _check_pages(path: Path, series: "TiffPageSeries", pages: int) -> None:
    """Raise BadInput where voxels are missing, which tifffile leaves out or fills with zeros."""
    if pages * series.keyframe.size > series.size:
        raise refused(
            path,
            f"has {pages} pages, some of which are not of its volume",
            "save the volume as one stack of pages",
        )
    if series.is_multifile:
        raise refused(path, "has pages in other files", "save the volume as one file")
    if series.dataoffset is not None:
        check_file_holds(
            path, shape=series.shape, itemsize=series.dtype.itemsize, offset=series.dataoffset
        )
        return
    file_size = path.stat().st_size
    for number, page in enumerate(series):
        # An offset or a length of 0 marks a part that was never written.
        if page is None or not all(
            offset > 0 and length > 0 and offset + length <= file_size
            for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True)
        ):
            raise refused(path, f"is truncated at page {number}", "copy or download it again")


def _check_segments(path: Path, series: "TiffPageSeries") -> None:
    """Raise BadInput where strips or tiles decode to more than their part of a page."""
    page = series.keyframe
    if page.compression not in _UNCOMPRESSED + _DEFLATE:
        raise refused(
            path, f"is compressed with {page.compression!r}", "save it with deflate or uncompressed"
        )
    check_memory(path, 2 * page.nbytes, what="a page", remedy="give one of smaller pages")
    segment = math.prod(page.chunks) * series.dtype.itemsize
    if segment > max(page.nbytes, _HARMLESS_SEGMENT):
        raise refused(
            path, f"has tiles of {segment} bytes, pages of {page.nbytes}", "check what wrote it"
        )
    if page.compression in _UNCOMPRESSED:
        return
    with path.open("rb") as file:
        for each in series:
            assert each is not None  # `_check_pages` refuses those that are not there
            for offset, length in zip(each.dataoffsets, each.databytecounts, strict=True):
                # Small ones cannot hold much: nothing is decompressed twice but whole pages.
                if length * _DEFLATE_RATIO > _HARMLESS_SEGMENT:
                    file.seek(offset)
                    _check_deflate(path, file, length, segment)


def _check_deflate(path: Path, file: BinaryIO, length: int, largest: int) -> None:
    decompressor, decoded = zlib.decompressobj(), 0
    while length > 0 and not decompressor.eof:
        part = decompressor.unconsumed_tail or file.read(min(length, _READ_AT_ONCE))
        if not decompressor.unconsumed_tail:
            length -= len(part)
        decoded += len(decompressor.decompress(part, _READ_AT_ONCE))
        if decoded > largest:
            raise refused(
                path, f"has a strip that decodes to more than {largest} bytes", "do not trust it"
            )


def _imagej_spacing(file: "TiffFile") -> tuple[float, float, float] | None:
    """`spacing` along z in `unit`; along y and x the TIFF resolution, in pixels per `unit`."""
    metadata = file.imagej_metadata if file.is_imagej else None
    if metadata is None:
        return None
    factor = angstrom_per_unit(metadata.get("unit"))
    tags = file.pages.first.tags
    resolutions = [tags.valueof(name) for name in ("YResolution", "XResolution")]
    if factor is None or "spacing" not in metadata or None in resolutions:
        return None
    if any(pixels == 0 or units == 0 for pixels, units in resolutions):
        return None
    in_plane = [factor * units / pixels for pixels, units in resolutions]
    return spacing_or_none((factor * float(metadata["spacing"]), *in_plane))
