"""Places that will be written to, tried before work is spent on what goes there."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused


def require_folder(folder: Path, variable: str, *, make: bool = True) -> None:
    """Raise BadInput, which names the environment variable, unless a folder can be written to.

    Args:
        folder: the folder, made where there is none unless `make` says no.
        variable: the environment variable that chooses it.
        make: whether it is ours to make.
    """
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        _try(folder)
    except OSError as error:
        raise refused(
            f"{variable}={folder}",
            f"not a folder that can be written to ({why(folder, error)})",
            f"set {variable} to another folder",
        ) from error


def require_file(file: Path | None) -> None:
    """Raise BadInput if a file that is going to be written cannot be; None is no file."""
    if file is None:
        return
    if file.is_dir():
        raise refused(file, "is a folder", "give the name of a file")
    # What has a name as long as allowed has no room for that of the temporary file beside it.
    folder = file.absolute().parent
    if not folder.is_dir():
        raise refused(file, f"there is no folder {file.parent}", "make it first")
    try:
        _try(folder, f".{file.name}.")
    except OSError as error:
        raise refused(
            file, f"cannot be written there ({why(folder, error)})", "choose another"
        ) from error


def require_room(folder: Path, needed: int, what: str, remedy: str) -> None:
    """Raise BadInput if a folder has less room than something may take, in bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        said = f"has {free / 1e9:.1f} GB free, and {what} may take {needed / 1e9:.1f} GB"
        raise refused(folder, said, remedy)


def why(folder: Path, error: OSError) -> str:
    """Describe what is wrong with a folder that could not be made or written to."""
    for part in (folder, *folder.parents):
        if part.is_symlink() and not part.exists():
            return f"{part} is a link to what is not there"
        if part.exists() and not part.is_dir():
            return f"{part} is a file" if part.is_file() else f"{part} is no folder"
    return error.strerror or str(error)


def _try(folder: Path, prefix: str = ".trying-") -> None:
    # Rights alone do not tell: the file system may be read-only, or of the kernel's own.
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix):
        pass
