"""`submit`: all results of this machine as one file, checked as those will who accept it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.submission.packed_results import pack
from cryoet_zarr_bench.submission.submission_checks import checked_submission


def run_submit(console: Console, machine: str, target: Path | None) -> None:
    """Check the results of a machine and pack them; `target` is in this folder without a path.

    Raises:
        BadInput: there are none, they would not be accepted, or the file cannot be written.
    """
    results = PROJECT / "results"
    if not (results / machine).is_dir():
        raise refused(results / machine, "has no results", "measure: cryoet-zarr-bench bench")
    file = target or Path(f"{machine}.submission.zip")
    require_file(file)
    with tempfile.TemporaryDirectory(prefix="cryoet-zarr-bench-submit-") as folder:
        # A copy, which nobody measures into meanwhile; without the other machines.
        own = Path(shutil.copytree(results / machine, Path(folder) / machine))
        found = checked_submission(own, results)
        manifest = pack(own, file)
    console.print(for_markup(found.sentence))
    console.print(
        for_markup(
            f"{file}: {len(manifest.files)} files, {file.stat().st_size / 1e6:.1f} MB. Open an "
            "issue with it, or a pull request with what `accept` adds."
        )
    )
