"""MRC files: maps, reconstructions, tilt series and image stacks.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php, and as IMOD writes it:
https://bio3d.colorado.edu/imod/doc/mrc_format.txt
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import check_file_holds, check_shape, refused
from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_or_none
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.mrc_header import (
    HEADER_BYTES,
    IMOD_BYTES_ARE_SIGNED,
    IMOD_NIBBLES,
    MrcHeader,
    read_mrc_header,
)

ByteSign = Literal["signed", "unsigned"]
"""What the bytes of mode 0 are: MRC2014 has them signed, some programs write unsigned ones."""

_X, _Y, _Z = 1, 2, 3  # how mapc, mapr and maps name an axis
_BYTES, _NIBBLES = 0, 101
_DTYPES = {1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_UNPACK = "unpack it with IMOD: newstack -mode 1 IN OUT"
_NOT_ACCEPTED = {
    3: ("complex numbers of two 16-bit integers", "give the volume, not its transform"),
    4: ("complex numbers of two 32-bit floats", "give the volume, not its transform"),
    5: ("bytes as some versions of CCP4 wrote them", "convert it to mode 0, 1 or 2"),
    7: ("32-bit integers", "convert it to mode 1 or 2"),
    16: ("RGB colours", "convert it to one grey volume"),
    _NIBBLES: ("4-bit integers, two in a byte", _UNPACK),
}
_FIRST_STACK, _LAST_STACK = 401, 630  # space groups of stacks of volumes
_LARGEST_SIGNED = 127


@dataclass(frozen=True)
class LaidOutMrc:
    """An MRC file of which is known where its voxels are.

    `notes` say which rule was used where the header leaves something open.
    """

    voxels: FlatVoxels
    voxel_spacing: Spacing | None
    header: MrcHeader
    notes: tuple[str, ...]


def lay_out_mrc(path: Path, byte_sign: ByteSign | None = None) -> LaidOutMrc:
    """Find where the voxels of an MRC file are, and their spacing in angstrom along z, y, x.

    Axes are put in the order z, y, x where the header has another one; the byte order is the
    stored one.

    Args:
        path: the file.
        byte_sign: what the bytes of mode 0 are; None leaves it to the header, see `_bytes_dtype`.

    Raises:
        BadInput: the header is damaged or announces more than the file holds, or is of something
            that is not one volume of an accepted dtype.
    """
    header = read_mrc_header(path)
    fields = header.fields
    dtype, notes = _dtype(path, header, byte_sign)
    shape = (int(fields.nz), int(fields.ny), int(fields.nx))
    check_shape(path, shape)
    extended = int(fields.nsymbt)
    if extended < 0:
        raise refused(path, f"has an extended header of {extended} bytes", "check what wrote it")
    _check_length(path, shape, dtype, extended)
    _check_one_volume(path, fields)
    order = _order_of_axes(path, fields)
    voxels = FlatVoxels(path, HEADER_BYTES + extended, shape, dtype, order)
    return LaidOutMrc(voxels, _spacing(fields), header, (*header.notes, *notes))


def _dtype(
    path: Path, header: MrcHeader, byte_sign: ByteSign | None
) -> tuple[np.dtype, tuple[str, ...]]:
    mode = int(header.fields.mode)
    flags = header.imod_flags
    if mode == _BYTES and flags is not None and flags & IMOD_NIBBLES:
        what, remedy = _NOT_ACCEPTED[_NIBBLES]
        raise refused(path, f"has bytes that are {what}, as IMOD's flags say", remedy)
    if mode == _BYTES:
        sign, rule = (byte_sign, None) if byte_sign else _sign_of_bytes(header)
        other = "signed" if sign == "unsigned" else "unsigned"
        note = f"bytes are {sign}: {rule}; put ::{other} after the name if they are not"
        return np.dtype("u1" if sign == "unsigned" else "i1"), () if rule is None else (note,)
    if byte_sign is not None:
        raise refused(
            path, f"is of mode {mode}, and bytes of mode 0 alone can be {byte_sign}", "leave it out"
        )
    if mode not in _DTYPES:
        raise _of_mode(path, mode)
    return np.dtype(_DTYPES[mode]).newbyteorder(header.byte_order), ()


def _of_mode(path: Path, mode: int) -> BadInput:
    accepted = ", ".join(map(str, (_BYTES, *_DTYPES)))
    what, remedy = _NOT_ACCEPTED.get(
        mode, ("which MRC2014 does not have", f"accepted are {accepted}")
    )
    return refused(path, f"has voxels of mode {mode}, {what}", remedy)


def _sign_of_bytes(header: MrcHeader) -> tuple[ByteSign, str | None]:
    """The sign of the bytes of mode 0, and the rule by which, None where it is plain MRC2014.

    IMOD says it in its flags. Without its stamp, IMOD and others go by the range that the header
    has: bytes up to 255 have room only in unsigned ones.
    """
    if header.imod_flags is not None:
        signed = header.imod_flags & IMOD_BYTES_ARE_SIGNED
        return ("signed" if signed else "unsigned"), "IMOD wrote the file, and says so in its flags"
    least, most = float(header.fields.dmin), float(header.fields.dmax)
    if least >= 0 and _LARGEST_SIGNED < most < math.inf:
        return "unsigned", f"its header has the range {least:g} to {most:g}"
    if least < 0 and least <= most <= _LARGEST_SIGNED:
        return "signed", None
    return "signed", "MRC2014 has them so, and its header says nothing else"


def _check_length(path: Path, shape: tuple[int, ...], dtype: np.dtype, extended: int) -> None:
    voxels = math.prod(shape) * dtype.itemsize
    if extended and path.stat().st_size == HEADER_BYTES + voxels:
        raise refused(
            path,
            f"announces an extended header of {extended} bytes that is not there: it ends where "
            f"voxels that begin at byte {HEADER_BYTES} end",
            "set nsymbt, at byte 92, to 0",
        )
    check_file_holds(path, shape=shape, itemsize=dtype.itemsize, offset=HEADER_BYTES + extended)


def _check_one_volume(path: Path, fields: np.recarray) -> None:
    if _FIRST_STACK <= int(fields.ispg) <= _LAST_STACK:
        planes, depth = int(fields.nz), int(fields.mz)
        if depth < 1 or planes % depth or planes // depth > 1:
            raise refused(
                path,
                f"is a stack of volumes: space group {int(fields.ispg)}, {planes} planes, {depth} "
                "each",
                "save each volume as a file of its own",
            )
    if int(fields.ispg) == 0 and int(fields.nz) == 1:
        check_shape(path, (int(fields.ny), int(fields.nx)))


def _spacing(fields: np.recarray) -> Spacing | None:
    """The size of the cell by the number of its intervals, in angstrom along z, y, x."""
    # In single precision, as the cell is: more digits would be made up.
    with np.errstate(all="ignore"):
        return spacing_or_none(
            float(np.float32(fields.cella[axis]) / intervals) if intervals else None
            for axis in "zyx"
            for intervals in [int(fields[f"m{axis}"])]
        )


def _order_of_axes(path: Path, fields: np.recarray) -> tuple[int, int, int]:
    stored = [int(fields.maps), int(fields.mapr), int(fields.mapc)]
    if stored == [0, 0, 0]:  # left unset by some programs, which then mean the usual order
        return 0, 1, 2
    if sorted(stored) != [_X, _Y, _Z]:
        raise refused(
            path,
            f"its header names the axes mapc, mapr, maps = {stored[::-1]}",
            "set them to 1, 2, 3 in the order that is meant",
        )
    return stored.index(_Z), stored.index(_Y), stored.index(_X)
