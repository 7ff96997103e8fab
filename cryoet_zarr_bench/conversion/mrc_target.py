"""A new MRC2014 file: voxels first, and at the end the header, which has their statistics.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.storage.stores.flat_file import FlatFile
from cryoet_zarr_bench.tomograms.formats.voxel_spacing import spacing_or_none

_VERSION = 20141
_LABEL = b"cryoet-zarr-bench: converted"
_VOLUME = 1  # space group, which for a volume is always 1


class Statistics:
    """The statistics that a header has, gathered box by box in double precision."""

    def __init__(self) -> None:
        self._count = 0
        self._least, self._most = math.inf, -math.inf
        self._sum = self._sum_of_squares = 0.0

    def add(self, voxels: np.ndarray) -> None:
        """Take the voxels of a box into account."""
        with np.errstate(all="ignore"):
            for plane in voxels:
                values = plane.astype(np.float64)
                self._count += values.size
                self._least = min(self._least, float(values.min()))
                self._most = max(self._most, float(values.max()))
                self._sum += float(values.sum())
                self._sum_of_squares += float(np.square(values).sum())

    def fields(self) -> dict[str, float]:
        """`dmin`, `dmax`, `dmean` and `rms`, the standard deviation.

        Where a voxel is not finite they are those that MRC2014 has for "not determined".
        """
        if not math.isfinite(self._sum_of_squares) or not self._count:
            return {"dmin": 0.0, "dmax": -1.0, "dmean": -2.0, "rms": -1.0}
        mean = self._sum / self._count
        variance = max(0.0, self._sum_of_squares / self._count - mean * mean)
        return {
            "dmin": self._least,
            "dmax": self._most,
            "dmean": mean,
            "rms": math.sqrt(variance),
        }


def create_mrc(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> FlatFile:
    """Begin a new MRC file, without a valid header as yet."""
    from mrcfile.dtypes import HEADER_DTYPE

    path.write_bytes(bytes(HEADER_DTYPE.itemsize))
    return FlatFile(path, tuple(shape), dtype.newbyteorder("<"), HEADER_DTYPE.itemsize)


def finish_mrc(
    target: FlatFile, spacing: tuple[float, float, float] | None, statistics: Statistics
) -> None:
    """Write the header; `spacing` is in angstrom along z, y, x, None if it is not known."""
    from mrcfile import utils
    from mrcfile.dtypes import HEADER_DTYPE

    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    header["mode"] = utils.mode_from_dtype(target.dtype)
    for axis, length in zip("zyx", target.shape, strict=True):
        header[f"n{axis}"] = header[f"m{axis}"] = length
    if spacing is not None:
        for axis, length, step in zip("zyx", target.shape, spacing, strict=True):
            header["cella"][axis] = _cell_length(step, length)
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    for name, value in statistics.fields().items():
        header[name] = value
    header["ispg"], header["nversion"], header["map"] = _VOLUME, _VERSION, b"MAP "
    header["machst"] = utils.machine_stamp_from_byte_order("<")
    header["nlabl"], header["label"][0] = 1, _LABEL
    with target.path.open("r+b") as file:
        file.write(header.tobytes())


def _cell_length(step: float, length: int) -> np.float32:
    """The length of the cell in single precision by which `step` is read back, if there is one."""
    nearest = np.float32(step * length)
    wanted = spacing_or_none((step, step, step))
    for cell in (nearest, *(np.nextafter(nearest, np.float32(end)) for end in (0, np.inf))):
        read = cell / np.float32(length)
        if spacing_or_none((read, read, read)) == wanted:
            return np.float32(cell)
    return nearest
