"""The files of `numpy.save`, their header checked before anything is read.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
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

_LENGTH_BYTES = {1: 2, 2: 4}  # of the header's length, by the version of the format
_LONGEST_HEADER = 10_000  # characters that numpy takes for harmless; three axes need about 70
_ZIP_MAGIC = b"PK"


def lay_out_npy(path: Path) -> FlatVoxels:
    """Find where the voxels of a `.npy` file are, whose axes are z, y, x.

    Raises:
        BadInput: it is not a whole `.npy` file of an accepted dtype with three axes.
    """
    with path.open("rb") as file:
        magic = file.read(2)
        file.seek(0)
        if magic == _ZIP_MAGIC:
            raise refused(path, "is an archive of arrays", "save one array with numpy.save")
        version, _ = np.lib.format.read_magic(file)
        if version not in _LENGTH_BYTES:
            raise refused(path, f"has the format version {version}", "save it with numpy.save")
        start = file.tell()
        # numpy reads the header before it looks at how long that is.
        length = int.from_bytes(file.read(_LENGTH_BYTES[version]), "little")
        if length > _LONGEST_HEADER:
            raise refused(path, f"has a header of {length} bytes", "save it with numpy.save")
        file.seek(start)
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == 1
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran_order, dtype = read_header(file, max_header_size=_LONGEST_HEADER)
        offset = file.tell()
    check_dtype(path, dtype)
    check_shape(path, shape)
    check_file_holds(path, shape=shape, itemsize=dtype.itemsize, offset=offset)
    if fortran_order:
        return FlatVoxels(path, offset, shape[::-1], dtype, (2, 1, 0))
    return FlatVoxels(path, offset, shape, dtype)
