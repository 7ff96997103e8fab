"""asv's running of cells, extended: each is kept at once, told to whoever watches, and resumed.

asv has no hooks for this, so five of its functions are wrapped; the version of asv is pinned.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asv.commands.run
import asv.runner
from asv.console import log
from asv.results import Results
from asv.util import UserError

from cryoet_zarr_bench.asv_bridge.cell_journal import CellJournal, journal_path
from cryoet_zarr_bench.asv_bridge.cpu_twins import CpuTwins
from cryoet_zarr_bench.asv_bridge.earlier_cells import with_earlier_cells, with_earlier_stores
from cryoet_zarr_bench.asv_bridge.exact_cells import ExactCells
from cryoet_zarr_bench.asv_bridge.reused_stores import KeptStores
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.fidelity.codec_damage import loss_bound
from cryoet_zarr_bench.machine.canary_watch import Watch
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    disk_folder_of,
    space_of_stores,
)
from cryoet_zarr_bench.measured.process_inputs import DISK_STORES
from cryoet_zarr_bench.results.result_files import is_usable, read_record, record_path
from cryoet_zarr_bench.storage.grid import PROFILES, selected_profile
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

PROGRESS = "CRYOET_PROGRESS"
"""Environment variable: the number of a file descriptor that is told of every cell."""

_run_benchmarks = asv.runner.run_benchmarks
_run_cell = asv.runner._run_benchmark_single_param
_load = Results.load_data
_save = Results.save
_remove_samples = Results.remove_samples


def keep_every_cell(work: Path) -> None:
    """Make asv keep cells as they are measured, under `work`, and results whole or not at all."""

    # Where rounds are interleaved, asv saves after each. Until the last one results and record lie
    # under `work`: a result file is complete, or it is not there.
    between_rounds = work / "rounds"
    journals: dict[str, list[CellJournal]] = {}
    kept: dict[str, KeptStores] = {}

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
        saved = _save_by_renaming(self, Path(result_dir) if is_last else between_rounds)
        left = work / "records" / f"{self.commit_hash}.{self.env_name}.json"
        _save_record(self, left, record_path(saved))
        of_rounds = journals.setdefault(self._filename, [])
        of_rounds += [self.journal] if hasattr(self, "journal") else []
        if is_last:
            for journal in journals.pop(self._filename):
                journal.remove()
            (between_rounds / str(self._filename)).unlink(missing_ok=True)
            record_path(between_rounds / str(self._filename)).unlink(missing_ok=True)

    def run_and_keep(benchmarks: Any, env: Any, results: Any = None, **options: Any) -> Any:
        name = str(getattr(results, "_filename", None))
        stores = kept.pop(name, None) or KeptStores()
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


def remove_samples(results: Any, benchmark: str, selected: Any = None) -> None:
    """As asv's own, which fails where the earlier result was of a smaller grid: then remove all."""
    samples = results._samples.get(benchmark)
    if samples is not None and max(selected or [0]) >= len(samples):
        selected = None
    _remove_samples(results, benchmark, selected)


def _save_by_renaming(results: Any, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
        _save(results, temporary)
        saved = Path(temporary) / str(results._filename)
        target = folder / str(results._filename)
        shorten_samples(saved)
        content = json.loads(saved.read_text())
        if target.exists() and is_usable(target) and _is_of_selected_tomogram(target):
            content = with_earlier_cells(content, json.loads(target.read_text()))
        write_whole(target, json.dumps(content, separators=(",", ":")))
    return target


def _is_of_selected_tomogram(result: Path) -> bool:
    """Whether earlier results are of these voxels: a file may have got others under its name."""
    tomogram = read_record(result).get("tomogram") or {}
    return tomogram.get("sha256") == selected_tomogram().sha256


def shorten_samples(path: Path) -> None:
    """Keep 5 digits of samples and of their medians in a result file; exact figures stay whole.

    Samples are most of a file, and most of that were digits beyond what a clock can tell.
    """
    content = json.loads(path.read_text())
    columns = content["result_columns"]
    result, samples = columns.index("result"), columns.index("samples")
    for row in content["results"].values():
        if len(row) > samples and row[samples] is not None:
            row[result], row[samples] = short(row[result]), short(row[samples])
    write_whole(path, json.dumps(content, separators=(",", ":")))


def _save_record(results: Any, left: Path, target: Path) -> None:
    """Save what is known beside the figures: what the measured process left, and the conditions.

    What an earlier process left, of stores that were not made this time, is still true.
    """
    watch: Watch | None = getattr(results, "watch", None)
    if watch is None and not left.exists():
        return
    record: dict[str, Any] = {"commit": results.commit_hash}
    # Between rounds the record lies elsewhere than where it ends up. The last word is the newest.
    for source in (target, results.record_path, left):
        record = _with_record(record, _read_record(source))
    if watch is not None:
        record["conditions"] = watch.conditions()
    # Without it what a smaller grid leaves out would look like cells that have no figure.
    record["profile"] = _larger_profile(record)
    write_whole(target, json.dumps(record, separators=(",", ":")))
    left.unlink(missing_ok=True)


def _read_record(path: Path) -> dict[str, Any]:
    """A record as it is; empty where there is none, or where it is none, which is said."""
    try:
        found = json.loads(path.read_text())
        return dict(found) if found.get("profile", "quick") in PROFILES else {}
    except FileNotFoundError:
        return {}
    except UNUSABLE as error:
        leave_out(path, f"cannot be read ({in_short(error)})")
        return {}


def _with_record(earlier: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """Both together: the stores that only the earlier one has where their cells are kept too."""
    voxels = [(each.get("tomogram") or {}).get("sha256") for each in (earlier, newer)]
    if None not in voxels and voxels[0] != voxels[1]:
        return newer
    if _larger_profile(earlier) != selected_profile().name:
        return with_earlier_stores(newer, earlier)
    return earlier | newer


def _larger_profile(record: dict[str, Any]) -> str:
    """The profile that was selected, or that of a record where that has more cells."""
    selected = selected_profile().name
    return max(selected, record.get("profile", selected), key=list(PROFILES).index)


def _notes_of_earlier_rounds(results: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The canaries beside those samples that new ones are going to be added to."""
    if not options.get("append_samples") or not results.record_path.exists():
        return []
    conditions = _read_record(results.record_path).get("conditions", {})
    begun = [{"begun": conditions["begun"]}] if conditions else []
    return begun + [{"sample": sample} for sample in conditions.get("samples", [])]


def _is_last_round(options: dict[str, Any]) -> bool:
    return 1 in (options.get("run_rounds") or [1])


def _run_and_keep(
    work: Path,
    stores: KeptStores,
    benchmarks: Any,
    env: Any,
    results: Any,
    options: dict[str, Any],
) -> Any:
    """Run the benchmarks of one release in one environment, its cells kept as they come."""
    tomogram = selected_tomogram()
    try:
        bound = loss_bound()
        profile = selected_profile()
        scratch = claim_scratch_folder(space_of_stores(tomogram, profile.every_config()))
        _check_length(scratch)
        on_disk = disk_folder_of(benchmarks, tomogram, profile)
    except BadInput as error:
        raise UserError(str(error)) from error
    tempfile.tempdir = str(scratch)
    # What the measured processes have for a while, as their output, goes when they are killed.
    os.environ["TMPDIR"] = str(scratch)
    os.environ[DISK_STORES] = str(on_disk or "")
    journal, watch = None, None
    # A dry run or a profile is not saved, so nothing of it is kept either.
    if getattr(results, "is_to_be_saved", False) and not options.get("profile"):
        purpose = {
            "tomogram": tomogram.sha256,
            "quick": options.get("quick"),
            "attributes": options.get("extra_params"),
            "loss_bound": bound,
            "packages": env.requirements,
        }
        path = journal_path(work / "unfinished", results._filename, options.get("run_rounds"))
        journal = results.journal = CellJournal(path, purpose)
        results.is_last_round = _is_last_round(options)
        if journal.taken_over:
            log.info(f"{journal.taken_over} cells were measured before the interruption")
        earlier = _notes_of_earlier_rounds(results, options)
        watch = results.watch = Watch(journal.note, earlier + journal.notes)
    tell = _teller(_count_cells(benchmarks, options))
    twins = CpuTwins(benchmarks, scratch)
    exact = ExactCells(benchmarks, scratch, fresh=stores.is_empty)

    def run_cell(benchmark: Any, spawner: Any, param_idx: Any, **rest: Any) -> Any:
        found = None
        if journal is not None:
            key = journal.key(benchmark, param_idx)
            found = journal.find(key)
        if found is None:
            if watch is not None:
                watch.look_if_due()
            found = twins.give(benchmark["name"], param_idx)
            # A profile is of a process.
            if found is None and not options.get("profile"):
                found = exact.give(benchmark["name"], param_idx)
            if found is None:
                twins.forget_last()
                found = _run_cell(benchmark, spawner, param_idx, **rest)
                twins.take(benchmark["name"], param_idx, found)
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


def _check_length(scratch: Path) -> None:
    """Raise BadInput where asv could make no socket there: their paths have 107 bytes at most."""
    most = 107 - len("/asv-forkserver-12345678/socket")
    if len(os.fsencode(scratch)) > most:
        raise refused(
            scratch, f"has more than {most} bytes, too long a path for a socket", "set TMPDIR"
        )


def _count_cells(benchmarks: Any, options: dict[str, Any]) -> int:
    attributes = options.get("extra_params") or {}
    total = 0
    for benchmark in benchmarks.values():
        cells = len(list(itertools.product(*benchmark["params"]))) if benchmark["params"] else 1
        rounds = int(attributes.get("rounds", benchmark.get("rounds", 1)))
        # asv is called once for each round where rounds are interleaved.
        now = options.get("run_rounds") or range(1, rounds + 1)
        total += cells * (1 if options.get("quick") else sum(each <= rounds for each in now))
    return total


def _teller(total: int) -> Callable[[str], None]:
    """A function that tells the watcher, if there is one, that another cell is done."""
    descriptor = os.environ.get(PROGRESS)
    counter = itertools.count(1)

    def tell(benchmark: str) -> None:
        if descriptor is None:
            return
        try:
            os.write(int(descriptor), f"{next(counter)} {total} {benchmark}\n".encode())
        except OSError:
            return  # nobody watches any more; the measuring goes on

    return tell
