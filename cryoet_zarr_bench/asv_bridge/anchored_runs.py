"""After `asv run` has measured a new release, it is measured beside its anchor too.

The dashboard draws the anchored history. Where the results of a machine have one, a release that
was only measured by itself would have no time in it. asv's plugins are not called when a run has
ended, so `Run.run` is wrapped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from asv.commands.run import Run
from asv.console import log
from asv.results import Results, iter_results_for_machine

from cryoet_zarr_bench.analysis.changes.anchored_history import read_anchored
from cryoet_zarr_bench.asv_bridge.cells.reported_progress import PROGRESS
from cryoet_zarr_bench.asv_bridge.machine_names import machine_of_asv
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.releases.release_commits import is_release, tag_of
from cryoet_zarr_bench.tomograms.selected_tomogram import tomogram_label
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR

_run = Run.run.__func__


def measure_beside_anchors() -> None:
    """Make `asv run` go on with what is new and not yet measured beside its anchor."""

    def run(cls: type[Run], conf: Any, *arguments: Any, **options: Any) -> Any:
        machine = options.get("machine") or machine_of_asv()
        before = _measured(conf, machine)
        code = _run(cls, conf, *arguments, **options)
        # Where a command of this project runs asv, it measures what it wants by itself.
        if PROGRESS in os.environ or options.get("dry_run"):
            return code
        new = new_releases(Path(conf.results_dir), machine, _measured(conf, machine) - before)
        if not new:
            return code
        log.info(f"Measuring {', '.join(new)} beside its anchor")
        named = [each for tag in new for each in ("--release", tag)]
        command = [sys.executable, "-m", "cryoet_zarr_bench", "anchored", "--machine", machine]
        return code or subprocess.run([*command, *named], cwd=PROJECT).returncode

    Run.run = classmethod(run)


def _measured(conf: Any, machine: str) -> set[str]:
    """The commits of which a machine has results with their own pairs, on this tomogram."""
    if not (Path(conf.results_dir) / machine).is_dir():
        return set()
    found = iter_results_for_machine(conf.results_dir, machine)
    return {each.commit_hash for each in found if _is_own(each)}


def _is_own(results: Results) -> bool:
    tomogram = results.env_vars.get("tomogram", "")
    return not results.params.get("numcodecs") and tomogram == tomogram_label()


def new_releases(results: Path, machine: str, commits: set[str]) -> list[str]:
    """Of these commits, the releases that the machine's anchored history lacks, if it has one."""
    known = {
        line.release
        for line in read_anchored(results, machine)
        if line.tomogram == tomogram_label()
    }
    if not known or results.resolve() != PROJECT / "results":
        return []
    tags = sorted(tag_of(commit) for commit in commits if is_release(commit))
    return [tag for tag in tags if tag not in known and tag != ANCHOR]
