"""How input is refused: one printable line that says where, what is wrong and what to do."""

import math
import os
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.errors import BadInput

ACCEPTED_DTYPES = ("int8", "uint8", "int16", "uint16", "float16", "float32")
"""Voxel types of tomograms, by numpy's name; either byte order is read."""


def refused(where: str | Path, problem: str, remedy: str) -> BadInput:
    """Make a BadInput of one line, whatever a path or a library's message contains."""
    return BadInput(_printable(f"{where}: {problem}; {remedy}"))


def _printable(text: str) -> str:
    one_line = " ".join(text.splitlines())
    return "".join(letter if letter.isprintable() else "?" for letter in one_line)


def check_dtype(path: Path, dtype: np.dtype) -> None:
    """Raise BadInput unless voxels of `dtype` are accepted."""
    if dtype.name not in ACCEPTED_DTYPES:
        raise refused(
            path,
            f"voxels of type {dtype} are not accepted",
            f"convert them to one of {', '.join(ACCEPTED_DTYPES)}",
        )


def check_shape(path: Path, shape: tuple[int, ...]) -> None:
    """Raise BadInput unless `shape` has three axes of at least one voxel each."""
    if len(shape) != 3:
        raise refused(
            path, f"has {len(shape)} axes, shape {shape}", "give a volume with the axes z, y, x"
        )
    if min(shape) < 1:
        raise refused(path, f"has no voxels, shape {shape}", "give a volume that is not empty")


def check_memory(where: str | Path, needed: int) -> None:
    """Raise BadInput where `needed` bytes are more than the memory of this machine."""
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > available:
        raise refused(
            where,
            f"needs {needed / 1e9:.1f} GB of the {available / 1e9:.1f} GB of memory here",
            "give a smaller volume",
        )


def check_file_holds(path: Path, *, shape: tuple[int, ...], itemsize: int, offset: int) -> None:
    """Raise BadInput where the file ends before the voxels that its header announces."""
    expected = offset + math.prod(shape) * itemsize
    actual = path.stat().st_size
    if actual < expected:
        raise refused(
            path,
            f"is truncated: shape {shape} needs {expected} bytes, the file has {actual}",
            "copy or download it again",
        )
