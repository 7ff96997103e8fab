"""A file or folder that gets its name when it is complete, and leaves nothing when it is not."""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused

_REPLACED = "replaced"
_TRIES, _PAUSE = 50, 0.1  # seconds
_AT_CWD, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of rename(2)


@contextmanager
def staged(
    target: Path, overwrite: bool, work: str = "conversion", doing: str = "converting"
) -> Iterator[Path]:
    """Give a path to write to, in a hidden folder beside `target`, which gets the target's name.

    That happens when the block ends without an exception; then, as ever, the hidden folder is
    removed. Of a process that was killed it stays, and the next one for the same target removes it.

    Args:
        target: a name in a folder that is there.
        overwrite: whether what has the name at the end is replaced.
        work: what is at it, for a refusal.
        doing: what that does, for the name of the hidden folder.

    Raises:
        BadInput: another process is at it, or the name was taken meanwhile.
        OSError: there is no room, or no permission.
    """
    folder = target.with_name(f".{target.name}.{doing}")
    lock = _lock(folder, target, work)
    try:
        _clear(folder, target)
        product = folder / target.name
        yield product
        if target.exists() and not overwrite:
            raise refused(target, "was made by something else meanwhile", "give another name")
        _put_in_place(product, target, folder)
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        _remove_for_good(folder)
        raise
    finally:
        os.close(lock)


def _lock(folder: Path, target: Path, work: str) -> int:
    """Make the folder, or take over that of a process that was killed."""
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # another process has just finished
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino == folder.stat().st_ino:
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise refused(target, f"another {work} is writing it", "wait until it ends") from error
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the folder was removed between opening and locking it


def _clear(folder: Path, target: Path) -> None:
    """Remove what a killed process left; what it had moved away to replace it is put back."""
    replaced = folder / _REPLACED
    if replaced.exists() and not target.exists():
        replaced.rename(target)
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _remove_for_good(folder: Path) -> None:
    """Remove a folder that threads of zarr may still write to: it makes what is missing anew."""
    # One that is late may make it once more, until the process ends.
    atexit.register(_remove_unless_locked, folder)
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_PAUSE)
        if not folder.exists():
            return


def _remove_unless_locked(folder: Path) -> None:
    """Remove a folder, but not where another process has taken its name meanwhile."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _put_in_place(product: Path, target: Path, folder: Path) -> None:
    # A rename replaces a file by a file; a folder that is not empty is replaced by no rename.
    if not target.is_dir():
        product.rename(target)
    elif not _exchange(product, target):
        replaced = folder / _REPLACED
        try:
            target.rename(replaced)
            product.rename(target)
        except BaseException:
            if replaced.exists() and not target.exists():
                replaced.rename(target)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places at once; False if the file system cannot do that."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0)
