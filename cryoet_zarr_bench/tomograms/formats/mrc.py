"""MRC2014 files: maps, reconstructions, tilt series and image stacks.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php
"""

from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.refusals import (
    check_dtype,
    check_file_holds,
    check_shape,
    refused,
)
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.voxel_spacing import spacing_or_none

Spacing = tuple[float, float, float]

_X, _Y, _Z = 1, 2, 3  # how mapc, mapr and maps name an axis


def lay_out_mrc(path: Path) -> tuple[FlatVoxels, Spacing | None]:
    """Find where the voxels of an MRC file are, and their spacing in angstrom along z, y, x.

    Axes are put in the order z, y, x where the header has another one; the byte order is the
    stored one.

    Raises:
        BadInput: the header is damaged or announces more than the file holds, or is of something
            that is not one volume of an accepted dtype.
    """
    from mrcfile import utils

    header = _header(path)
    dtype = utils.data_dtype_from_header(header)
    check_dtype(path, dtype)
    shape = (int(header.nz), int(header.ny), int(header.nx))
    check_shape(path, shape)
    extended = int(header.nsymbt)
    if extended < 0:
        raise refused(path, f"has an extended header of {extended} bytes", "check what wrote it")
    offset = header.nbytes + extended
    check_file_holds(path, shape=shape, itemsize=dtype.itemsize, offset=offset)
    # A single image, and a stack of volumes, have other axes than three.
    check_shape(path, utils.data_shape_from_header(header))
    voxels = FlatVoxels(path, offset, shape, dtype, _order_of_axes(path, header))
    return voxels, _spacing(header)


def _header(path: Path) -> np.recarray:
    """The header in its byte order, and nothing behind it, whose length is not to be trusted."""
    from mrcfile import utils
    from mrcfile.constants import MAP_ID
    from mrcfile.dtypes import HEADER_DTYPE

    with path.open("rb") as file:
        beginning = file.read(HEADER_DTYPE.itemsize)
    if len(beginning) < HEADER_DTYPE.itemsize:
        raise refused(path, "is shorter than a header of MRC", "copy or download it again")
    header = np.frombuffer(beginning, HEADER_DTYPE).reshape(()).view(np.recarray)
    # Some programs end it with another character than a blank.
    if bytes(header.map)[:3] != MAP_ID[:3]:
        raise refused(path, "lacks the Map ID of MRC", "check what wrote it")
    byte_order = utils.byte_order_from_machine_stamp(header.machst)
    return header.view(header.dtype.newbyteorder(byte_order))


def _spacing(header: np.recarray) -> tuple[float, float, float] | None:
    """The size of the cell by the number of its intervals, in angstrom along z, y, x."""
    intervals = {axis: int(header[f"m{axis}"]) for axis in "zyx"}
    if 0 in intervals.values():
        return None
    # In single precision, as the cell is: more digits would be made up.
    with np.errstate(all="ignore"):
        z, y, x = (np.float32(header.cella[axis]) / intervals[axis] for axis in "zyx")
    return spacing_or_none((float(z), float(y), float(x)))


def _order_of_axes(path: Path, header: np.recarray) -> tuple[int, int, int]:
    stored = [int(header.maps), int(header.mapr), int(header.mapc)]
    if stored == [0, 0, 0]:  # left unset by some programs, which then mean the usual order
        return 0, 1, 2
    if sorted(stored) != [_X, _Y, _Z]:
        raise refused(
            path,
            f"its header names the axes mapc, mapr, maps = {stored[::-1]}",
            "set them to 1, 2, 3 in the order that is meant",
        )
    return stored.index(_Z), stored.index(_Y), stored.index(_X)
