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

from cryoet_zarr_bench.common.refusals import (
    check_dtype,
    check_file_holds,
    check_memory,
    check_shape,
    refused,
)
from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.formats.ome_xml import check_ome_xml, ome_spacing
from cryoet_zarr_bench.tomograms.formats.tiff_structure import check_structure
from cryoet_zarr_bench.tomograms.formats.voxel_spacing import spacing_or_none

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_SAMPLES_AND_CHANNELS = "SC"
_UNCOMPRESSED, _DEFLATE = (1,), (8, 32946)
_DEFLATE_RATIO = 1032  # the highest there is: https://zlib.net/zlib_tech.html
_HARMLESS_SEGMENT = 1 << 26  # bytes; as much is taken in any case, for a page or a chunk
_READ_AT_ONCE = 1 << 20
_HIGHEST_RATIO = 200
"""Of the voxels of large pages to what they are stored as. Beyond it a volume is of one value but
for specks: a small file that takes the memory of large pages."""
# Microscopes and scanners whose metadata tifffile would follow: their pages are read without it.
_OTHER_FLAVOURS = (
    *("avs", "bif", "eer", "flimage", "fluoview", "geotiff", "huron", "indica", "lsm", "mdgel"),
    *("mmstack", "ndpi", "ndtiff", "nih", "philips", "qpi", "scanimage", "scn", "sis", "stk"),
)


@dataclass(frozen=True, eq=False)
class OpenTiff:
    """A TIFF that was checked and is open.

    `shape` is voxels along z, y, x, and `voxel_spacing` in angstrom along the same axes, None if
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
        """Raise BadInput if tifffile met with damage."""
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
    """Raise BadInput if voxels are missing, which tifffile leaves out or fills with zeros."""
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
    """Raise BadInput if strips or tiles decode to more than their part of a page."""
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
    if series.dataoffset is not None:
        return
    deflated = page.compression in _DEFLATE
    if deflated and page.nbytes > _HARMLESS_SEGMENT:
        _check_ratio(path, series)
    decoded: dict[tuple[int, int], int] = {}
    with path.open("rb") as file:
        for number, each in enumerate(series):
            assert each is not None  # `_check_pages` refuses those that are not there
            held = 0
            for offset, length in zip(each.dataoffsets, each.databytecounts, strict=True):
                if not deflated:
                    held += length
                elif length * _DEFLATE_RATIO <= _HARMLESS_SEGMENT:
                    # Small ones cannot hold much: nothing is decompressed twice but whole pages.
                    held += length * _DEFLATE_RATIO
                else:
                    if (offset, length) not in decoded:
                        file.seek(offset)
                        decoded[offset, length] = _decoded_size(path, file, length, segment)
                    held += decoded[offset, length]
            if held < page.nbytes:
                raise refused(
                    path,
                    f"is damaged: page {number} has {page.nbytes} bytes of voxels, its strips hold "
                    f"at most {held}",
                    "copy or download it again",
                )


def _check_ratio(path: Path, series: "TiffPageSeries") -> None:
    stored = {
        offset: length
        for page in series
        if page is not None
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True)
    }
    if series.size * series.dtype.itemsize > _HIGHEST_RATIO * sum(stored.values()):
        raise refused(
            path,
            f"decodes to pages of {series.keyframe.nbytes} bytes from {sum(stored.values())} in "
            "all, so there is next to nothing in them",
            "do not trust it, or save it uncompressed where that is meant",
        )


def _decoded_size(path: Path, file: BinaryIO, length: int, largest: int) -> int:
    """Bytes that a strip decodes to, of which no more than some are in memory at a time."""
    try:
        return _inflated_size(path, file, length, largest)
    except zlib.error as error:
        raise refused(
            path, f"has a damaged strip ({error})", "copy or download it again"
        ) from error


def _inflated_size(path: Path, file: BinaryIO, length: int, largest: int) -> int:
    decompressor, decoded = zlib.decompressobj(), 0
    part = produced = b""
    # The last pieces can come when all is read: what was read decodes to more than is asked for.
    while not decompressor.eof and (length > 0 or part or produced):
        if not part:
            part = file.read(min(length, _READ_AT_ONCE))
            length = length - len(part) if part else 0
        produced = decompressor.decompress(part, _READ_AT_ONCE)
        part = decompressor.unconsumed_tail
        decoded += len(produced)
        if decoded > largest:
            raise refused(
                path, f"has a strip that decodes to more than {largest} bytes", "do not trust it"
            )
    if not decompressor.eof:
        raise refused(path, "has a strip that is cut off", "copy or download it again")
    return decoded


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
