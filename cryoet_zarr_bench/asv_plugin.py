"""The plugin that asv loads first: it makes each release a commit, and protects results.

On loading, the release history is generated where `asv.conf.json` looks for its repository, and
asv's classes for environments, results and publishing are extended.
"""

from __future__ import annotations

import os
import sys

from asv.machine import Machine, MachineCollection
from asv.util import UserError

# asv finds environments and publishers by their base classes, once their modules are imported.
from cryoet_zarr_bench.asv_bridge import uv_environments as uv_environments
from cryoet_zarr_bench.asv_bridge.anchored_runs import measure_beside_anchors
from cryoet_zarr_bench.asv_bridge.cells import kept_cells
from cryoet_zarr_bench.asv_bridge.cells.reported_progress import PROGRESS
from cryoet_zarr_bench.asv_bridge.dashboard import own_pages as own_pages
from cryoet_zarr_bench.asv_bridge.dashboard import short_pages as short_pages
from cryoet_zarr_bench.asv_bridge.dashboard.history_graphs import draw_histories_alone
from cryoet_zarr_bench.asv_bridge.dashboard.whole_dashboards import publish_whole
from cryoet_zarr_bench.asv_bridge.known_benchmarks import keep_known_benchmarks
from cryoet_zarr_bench.asv_bridge.machine_names import guard_results, machine_of_asv
from cryoet_zarr_bench.asv_bridge.usable_results import leave_out_unusable_results
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import HISTORY, WORK, require_work_folder
from cryoet_zarr_bench.interrupted_program import try_lost_interruptions_again
from cryoet_zarr_bench.machine.scratch_folders import use_own_temporary_folder
from cryoet_zarr_bench.measured.process_inputs import ASV_PROCESS, end_with_parent
from cryoet_zarr_bench.measured.process_record import RECORD_FOLDER
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_history import generate_history


def _register_machine() -> None:
    """Describe this machine to asv, as `asv machine --yes` would, where nobody did yet."""
    try:
        name = machine_of_asv()
    except BadInput as error:
        # asv loads its plugins before it reports errors: this one line is the report.
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    try:
        MachineCollection.load(name)
    except UserError:
        MachineCollection.save(name, {**Machine.get_defaults(), "machine": name})


def setup() -> None:
    """Called by asv once the plugin is imported."""
    try_lost_interruptions_again()
    try:
        require_work_folder()
        use_own_temporary_folder()
        generate_history(load_catalogue(), HISTORY)
    except BadInput as error:
        # asv would print a traceback.
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    os.environ[RECORD_FOLDER] = str(WORK / "records")
    _register_machine()
    guard_results()
    leave_out_unusable_results()
    keep_known_benchmarks()
    draw_histories_alone()
    publish_whole()
    measure_beside_anchors()
    if PROGRESS in os.environ:
        # Somebody watches and would start asv again; two must not share an environment.
        end_with_parent()
    os.environ[ASV_PROCESS] = str(os.getpid())
    kept_cells.keep_every_cell(WORK)
