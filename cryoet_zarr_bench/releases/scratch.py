"""A folder for what a run leaves lying about, taken away even after a kill."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def claim_scratch_folder() -> Path:
    """Make this process's own folder for temporary files, and remove those of dead processes.

    The stores of a grid are large; a run that was killed cannot remove them, the next one does.
    """
    parent = Path(tempfile.gettempdir()) / f"cryoet-zarr-bench-{os.getuid()}"
    parent.mkdir(mode=0o700, exist_ok=True)
    if parent.stat().st_uid != os.getuid():
        return Path(tempfile.gettempdir())
    for left in parent.iterdir():
        if left.name.isdigit() and not _is_alive(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    own = parent / str(os.getpid())
    own.mkdir(mode=0o700, exist_ok=True)
    atexit.register(_remove, own, os.getpid())
    return own


def _remove(folder: Path, owner: int) -> None:
    # A forked child must not take its parent's folder away.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
