"""A folder for what a run leaves lying about, taken away even after a kill."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.processes import is_alive
from cryoet_zarr_bench.common.project_folders import WORK, require_work_folder
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.writable_folders import require_folder, why
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import utf_8
from cryoet_zarr_bench.storage.grid import Profile

DISK_FOLDER = "CRYOET_DISK_FOLDER"
"""Environment variable: a folder on the disk that reading and writing is measured of."""

MEMORY = Path("/dev/shm")
"""Linux's file system in memory."""

_CLAIMED: set[Path] = set()
_SYSTEMS: list[Path] = []
"""The folder for temporary files as it was, once this process has one of its own."""


def space_of_stores(tomogram: PreparedTomogram, configs: Iterable[StorageConfig]) -> int:
    """Bytes that stores of these configs take at most: uncompressed, edge files padded."""
    itemsize = int(tomogram.load(mmap=True).dtype.itemsize)
    return sum(config.most_bytes(tomogram.shape, itemsize) for config in configs)


@functools.cache
def claim_scratch_folder(space: int) -> Path:
    """Make this process's own folder for temporary files, and remove those of dead processes.

    It lies where `TMPDIR` says. Without that it lies in memory where twice `space` bytes are free:
    figures then tell of the library, not of a disk that writes back what other cells wrote. Else it
    lies in the system's folder for temporary files. BadInput if there is no room for `space`.

    The stores of a grid are large; a run that was killed cannot remove them, the next one does.
    """
    return _claim(_parent(space), space, "TMPDIR")


def use_own_temporary_folder() -> None:
    """Let Python's temporary files of this process lie in a folder of its own.

    What a kill leaves there is removed by the next run. BadInput if there can be no such folder.
    """
    place = _temporary()
    own = _claim(place, 0, "TMPDIR")
    if not _SYSTEMS:
        _SYSTEMS.append(place)
    tempfile.tempdir = str(own)


@functools.cache
def claim_disk_folder(space: int) -> Path:
    """Make this process's own folder for stores that have to lie on a disk.

    It lies where `CRYOET_DISK_FOLDER` says, without that in the work folder `.asv`. Whether a disk
    is there is for those to say who look at the file system. BadInput if there is no such folder
    or no room for `space` bytes.
    """
    require_folders()
    return _claim(Path(os.environ.get(DISK_FOLDER) or WORK).resolve(), space, DISK_FOLDER)


def require_folders() -> None:
    """Raise BadInput if one of the folders that a run needs cannot be made or written to.

    The folder for temporary files and the one on the disk to be measured are the user's to make.
    """
    require_work_folder()
    for variable in ("TMPDIR", DISK_FOLDER):
        if chosen := os.environ.get(variable):
            require_folder(Path(chosen).absolute(), variable, make=False)


def disk_folder_of(
    benchmarks: Iterable[str], tomogram: PreparedTomogram, profile: Profile, copies: int = 1
) -> Path | None:
    """The folder for the stores that must lie on a disk, None if no benchmark has such.

    `benchmarks` are asv's names, `copies` is how many of each store are kept. Raises BadInput as
    `claim_disk_folder` does.
    """
    if not any(name.startswith("disk.") for name in benchmarks):
        return None
    return claim_disk_folder(copies * space_of_stores(tomogram, profile.section("disk").configs()))


def _claim(place: Path, space: int, variable: str) -> Path:
    _check_name(place, variable)
    free = shutil.disk_usage(place).free
    if free < space:
        raise BadInput(
            f"{place}: {free / 1e9:.1f} GB free, the stores of the grid may take "
            f"{space / 1e9:.1f} GB; set {variable}, or choose a smaller profile, tomogram or crop"
        )
    parent = _folder_of_user(place)
    try:
        parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise refused(parent, f"is in the way ({why(parent, error)})", "remove it") from error
    if parent.stat().st_uid != os.getuid():
        return _temporary()
    _clear(parent)
    own = parent / str(os.getpid())
    own.mkdir(mode=0o700, exist_ok=True)
    _CLAIMED.add(own)
    atexit.register(_remove, own, os.getpid())
    return own


def remove_scratch_folders() -> None:
    """Remove the folders that this process has claimed before it ends: it may be ended at once.

    Who claims again gets a new one.
    """
    for claim in (claim_scratch_folder, claim_disk_folder):
        claim.cache_clear()
    while _CLAIMED:
        _remove(_CLAIMED.pop(), os.getpid())


def clear_scratch_folders() -> None:
    """Remove the folders of processes that are gone, wherever they may lie.

    asv cannot remove its own where it is killed; who started it does so when it has ended.
    """
    on_disk = Path(os.environ.get(DISK_FOLDER) or WORK)
    for place in {MEMORY, _temporary(), on_disk}:
        parent = _folder_of_user(place)
        with suppress(OSError):
            if not parent.is_symlink() and parent.stat().st_uid == os.getuid():
                _clear(parent)


def _temporary() -> Path:
    """The folder for temporary files that the system or the user has chosen."""
    return _SYSTEMS[0] if _SYSTEMS else Path(tempfile.gettempdir())


def _folder_of_user(place: Path) -> Path:
    return place / f"cryoet-zarr-bench-{os.getuid()}"


def _clear(parent: Path) -> None:
    for left in parent.iterdir():
        if left.name.isdigit() and not is_alive(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)


def _check_name(place: Path, variable: str) -> None:
    """Refuse a folder that not every engine takes for the one it is."""
    remedy = f"set {variable} to another folder"
    if "\\" in str(place):
        raise refused(place, "has a backslash, which tensorstore takes for a slash", remedy)
    try:
        utf_8(place)
    except ValueError as error:
        raise refused(place, "is not UTF-8, which zarrs and tensorstore need", remedy) from error


def _parent(space: int) -> Path:
    if chosen := os.environ.get("TMPDIR"):
        # Python takes another folder in silence where it cannot be written to.
        require_folder(Path(chosen).absolute(), "TMPDIR", make=False)
        return _temporary()
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 * space:
        return MEMORY
    return _temporary()


def _remove(folder: Path, owner: int) -> None:
    # A forked child must not take its parent's folder away.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
