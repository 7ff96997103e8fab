"""What processes that are gone have left in Linux's file system in memory."""

import os
from pathlib import Path

from cryoet_zarr_bench.common.processes import is_alive

OWN = Path(f"/dev/shm/cryoet-zarr-bench-{os.getuid()}")
"""Where this program keeps stores in memory. What other programs, and tests that run meanwhile,
keep beside it is theirs: Python's own semaphores lie there as long as their processes live."""


def left_in_memory() -> set[str]:
    """Names of what lies there and belongs to no living process."""
    entries = list(OWN.iterdir()) if OWN.is_dir() else []
    gone = [path for path in entries if not (path.name.isdigit() and is_alive(int(path.name)))]
    # One that ended properly a moment ago has taken its own away first.
    return {path.name for path in gone if path.exists()}
