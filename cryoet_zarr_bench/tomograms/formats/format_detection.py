"""Detection of a path's format without reading it, and the errors of readers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from cryoet_zarr_bench.common.available_memory import is_out_of_memory
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import out_of_memory, refused
from cryoet_zarr_bench.tomograms.formats.foreign_contents import (
    missing_refusal,
    refuse_foreign_contents,
)

MRC_SUFFIXES = (".mrc", ".map", ".rec", ".st", ".mrcs", ".ali")
TIFF_SUFFIXES = (".tif", ".tiff")
NUMPY_SUFFIX = ".npy"
ZARR_SUFFIX = ".zarr"
_ACCEPTED = ", ".join([*MRC_SUFFIXES, *TIFF_SUFFIXES, NUMPY_SUFFIX, ZARR_SUFFIX])
_ZARR_METADATA = ("zarr.json", ".zarray", ".zgroup")

Kind = Literal["zarr", "mrc", "tiff", "npy"]
_KIND_OF_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys(MRC_SUFFIXES, "mrc"),
    **dict.fromkeys(TIFF_SUFFIXES, "tiff"),
    NUMPY_SUFFIX: "npy",
}


def has_zarr_metadata(folder: Path) -> bool:
    """True if a folder is the root of a Zarr array or group, of either format."""
    return any((folder / name).is_file() for name in _ZARR_METADATA)


def is_zarr(path: Path) -> bool:
    """True if `path` is a folder to be read as Zarr."""
    return path.is_dir() and (path.suffix.lower() == ZARR_SUFFIX or has_zarr_metadata(path))


def kind_of(path: Path, level: int) -> Kind:
    """The kind of tomogram at a path, of which a level is to be read.

    Raises:
        BadInput: there is nothing, nothing in it, nothing of a known kind, or no such level.
    """
    if not path.exists():
        raise missing_refusal(path)
    if is_zarr(path):
        return "zarr"
    suffix = path.suffix.lower()
    if path.is_dir():
        raise refused(path, "is a folder without Zarr metadata", f"give a file: {_ACCEPTED}")
    if level != 0:
        raise refused(path, f"has no level {level}", "only OME-Zarr has levels")
    if not path.is_file():
        raise refused(path, "is not a regular file", f"give a file: {_ACCEPTED}")
    if path.stat().st_size == 0:
        raise refused(path, "is empty", "copy or download it again")
    if suffix == ZARR_SUFFIX:
        raise refused(path, "is a file", "a .zarr has to be a folder, unpack it")
    kind = _KIND_OF_SUFFIX.get(suffix)
    refuse_foreign_contents(path, kind)
    if kind is None:
        raise refused(path, f"has the unknown suffix {suffix!r}", f"accepted are {_ACCEPTED}")
    return kind


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises within the block into BadInput."""
    try:
        # Libraries warn about what is harmless here; what is not harmless raises.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except BadInput:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise out_of_memory(path, error) from error
        raise refused(path, f"cannot be read ({_reason(error)})", "check the file") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
