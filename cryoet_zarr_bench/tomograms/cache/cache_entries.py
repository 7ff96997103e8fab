"""Entries of the cache: where they lie, what they are called, whether they are undamaged.

The host side; a measured environment opens an entry by `prepared_tomogram.open_prepared`.
"""

import errno
import os
import re
from contextlib import suppress
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import why
from cryoet_zarr_bench.measured.prepared_tomogram import (
    PreparedTomogram,
    changed_since_described,
    open_prepared,
    sidecar_path,
    sidecar_text,
    voxels_digest,
)
from cryoet_zarr_bench.tomograms.cache.entry_locks import hold_while_it_lives
from cryoet_zarr_bench.tomograms.tomogram_sources import shape_text

CACHE_VARIABLE = "CRYOET_CACHE_DIR"

_LONGEST_NAME = 80
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._+-]")
_ALWAYS_VERIFIED = 1 << 26  # bytes of voxels: read and hashed in about a tenth of a second


def cache_directory() -> Path:
    """The folder of prepared tomograms: `CRYOET_CACHE_DIR`, else the platform's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("cryoet-zarr-bench")


def open_undamaged(npy_path: Path, thorough: bool = False) -> PreparedTomogram | None:
    """Open an entry whose voxels are those that were kept; None if there is none, or damaged.

    Header, size and description are always checked. The SHA-256 of the voxels is compared where
    they are at most 64 MiB, where the file's time of change is not the one described (it was
    written to, or copied), or where it is asked for.

    Args:
        npy_path: the `.npy` file.
        thorough: compare the SHA-256 in any case.
    """
    try:
        prepared = open_prepared(npy_path)
        small = npy_path.stat().st_size <= _ALWAYS_VERIFIED
        changed = changed_since_described(prepared)
        if (thorough or small or changed) and voxels_digest(prepared) != prepared.sha256:
            return None
        if changed:  # copied and the same: need not be read again next time
            write_whole(sidecar_path(npy_path), sidecar_text(prepared))
    except (BadInput, OSError, ValueError, KeyError):
        return None
    return prepared


def open_in_use(npy_path: Path, thorough: bool = False) -> PreparedTomogram | None:
    """As `open_undamaged`, for use: the entry is not removed while what is given here is alive."""
    prepared = open_undamaged(npy_path, thorough)
    return prepared if prepared is not None and take_in_use(prepared) else None


def take_in_use(prepared: PreparedTomogram) -> bool:
    """Keep an entry while `prepared` is alive, and note its use; says whether it is there."""
    if not hold_while_it_lives(prepared, prepared.path):
        return False
    with suppress(OSError):  # a cache that can only be read
        os.utime(sidecar_path(prepared.path))
    return prepared.path.exists()


def dashboard_name(name: str, shape: tuple[int, ...], cropped: bool) -> str:
    """A tomogram's name for dashboards and file names, of characters that are harmless in both.

    The shape is kept whole; a long name loses its middle.
    """
    ending = f" {shape_text(shape)}{' crop' if cropped else ''}"
    name = _NOT_IN_NAMES.sub("_", name)
    room = _LONGEST_NAME - len(ending)
    if len(name) > room:
        tail = 20
        name = f"{name[: room - tail - 2]}..{name[-tail:]}"
    return name + ending


def cannot_write(folder: Path, error: OSError, bytes_of_voxels: int | None = None) -> BadInput:
    """Make the refusal of a cache that does not take a tomogram, for want of space or of rights."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return refused(
            f"{CACHE_VARIABLE}={cache_directory()}",
            f"cannot write a prepared tomogram there ({why(folder, error)})",
            f"set {CACHE_VARIABLE} to another folder",
        )
    size = "" if bytes_of_voxels is None else f" of {bytes_of_voxels} bytes"
    return refused(
        folder,
        f"cannot write a prepared tomogram{size} ({error.strerror})",
        f"make room there or set {CACHE_VARIABLE} to another folder",
    )
