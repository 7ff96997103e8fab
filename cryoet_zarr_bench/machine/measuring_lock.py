"""One measuring run at a time: two would disturb each other."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import WORK_FOLDER
from cryoet_zarr_bench.common.writable_folders import require_folder


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the environments under `work`; BadInput if another run of this project has them."""
    require_folder(work, WORK_FOLDER)
    with (work / "measuring.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(
                f"another run is measuring in {work}: wait for it, or two would disturb each other"
            ) from error
        yield
