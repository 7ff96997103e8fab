"""A new MRC2014 file: voxels first, and at the end the header, which has their statistics.

The format: https://www.ccpem.ac.uk/mrc_format/mrc2014.php
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing, spacing_or_none
from cryoet_zarr_bench.storage.stores.flat_file import FlatFile
from cryoet_zarr_bench.tomograms.formats.mrc import ByteSign
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import (
    EXTRA_AT,
    MrcAnnotations,
    header_labels,
)
from cryoet_zarr_bench.tomograms.formats.mrc_header import (
    HEADER_BYTES,
    IMOD_BYTES_ARE_SIGNED,
    IMOD_NIBBLES,
)

_VERSION = 20141
_LABEL = "cryoet-zarr-bench: converted"
_BYTES = 0  # mode
_IMOD_FLAGS_OF_BYTES = IMOD_BYTES_ARE_SIGNED | IMOD_NIBBLES
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


def create_mrc(
    path: Path, shape: tuple[int, ...], dtype: np.dtype, annotations: MrcAnnotations
) -> FlatFile:
    """Begin a new MRC file, without a valid header as yet."""
    path.write_bytes(bytes(HEADER_BYTES) + annotations.extended_header)
    offset = HEADER_BYTES + len(annotations.extended_header)
    return FlatFile(path, tuple(shape), dtype.newbyteorder("<"), offset)


def annotations_to_write(
    annotations: MrcAnnotations, dtype: np.dtype, byte_sign: ByteSign | None
) -> MrcAnnotations:
    """The annotations with the flags of IMOD that are true of voxels of a dtype.

    Bytes without a sign are those of mode 0 where IMOD's stamp says so, and nowhere else: they are
    written where the source had that stamp, or where `byte_sign` asks for it.

    Raises:
        ValueError: neither is so, and the voxels are unsigned bytes.
    """
    flags = annotations.imod_flags
    if dtype.name == "uint8":
        if flags is None and byte_sign != "unsigned":
            raise ValueError("MRC2014 has no voxels of type uint8")
        return annotations.with_imod_flags((flags or 0) & ~_IMOD_FLAGS_OF_BYTES)
    if flags is None:
        return annotations
    signed = IMOD_BYTES_ARE_SIGNED if dtype.name == "int8" else 0
    return annotations.with_imod_flags(flags & ~_IMOD_FLAGS_OF_BYTES | signed)


def finish_mrc(
    target: FlatFile,
    spacing: Spacing | None,
    statistics: Statistics,
    annotations: MrcAnnotations,
) -> None:
    """Write the header; `spacing` is in angstrom along z, y, x, None where it is not known."""
    from mrcfile import utils
    from mrcfile.dtypes import HEADER_DTYPE

    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    if annotations.extra:
        raw = bytearray(header.tobytes())
        raw[EXTRA_AT : EXTRA_AT + len(annotations.extra)] = annotations.extra
        header = np.frombuffer(bytes(raw), header.dtype).reshape(()).copy()
    # Unsigned bytes are in mode 0 by the stamp of IMOD; mrcfile would widen them.
    mode = _BYTES if target.dtype.name == "uint8" else utils.mode_from_dtype(target.dtype)
    header["mode"] = mode
    for axis, length in zip("zyx", target.shape, strict=True):
        header[f"n{axis}"] = header[f"m{axis}"] = length
    if spacing is not None:
        for axis, length, step in zip("zyx", target.shape, spacing, strict=True):
            header["cella"][axis] = 0 if step is None else _cell_length(step, length)
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    for name, value in statistics.fields().items():
        header[name] = value
    header["ispg"], header["nversion"], header["map"] = _VOLUME, _VERSION, b"MAP "
    header["machst"] = utils.machine_stamp_from_byte_order("<")
    labels = header_labels(annotations, _LABEL)
    header["nlabl"] = len(labels)
    for place, label in enumerate(labels):
        header["label"][place] = label
    for axis, origin, start in zip("xyz", annotations.origin, annotations.start, strict=True):
        header["origin"][axis], header[f"n{axis}start"] = origin, start
    header["nsymbt"] = len(annotations.extended_header)
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
