"""TIFF stacks: pages of one shape, ImageJ hyperstacks, OME-TIFF."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from cryoet_zarr_bench.tomograms.refusal import (
    check_dtype,
    check_file_holds,
    check_memory,
    check_shape,
    refused,
)
from cryoet_zarr_bench.tomograms.units import angstrom_per_unit
from cryoet_zarr_bench.tomograms.volume import Volume, spacing_or_none

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

_SAMPLES_AND_CHANNELS = "SC"


def read_tiff(path: Path) -> Volume:
    """Read a TIFF that holds one grey volume; compressed with deflate or not at all."""
    import tifffile

    with _complaints_of_tifffile() as complaints, tifffile.TiffFile(path) as file:
        if len(file.series) != 1:
            raise refused(
                path, f"holds {len(file.series)} images", "save the volume as one stack of pages"
            )
        series = file.series[0]
        shape = _shape_of_volume(path, series)
        check_dtype(path, series.dtype)
        _check_pages(path, series)
        check_memory(path, math.prod(shape) * series.dtype.itemsize)
        data = series.asarray().reshape(shape)
        spacing = _voxel_spacing(file)
    if complaints:
        raise refused(path, f"is damaged ({complaints[0]})", "copy or download it again")
    return Volume(data, spacing, path.name)


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


def _shape_of_volume(path: Path, series: "TiffPageSeries") -> tuple[int, ...]:
    axes, shape = series.axes, tuple(series.shape)
    if any(axis in _SAMPLES_AND_CHANNELS for axis, n in zip(axes, shape, strict=True) if n > 1):
        raise refused(path, f"has colours or channels, axes {axes}", "save one grey volume")
    while len(shape) > 3 and shape[0] == 1:
        axes, shape = axes[1:], shape[1:]
    check_shape(path, shape)
    if axes[1:] != "YX":
        raise refused(path, f"has the axes {axes}", "save it as pages along z, each y by x")
    return shape


def _check_pages(path: Path, series: "TiffPageSeries") -> None:
    """Raise BadInput where voxels are missing, which tifffile would fill with zeros."""
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


def _voxel_spacing(file: "TiffFile") -> tuple[float, float, float] | None:
    if file.is_ome:
        return _ome_spacing(file.ome_metadata)
    if file.is_imagej:
        return _imagej_spacing(file)
    return None


def _imagej_spacing(file: "TiffFile") -> tuple[float, float, float] | None:
    """`spacing` along z in `unit`; along y and x the TIFF resolution, in pixels per `unit`."""
    metadata = file.imagej_metadata or {}
    factor = angstrom_per_unit(metadata.get("unit"))
    tags = file.pages.first.tags
    resolutions = [tags.valueof(name) for name in ("YResolution", "XResolution")]
    if factor is None or "spacing" not in metadata or None in resolutions:
        return None
    if any(pixels == 0 or units == 0 for pixels, units in resolutions):
        return None
    in_plane = [factor * units / pixels for pixels, units in resolutions]
    return spacing_or_none((factor * float(metadata["spacing"]), *in_plane))


def _ome_spacing(xml: str | None) -> tuple[float, float, float] | None:
    """PhysicalSizeZ, Y, X of the only Pixels element; the unit is micrometre where not named.

    Source: https://www.openmicroscopy.org/Schemas/OME/2016-06
    """
    pixels = ElementTree.fromstring(xml or "<OME/>").findall(".//{*}Pixels")
    if len(pixels) != 1:
        return None
    spacing = []
    for axis in "ZYX":
        size = pixels[0].get(f"PhysicalSize{axis}")
        factor = angstrom_per_unit(pixels[0].get(f"PhysicalSize{axis}Unit", "µm"))
        if size is None or factor is None:
            return None
        spacing.append(float(size) * factor)
    return spacing_or_none(spacing)
