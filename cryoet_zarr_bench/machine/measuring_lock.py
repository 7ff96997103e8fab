"""One measuring run at a time, and none beside what loads the machine: they would disturb it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import WORK_FOLDER
from cryoet_zarr_bench.common.writable_folders import require_folder

LOCK = "measuring.lock"


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the environments under `work`; BadInput if another run of this project has them."""
    require_folder(work, WORK_FOLDER)
    with (work / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(
                f"another run is measuring in {work}, or a survey is running: wait for it, or two "
                "would disturb each other"
            ) from error
        yield


@contextmanager
def beside_no_measurement(work: Path) -> Iterator[None]:
    """Let no run measure while the block loads this machine; several such blocks may at once.

    BadInput if one is measuring under `work` now. Without that folder nobody has measured here, and
    it is not made.
    """
    try:
        file = (work / LOCK).open("a")
    except OSError:
        yield
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(
                f"a run is measuring in {work}: wait for it, or this would disturb its times"
            ) from error
        yield
