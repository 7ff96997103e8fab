"""MRC2014 files: maps, reconstructions, tilt series and image stacks.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php
"""

from pathlib import Path

import numpy as np

from cryoet_zarr_bench.tomograms.refusal import (
    check_dtype,
    check_file_holds,
    check_shape,
    refused,
)
from cryoet_zarr_bench.tomograms.volume import Volume, spacing_or_none

_HEADER_BYTES = 1024
_X, _Y, _Z = 1, 2, 3  # how mapc, mapr and maps name an axis


def read_mrc(path: Path) -> Volume:
    """Read an MRC file; axes are put in the order z, y, x where the header has another one."""
    import mrcfile

    with mrcfile.open(path, header_only=True) as file:
        header = file.header.copy()
    _check_header(path, header)
    with mrcfile.open(path) as file:
        data = file.data
        check_shape(path, data.shape)
        spacing = spacing_or_none((file.voxel_size.z, file.voxel_size.y, file.voxel_size.x))
    return Volume(data.transpose(_order_of_axes(path, header)), spacing, path.name)


def _check_header(path: Path, header: np.recarray) -> None:
    from mrcfile import utils

    dtype = utils.data_dtype_from_header(header)
    check_dtype(path, dtype)
    shape = (int(header.nz), int(header.ny), int(header.nx))
    check_shape(path, shape)
    offset = _HEADER_BYTES + int(header.nsymbt)
    check_file_holds(path, shape=shape, itemsize=dtype.itemsize, offset=offset)


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
