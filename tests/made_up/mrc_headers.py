"""MRC files written byte by byte, as programs other than this one write them."""

import struct
from pathlib import Path

import numpy as np

MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
IMOD_STAMP = 1146047817
STAMPS = {"<": b"\x44\x44\x00\x00", ">": b"\x11\x11\x00\x00"}


def mrc_bytes(
    voxels: np.ndarray,
    mode: int,
    *,
    order: str = "<",
    stamp: bytes | None = None,
    map_id: bytes = b"MAP ",
    cell: tuple[float, float, float] | None = None,
    axes: tuple[int, int, int] = (1, 2, 3),
    extended: bytes = b"",
    announced: int | None = None,
    imod_flags: int | None = None,
    value_range: tuple[float, float] = (0.0, -1.0),
    space_group: int = 1,
    intervals: tuple[int, int, int] | None = None,
    start: tuple[int, int, int] = (0, 0, 0),
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    labels: tuple[bytes, ...] = (),
    extended_type: bytes = b"",
) -> bytes:
    """The whole file; `voxels` as they lie in it (sections, rows, columns), x, y, z in tuples."""
    sections, rows, columns = voxels.shape
    head = bytearray(1024)

    def put(at: int, code: str, *values: object) -> None:
        struct.pack_into(f"{order}{code}", head, at, *values)

    put(0, "3i", columns, rows, sections)
    put(12, "i", mode)
    put(16, "3i", *start)
    sides = {axis: n for axis, n in zip(axes, (columns, rows, sections), strict=True)}
    lengths = [sides.get(axis, 1) for axis in (1, 2, 3)]
    put(28, "3i", *(intervals or lengths))
    put(40, "3f", *(cell or [10.0 * length for length in lengths]))
    put(52, "3f", 90, 90, 90)
    put(64, "3i", *axes)
    put(76, "2f", *value_range)
    put(88, "2i", space_group, len(extended) if announced is None else announced)
    head[104 : 104 + len(extended_type)] = extended_type
    put(108, "i", 20140)
    if imod_flags is not None:
        put(152, "2i", IMOD_STAMP, imod_flags)
    put(196, "3f", *origin)
    head[208:212] = map_id
    head[212:216] = STAMPS[order] if stamp is None else stamp
    put(220, "i", len(labels))
    for number, label in enumerate(labels):
        head[224 + 80 * number : 224 + 80 * number + len(label)] = label
    stored = voxels.astype(voxels.dtype.newbyteorder(order))
    return bytes(head) + extended + stored.tobytes()


def write_mrc_bytes(path: Path, *args, **kwargs) -> Path:
    path.write_bytes(mrc_bytes(*args, **kwargs))
    return path
