"""TIFF stacks: pages of one shape, ImageJ hyperstacks, OME-TIFF."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoet_zarr_bench.common.refusals import (
    check_dtype,
    check_file_holds,
    check_shape,
    refused,
)
from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_or_none
from cryoet_zarr_bench.tomograms.formats.length_units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.formats.ome_xml import check_ome_xml, ome_spacing
from cryoet_zarr_bench.tomograms.formats.tiff_segments import check_segments
from cryoet_zarr_bench.tomograms.formats.tiff_structure import check_structure

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_SAMPLES_AND_CHANNELS = "SC"
_PLANAR = 2  # PlanarConfiguration
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
    voxel_spacing: Spacing | None
    complaints: list[str]

    def check_complaints(self) -> None:
        """Raise BadInput if tifffile met with damage."""
        if self.complaints:
            raise refused(
                self.path, f"is damaged ({self.complaints[0]})", "copy or download it again"
            )


@contextmanager
def open_tiff(path: Path) -> Iterator[OpenTiff]:
    """Open a TIFF that holds one grey volume.

    It can be compressed with deflate, LZW, PackBits or Zstandard, also with a predictor; where that
    needs imagecodecs and it is not installed, the refusal says so.

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
        check_segments(path, series)
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
        if series.keyframe.planarconfig == _PLANAR and axes == "SYX":
            raise refused(
                path,
                f"has {shape[0]} planes that are stored as the colours of one page (planar)",
                "save it as grey pages along z; for tifffile, with photometric='minisblack'",
            )
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


def _imagej_spacing(file: "TiffFile") -> Spacing | None:
    """`spacing` along z in `zunit`; along y, x the TIFF resolution, in pixels per `yunit`, `unit`.

    As ImageJ writes them: `yunit` and `zunit` only where they are not `unit`, and no `spacing`
    where a voxel is 1 unit deep. https://imagej.net/ij/source/ij/io/FileSaver.java
    """
    metadata = file.imagej_metadata if file.is_imagej else None
    if metadata is None:
        return None
    unit = metadata.get("unit")
    units = (metadata.get("zunit", unit), metadata.get("yunit", unit), unit)
    z, y, x = map(angstrom_per_unit, units)
    tags = file.pages.first.tags
    rows = _units_per_pixel(tags.valueof("YResolution"))
    columns = _units_per_pixel(tags.valueof("XResolution"))
    if rows is None and columns is None:
        return None  # without a size in the plane, one along z is nothing but the default
    depth = float(metadata.get("spacing", 1.0))
    return spacing_or_none(
        None if factor is None or length is None else factor * length
        for factor, length in ((z, depth), (y, rows), (x, columns))
    )


def _units_per_pixel(resolution: tuple[int, int] | None) -> float | None:
    if resolution is None or 0 in resolution:
        return None
    pixels, units = resolution
    return units / pixels
