"""Refusals of input: one printable line that says where, what is wrong and what to do."""

import math
import reprlib
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.available_memory import tightest_bound
from cryoet_zarr_bench.common.errors import BadInput

ACCEPTED_DTYPES = ("int8", "uint8", "int16", "uint16", "float16", "float32")
"""Voxel types of tomograms, by numpy's name; either byte order is read."""

MOST_VOXELS = 1 << 40
"""More than the frames of the largest cameras in super-resolution, 11520 x 8184, with as many
slices as a frame is wide: a header that announces more is damaged, or made up."""

_LONGEST_PROBLEM = 300
_LONGEST_VALUE = 60


def refused(where: str | Path, problem: str, remedy: str) -> BadInput:
    """Make a BadInput of one line, whatever a path or a library's message contains."""
    said = f"{where}: {_cut(problem, _LONGEST_PROBLEM)}; {remedy}"
    return BadInput(" ".join(said.splitlines()))


def shown(value: object) -> str:
    """A value from outside as it may stand in a refusal: cut where it is long."""
    return _cut(reprlib.repr(value), _LONGEST_VALUE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2]}.."


def check_dtype(where: str | Path, dtype: np.dtype) -> None:
    """Raise BadInput unless voxels of `dtype` are accepted."""
    if dtype.hasobject:
        raise refused(
            where,
            "holds Python objects, and to read those is to run what the file says",
            f"convert it to one of {', '.join(ACCEPTED_DTYPES)} where you trust it",
        )
    if dtype.name not in ACCEPTED_DTYPES:
        raise refused(
            where,
            f"voxels of type {dtype} are not accepted",
            f"convert them to one of {', '.join(ACCEPTED_DTYPES)}",
        )


def check_shape(where: str | Path, shape: tuple[int, ...]) -> None:
    """Raise BadInput unless `shape` has three axes of a voxel or more, `MOST_VOXELS` in all."""
    if len(shape) != 3:
        raise refused(
            where,
            f"has {len(shape)} axes, shape {shown(shape)}",
            "give a volume with the axes z, y, x",
        )
    if min(shape) < 1:
        raise refused(
            where, f"has no voxels, shape {shown(shape)}", "give a volume that is not empty"
        )
    if math.prod(shape) > MOST_VOXELS:
        raise refused(
            where,
            f"has the shape {shown(shape)}, more voxels than any tomogram",
            "check what wrote it",
        )


def check_memory(
    where: str | Path,
    needed: int,
    *,
    what: str = "",
    remedy: str = "give a smaller volume",
) -> None:
    """Raise BadInput if `needed` bytes are more than this process may take, and say why."""
    bound = tightest_bound()
    if needed > bound.bytes:
        problem = (
            f"{what} needs {needed / 1e9:.2f} GB of memory, "
            f"{bound.named} {bound.bytes / 1e9:.2f} GB"
        )
        raise refused(where, problem.strip(), remedy)


def out_of_memory(where: str | Path, error: BaseException) -> BadInput:
    """Make the refusal of what took more memory than could be had, although that was checked."""
    bound = tightest_bound()
    said = " ".join(str(error).split())
    return refused(
        where,
        f"memory ran out{f' ({said})' if said else ''}, {bound.named} {bound.bytes / 1e9:.2f} GB",
        "give a smaller volume, or this process more memory",
    )


def check_file_holds(path: Path, *, shape: tuple[int, ...], itemsize: int, offset: int) -> None:
    """Raise BadInput if the file ends before the voxels that its header announces."""
    expected = offset + math.prod(shape) * itemsize
    actual = path.stat().st_size
    if actual < expected:
        raise refused(
            path,
            f"is truncated: shape {shape} needs {expected} bytes, the file has {actual}",
            "copy or download it again",
        )
