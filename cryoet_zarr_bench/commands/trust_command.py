"""`trust`: ask `confirm` what is known, and keep what it says."""

from __future__ import annotations

from rich.console import Console

from cryoet_zarr_bench.analysis.trust_figures import TRUST_FILE
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.scratch_folders import require_folders
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram
from cryoet_zarr_bench.verdicts.known_answers import TrustRun, run_trust


def measure_trust(console: Console, machine: str, minutes: float | None) -> int:
    """Measure what is missing; return the number of blocks that still are.

    Raises BadInput if results of that name are of another kind of machine.
    """
    require_folders()
    refuse_another_machine(PROJECT / "results", machine)
    path = PROJECT / "results" / machine / TRUST_FILE
    run = TrustRun(
        load_catalogue(),
        selected_profile(),
        selected_tomogram(),
        choose_python(None),
        WORK / "confirm",
    )
    return run_trust(path, run, minutes, console)
