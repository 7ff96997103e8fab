"""`s3-reading`: is the model of latency right, and which class of stores reads S3 faster?"""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.project_folders import PROJECT, WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.layouts.layout_measurement import MeasuredLayout
from cryoet_zarr_bench.layouts.named_layouts import layout_called
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    remove_scratch_folders,
    require_folders,
)
from cryoet_zarr_bench.s3_reading.object_server import serving
from cryoet_zarr_bench.s3_reading.s3_measurement import BUCKET, ServedTomogram
from cryoet_zarr_bench.s3_reading.s3_trial_lines import (
    S3TrialLine,
    keep_s3_trials,
    read_s3_trials,
)
from cryoet_zarr_bench.s3_reading.s3_trials import LAYOUTS_READ, S3Trial, planned
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram

ROOM = 4
"""Times the tomogram that one of its stores and the levels above take, whatever the layout."""

Known = dict[tuple[str, str], S3TrialLine]


def run_s3_reading(console: Console, machine: str, again: bool, minutes: float | None) -> int:
    """Measure the trials that are left of the selected tomogram; return how many still are.

    Args:
        console: where each trial is told.
        machine: the name of this machine's results.
        again: whether those that were measured are measured anew.
        minutes: after these no other is begun.

    Raises:
        BadInput: the server or a package is not installed, or the machine's name is another's.
    """
    begin = time.monotonic()
    require_folders()
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    label = selected_tomogram().label
    known: Known = {(line.tomogram, _name(line)): line for line in read_s3_trials(results, machine)}
    left = [each for each in planned() if again or (label, each.name) not in known]
    left.sort(key=lambda trial: _order(trial.layout))
    done = 0
    scratch = claim_scratch_folder(ROOM * selected_tomogram().load(mmap=True).nbytes)
    try:
        with alone(WORK):
            for layout, trials in itertools.groupby(left, lambda trial: trial.layout):
                if _is_over(begin, minutes):
                    break
                folder = scratch / BUCKET
                store = _written(console, layout, folder)
                # A server of its own: rclone keeps for minutes what was in a folder.
                with serving(scratch) as server:
                    served = ServedTomogram(selected_tomogram(), store, scratch, server)
                    for trial in trials:
                        if _is_over(begin, minutes):
                            break
                        line = served.measure(trial)
                        console.print(for_markup(in_words(line)))
                        known[label, trial.name] = line
                        keep_s3_trials(results, machine, _sorted(known))
                        done += 1
                shutil.rmtree(folder)
    finally:
        remove_scratch_folders()
    return len(left) - done


def in_words(line: S3TrialLine) -> str:
    """What a trial gave, on one line of a terminal."""
    what = f"{line.pattern}, {line.store_class}, {line.place}, {line.called}"
    if not line.wall:
        return f"{what}: {line.predicted:.1f} s by the model, too long to be tried"
    return f"{what}: {line.predicted:.2f} s by the model, {line.wall_seconds:.2f} s measured"


def _written(console: Console, name: str, folder: Path) -> Path:
    layout = layout_called(name)
    console.print(f"[bold]{for_markup(layout.title)}[/bold]")
    folder.mkdir(parents=True)
    writing = MeasuredLayout(layout, selected_tomogram(), folder, choose_python(None))
    writing.written()
    return writing.store


def _is_over(begin: float, minutes: float | None) -> bool:
    return minutes is not None and time.monotonic() - begin > 60 * minutes


def _name(line: S3TrialLine) -> str:
    return S3Trial(line.layout, line.pattern, line.store_class, line.place, line.called).name


def _order(layout: str) -> tuple[bool, str]:
    return layout not in LAYOUTS_READ, layout


def _sorted(known: Known) -> list[S3TrialLine]:
    return [known[key] for key in sorted(known)]
