"""The header of an MRC file, in the byte order that it was written in.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php, and as IMOD writes it:
https://bio3d.colorado.edu/imod/doc/mrc_format.txt
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused

ByteOrder = Literal["<", ">"]

HEADER_BYTES = 1024

IMOD_STAMP = 1146047817
"""At byte 152 of what IMOD wrote: "IMOD" in the byte order of the file."""

IMOD_BYTES_ARE_SIGNED, IMOD_NIBBLES = 1, 16
"""Bits of IMOD's flags at byte 156."""

BYTES_PER_VOXEL = {0: 1.0, 1: 2.0, 2: 4.0, 3: 4.0, 4: 8.0, 6: 2.0, 12: 2.0, 16: 3.0, 101: 0.5}
"""By mode: those of MRC2014, and those that IMOD has beside them."""

_OTHER_MODES = (5, 7)  # of CCP4 and of Priism
_LONGEST_SIDE = 1 << 17  # of a number in the other byte order no more than 256 is as small
_ORDER_OF_STAMP: dict[int, ByteOrder] = {0x44: "<", 0x11: ">", 0x17: ">"}
_USUAL_STAMPS = (b"\x44\x44", b"\x44\x41", b"\x11\x11")
_NAMES = {"<": "little-endian", ">": "big-endian"}
_MAP_ID = b"MAP"  # some programs end it with another character than a blank


@dataclass(frozen=True)
class MrcHeader:
    """A header in its byte order; `fields` are those of `mrcfile.dtypes.HEADER_DTYPE`.

    `notes` say which rule was used where the header leaves something open.
    """

    fields: np.recarray
    byte_order: ByteOrder
    notes: tuple[str, ...]

    @property
    def has_map_id(self) -> bool:
        """False in files older than 2000, which have other fields at the end of the header."""
        return bytes(self.fields.map)[:3] == _MAP_ID

    @property
    def imod_flags(self) -> int | None:
        """The flags of IMOD, None if IMOD has not stamped the file."""
        # Bytes 152 to 159 of the header.
        return imod_flags_of(self.fields["extra2"].tobytes()[40:48], self.byte_order)


def imod_flags_of(stamp_and_flags: bytes, byte_order: ByteOrder) -> int | None:
    """The flags behind the stamp of IMOD, None if it is another; eight bytes as they are stored."""
    order: Literal["little", "big"] = "little" if byte_order == "<" else "big"
    if int.from_bytes(stamp_and_flags[:4], order) != IMOD_STAMP:
        return None
    return int.from_bytes(stamp_and_flags[4:], order)


def read_mrc_header(path: Path) -> MrcHeader:
    """Read the header, and nothing behind it, whose length is not to be trusted.

    The machine stamp says the byte order. Where it says none, or the Map ID is not there either, as
    in files older than 2000, the numbers of the header do, if they make sense in one order only.

    Raises:
        BadInput: the file is no MRC, or its stamp and its numbers disagree.
    """
    from mrcfile.dtypes import HEADER_DTYPE

    with path.open("rb") as file:
        beginning = file.read(HEADER_BYTES)
    if len(beginning) < HEADER_BYTES:
        raise refused(path, "is shorter than a header of MRC", "copy or download it again")
    header = np.frombuffer(beginning, HEADER_DTYPE).reshape(()).view(np.recarray)
    byte_order, notes = _byte_order(path, header)
    return MrcHeader(header.view(header.dtype.newbyteorder(byte_order)), byte_order, notes)


def _byte_order(path: Path, header: np.recarray) -> tuple[ByteOrder, tuple[str, ...]]:
    has_map_id = bytes(header.map)[:3] == _MAP_ID
    stamp = bytes(header.machst)
    said = _ORDER_OF_STAMP.get(stamp[0]) if has_map_id else None
    sensible = _sensible_orders(path, header)
    if said is not None and (said in sensible or not sensible):
        # Where no order makes sense, what is wrong is told by whoever looks at the numbers.
        if stamp[:2] in _USUAL_STAMPS:
            return said, ()
        return said, (f"the machine stamp {stamp.hex(' ')} is taken for {_NAMES[said]}",)
    if said is not None:
        raise refused(
            path,
            f"has the wrong byte order: its machine stamp {stamp.hex(' ')} says {_NAMES[said]}, "
            f"its numbers are {_NAMES[sensible[0]]}",
            "correct the stamp at byte 212, 44 44 for little-endian and 11 11 for big-endian",
        )
    what = f"the machine stamp {stamp.hex(' ')}" if has_map_id else "no Map ID"
    if len(sensible) != 1:
        raise _of_no_order(path, what, has_map_id)
    return sensible[0], (f"{what}: its numbers are those of a {_NAMES[sensible[0]]} header",)


def _of_no_order(path: Path, what: str, has_map_id: bool) -> BadInput:
    if not has_map_id:
        return refused(
            path,
            "lacks the Map ID of MRC, and its numbers are not those of a header without it",
            "check what wrote it",
        )
    return refused(
        path,
        f"has {what}, and its numbers do not show the byte order either",
        "set bytes 212 and 213 to 44 44 for little-endian, to 11 11 for big-endian",
    )


def _sensible_orders(path: Path, header: np.recarray) -> list[ByteOrder]:
    """Byte orders in which the numbers can be those of a header."""
    orders: tuple[ByteOrder, ByteOrder] = ("<", ">")
    views = {order: header.view(header.dtype.newbyteorder(order)) for order in orders}
    sensible = [order for order in orders if _is_sensible(views[order])]
    if len(sensible) == 2:
        # 256 x 256 x 256 in mode 0 reads as 65536 x 65536 x 65536 in the other order.
        size = path.stat().st_size
        held = [order for order in sensible if _bytes_of(views[order]) <= size]
        return held or sensible
    return sensible


def _is_sensible(header: np.ndarray) -> bool:
    sides = [int(header[name]) for name in ("nx", "ny", "nz")]
    axes = sorted(int(header[name]) for name in ("mapc", "mapr", "maps"))
    return (
        all(1 <= side <= _LONGEST_SIDE for side in sides)
        and (int(header["mode"]) in BYTES_PER_VOXEL or int(header["mode"]) in _OTHER_MODES)
        and axes in ([1, 2, 3], [0, 0, 0])
    )


def _bytes_of(header: np.ndarray) -> float:
    voxels = int(header["nx"]) * int(header["ny"]) * int(header["nz"])
    per_voxel = BYTES_PER_VOXEL.get(int(header["mode"]), 1)
    return HEADER_BYTES + max(0, int(header["nsymbt"])) + voxels * per_voxel
