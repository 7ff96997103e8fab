"""asv's running of cells, extended: each is kept at once, told to whoever watches, and resumed.

asv's plugins cannot see a cell before its release is done, so `run_benchmarks`, the running of one
cell, and the loading and saving of results are wrapped; the version of asv is pinned.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import asv.commands.run
import asv.runner
from asv.console import log
from asv.results import Results
from asv.util import UserError

from cryoet_zarr_bench.analysis.result_files import is_usable, record_path
from cryoet_zarr_bench.asv_bridge.cells.cell_journal import CellJournal, journal_path
from cryoet_zarr_bench.asv_bridge.cells.cpu_twins import CpuTwins
from cryoet_zarr_bench.asv_bridge.cells.exact_cells import ExactCells
from cryoet_zarr_bench.asv_bridge.cells.reported_progress import count_cells, progress_teller
from cryoet_zarr_bench.asv_bridge.cells.reused_stores import ReusedStores
from cryoet_zarr_bench.asv_bridge.cells.saved_results import (
    read_left_record,
    remove_samples,
    save_by_renaming,
    save_record,
)
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.fidelity.codec_damage import loss_bound
from cryoet_zarr_bench.machine.canary_watch import Watch
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    disk_folder_of,
    space_of_stores,
)
from cryoet_zarr_bench.measured.process_inputs import DISK_STORES
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

_run_benchmarks = asv.runner.run_benchmarks
_run_cell = asv.runner._run_benchmark_single_param
_load = Results.load_data


def keep_every_cell(work: Path) -> None:
    """Make asv keep cells as they are measured, under `work`, and results whole or not at all."""

    # Where rounds are interleaved, asv saves after each. Until the last one results and record lie
    # under `work`: a result file is complete, or it is not there.
    between_rounds = work / "rounds"
    journals: dict[str, list[CellJournal]] = {}
    kept: dict[str, ReusedStores] = {}

    def load_and_mark(self: Any, result_dir: str) -> Any:
        # asv loads earlier results just where it is going to save new ones.
        self.is_to_be_saved = True
        folder = between_rounds if self._filename in journals else Path(result_dir)
        path = folder / str(self._filename)
        self.record_path = record_path(path)
        if path.exists() and not is_usable(path):
            path.replace(path.with_suffix(".json.unusable"))
        return _load(self, str(folder))

    def save_whole(self: Any, result_dir: str) -> None:
        is_last = getattr(self, "is_last_round", True)
        saved = save_by_renaming(self, Path(result_dir) if is_last else between_rounds)
        left = work / "records" / f"{self.commit_hash}.{self.env_name}.json"
        save_record(self, left, record_path(saved))
        of_rounds = journals.setdefault(self._filename, [])
        of_rounds += [self.journal] if hasattr(self, "journal") else []
        if is_last:
            for journal in journals.pop(self._filename):
                journal.remove()
            (between_rounds / str(self._filename)).unlink(missing_ok=True)
            record_path(between_rounds / str(self._filename)).unlink(missing_ok=True)

    def run_and_keep(benchmarks: Any, env: Any, results: Any = None, **options: Any) -> Any:
        name = str(getattr(results, "_filename", None))
        stores = kept.pop(name, None) or ReusedStores()
        # Where asv goes through all releases before the next round, there is no room for all.
        while kept:
            kept.popitem()[1].drop()
        if not _is_last_round(options):
            kept[name] = stores
        return _run_and_keep(work, stores, benchmarks, env, results, options)

    Results.remove_samples = remove_samples
    Results.load_data = load_and_mark
    Results.save = save_whole
    asv.commands.run.run_benchmarks = run_and_keep


def _notes_of_earlier_rounds(results: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The canaries beside those samples that new ones are going to be added to."""
    if not options.get("append_samples") or not results.record_path.exists():
        return []
    conditions = read_left_record(results.record_path).get("conditions", {})
    begun = [{"begun": conditions["begun"]}] if conditions else []
    return begun + [{"sample": sample} for sample in conditions.get("samples", [])]


def _is_last_round(options: dict[str, Any]) -> bool:
    return 1 in (options.get("run_rounds") or [1])


def _run_and_keep(
    work: Path,
    stores: ReusedStores,
    benchmarks: Any,
    env: Any,
    results: Any,
    options: dict[str, Any],
) -> Any:
    """Run the benchmarks of one release in one environment, its cells kept as they come."""
    scratch = _claim_scratch(benchmarks)
    journal, watch = None, None
    # A dry run or a profile is not saved, so nothing of it is kept either.
    if getattr(results, "is_to_be_saved", False) and not options.get("profile"):
        journal, watch = _journal_and_watch(work, env, results, options)
        results.is_timed = any(each["type"] == "time" for each in benchmarks.values())
    tell = progress_teller(count_cells(benchmarks, options))
    twins = CpuTwins(benchmarks, scratch)
    exact = ExactCells(benchmarks, scratch, fresh=stores.is_empty)

    def find_or_run(benchmark: Any, spawner: Any, param_idx: Any, **rest: Any) -> Any:
        found = twins.give(benchmark["name"], param_idx)
        # A profile is of a process.
        if found is None and not options.get("profile"):
            found = exact.give(benchmark["name"], param_idx)
        if found is None:
            twins.forget_last()
            found = _run_cell(benchmark, spawner, param_idx, **rest)
            twins.take(benchmark["name"], param_idx, found)
        return found

    def run_cell(benchmark: Any, spawner: Any, param_idx: Any, **rest: Any) -> Any:
        found = None
        if journal is not None:
            key = journal.key(benchmark, param_idx)
            found = journal.find(key)
        if found is None:
            if watch is not None:
                watch.look_if_due()
            found = find_or_run(benchmark, spawner, param_idx, **rest)
            if journal is not None:
                journal.keep(key, found)
        tell(benchmark["name"])
        return found

    asv.runner._run_benchmark_single_param = run_cell
    stores.begin_round(benchmarks, _is_last_round(options))
    try:
        if watch is not None:
            watch.look()
        measured = _run_benchmarks(benchmarks, env, results=results, **options)
        if watch is not None:
            watch.look()
        return measured
    finally:
        stores.end_round()
        asv.runner._run_benchmark_single_param = _run_cell


def _claim_scratch(benchmarks: Any) -> Path:
    """Claim the folders that measured processes work in, and tell them; UserError without room."""
    tomogram, profile = selected_tomogram(), selected_profile()
    try:
        loss_bound()  # a bad one is refused before anything is measured
        scratch = claim_scratch_folder(space_of_stores(tomogram, profile.every_config()))
        _check_length(scratch)
        on_disk = disk_folder_of(benchmarks, tomogram, profile)
    except BadInput as error:
        raise UserError(str(error)) from error
    tempfile.tempdir = str(scratch)
    # What the measured processes have for a while, as their output, goes when they are killed.
    os.environ["TMPDIR"] = str(scratch)
    os.environ[DISK_STORES] = str(on_disk or "")
    return scratch


def _journal_and_watch(
    work: Path, env: Any, results: Any, options: dict[str, Any]
) -> tuple[CellJournal, Watch]:
    """The journal of cells, with those of an interrupted run, and the watch on the machine."""
    purpose = {
        "tomogram": selected_tomogram().sha256,
        "quick": options.get("quick"),
        "attributes": options.get("extra_params"),
        "loss_bound": loss_bound(),
        "packages": env.requirements,
    }
    path = journal_path(work / "unfinished", results._filename, options.get("run_rounds"))
    journal = results.journal = CellJournal(path, purpose)
    results.is_last_round = _is_last_round(options)
    if journal.taken_over:
        log.info(f"{journal.taken_over} cells were measured before the interruption")
    earlier = _notes_of_earlier_rounds(results, options)
    watch = results.watch = Watch(journal.note, earlier + journal.notes)
    return journal, watch


def _check_length(scratch: Path) -> None:
    """Raise BadInput if asv could make no socket there: their paths have 107 bytes at most."""
    most = 107 - len("/asv-forkserver-12345678/socket")
    if len(os.fsencode(scratch)) > most:
        raise refused(
            scratch, f"has more than {most} bytes, too long a path for a socket", "set TMPDIR"
        )
