"""Folders of the project."""

import os
from pathlib import Path

from cryoet_zarr_bench.common.writable_folders import require_folder

WORK_FOLDER = "CRYOET_WORK_FOLDER"
"""Environment variable: a folder instead of `.asv`."""

PROJECT = Path(__file__).resolve().parents[2]

WORK = Path(os.environ.get(WORK_FOLDER) or PROJECT / ".asv").resolve()
"""Everything that is made on this machine and not committed: `.asv`, or `CRYOET_WORK_FOLDER`."""

HISTORY = WORK / "releases"
"""The generated repository in which each commit is a release; `repo` in asv.conf.json."""

LOCAL = WORK / "local"
"""The results and the dashboard of local runs, apart from those that are committed."""


def from_project(path: Path) -> Path:
    """A path as it is shown: from the project's folder where it lies there, else whole."""
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


def require_work_folder() -> None:
    """Make the work folder; BadInput if it cannot be made, or written to."""
    require_folder(WORK, WORK_FOLDER)
