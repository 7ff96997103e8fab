"""asv's running of cells, extended: each is kept at once, told to whoever watches, and resumed.

asv has no hooks for this, so four of its functions are wrapped; the version of asv is pinned.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asv.commands.run
import asv.runner
from asv.console import log
from asv.results import Results
from asv.util import UserError

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.releases.resume import CellJournal, journal_path
from cryoet_zarr_bench.releases.scratch import claim_scratch_folder, space_of_stores
from cryoet_zarr_bench.releases.selection import selected_tomogram
from cryoet_zarr_bench.storage.grid import selected_profile

PROGRESS = "CRYOET_PROGRESS"
"""Environment variable: the number of a file descriptor that is told of every cell."""

_run_benchmarks = asv.runner.run_benchmarks
_run_cell = asv.runner._run_benchmark_single_param
_load = Results.load_data
_save = Results.save


def keep_every_cell(work: Path) -> None:
    """Make asv keep cells as they are measured, under `work`, and results whole or not at all."""

    def load_and_mark(self: Any, result_dir: str) -> Any:
        # asv loads earlier results just where it is going to save new ones.
        self.is_to_be_saved = True
        return _load(self, result_dir)

    def save_whole(self: Any, result_dir: str) -> None:
        saved = _save_by_renaming(self, Path(result_dir))
        record = work / "records" / f"{self.commit_hash}.{self.env_name}.json"
        if record.exists():
            shutil.move(record, saved.with_suffix(".record.jsonl"))
        if hasattr(self, "journal"):
            self.journal.remove()

    def run_and_keep(benchmarks: Any, env: Any, results: Any = None, **options: Any) -> Any:
        return _run_and_keep(work, benchmarks, env, results, options)

    Results.load_data = load_and_mark
    Results.save = save_whole
    asv.commands.run.run_benchmarks = run_and_keep


def _save_by_renaming(results: Any, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as temporary:
        _save(results, temporary)
        target = folder / str(results._filename)
        target.parent.mkdir(parents=True, exist_ok=True)
        (Path(temporary) / str(results._filename)).replace(target)
    return target


def _run_and_keep(
    work: Path, benchmarks: Any, env: Any, results: Any, options: dict[str, Any]
) -> Any:
    """Run the benchmarks of one release in one environment, its cells kept as they come."""
    tomogram = selected_tomogram()
    try:
        scratch = claim_scratch_folder(space_of_stores(tomogram, selected_profile()))
    except BadInput as error:
        raise UserError(str(error)) from error
    tempfile.tempdir = str(scratch)
    journal = None
    # A dry run or a profile is not saved, so nothing of it is kept either.
    if getattr(results, "is_to_be_saved", False) and not options.get("profile"):
        purpose = {
            "tomogram": tomogram.sha256,
            "quick": options.get("quick"),
            "attributes": options.get("extra_params"),
            "packages": env.requirements,
        }
        path = journal_path(work / "unfinished", results._filename, options.get("run_rounds"))
        journal = results.journal = CellJournal(path, purpose)
        if journal.taken_over:
            log.info(f"{journal.taken_over} cells were measured before the interruption")
    tell = _teller(_count_cells(benchmarks, options))

    def run_cell(benchmark: Any, spawner: Any, param_idx: Any, **rest: Any) -> Any:
        found = None
        if journal is not None:
            key = journal.key(benchmark, param_idx)
            found = journal.find(key)
        if found is None:
            found = _run_cell(benchmark, spawner, param_idx, **rest)
            if journal is not None:
                journal.keep(key, found)
        tell(benchmark["name"])
        return found

    asv.runner._run_benchmark_single_param = run_cell
    try:
        return _run_benchmarks(benchmarks, env, results=results, **options)
    finally:
        asv.runner._run_benchmark_single_param = _run_cell


def _count_cells(benchmarks: Any, options: dict[str, Any]) -> int:
    attributes = options.get("extra_params") or {}
    total = 0
    for benchmark in benchmarks.values():
        cells = len(list(itertools.product(*benchmark["params"]))) if benchmark["params"] else 1
        rounds = int(attributes.get("rounds", benchmark.get("rounds", 1)))
        total += cells * (1 if options.get("quick") else rounds)
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
