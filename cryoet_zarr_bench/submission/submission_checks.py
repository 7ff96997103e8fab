"""Whether results that somebody else measured can be believed: schema, labels, records, spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    ANCHORED_FILE,
    REPEATS_FILE,
    read_anchored,
    read_repeats,
)
from cryoet_zarr_bench.analysis.changes.direct_comparisons import DIRECT_FILE, read_direct
from cryoet_zarr_bench.analysis.planted_steps import PLANTED_FILE, read_planted
from cryoet_zarr_bench.analysis.result_files import (
    MACHINE_FILE,
    described_machine,
    record_path,
    result_paths_of,
)
from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.analysis.trust_figures import TRUST_FILE, FalseAlarms, false_alarms
from cryoet_zarr_bench.common.json_lines import read_lines
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.layout_lines import LAYOUTS_FILE, read_layout_lines
from cryoet_zarr_bench.layouts.shuffled_integers import (
    SHUFFLED_INTEGERS_FILE,
    read_shuffled_integers,
)
from cryoet_zarr_bench.measurement.codec_levels import LEVELS_FILE, read_codec_levels
from cryoet_zarr_bench.prediction.prediction_trial_lines import (
    PREDICTIONS_FILE,
    read_prediction_trials,
)
from cryoet_zarr_bench.quality.described_tomograms import TOMOGRAMS_FILE, read_described
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3_READING_FILE, read_s3_trials
from cryoet_zarr_bench.verdicts.known_answers import SAME, read_trust

LEAST_CELLS = 24
"""Cells of a release compared with itself that a submission needs: one block of `trust`."""

MOST_ALARMS = 0.02
"""The part of them that may be called changed; `confirm` promises 1 %."""

EXACT = "storage.Storage.track_compression_ratio"
SAME_RATIO = 0.01
"""By how much the ratio of a store may differ between machines: codecs of other builds may choose
other bytes, but not another tomogram."""

_READERS: dict[str, Callable[[Path, str], list[Any]]] = {
    LAYOUTS_FILE: read_layout_lines,
    SHUFFLED_INTEGERS_FILE: read_shuffled_integers,
    PREDICTIONS_FILE: read_prediction_trials,
    LEVELS_FILE: read_codec_levels,
    S3_READING_FILE: read_s3_trials,
    ANCHORED_FILE: read_anchored,
    REPEATS_FILE: read_repeats,
    PLANTED_FILE: read_planted,
    DIRECT_FILE: read_direct,
    TOMOGRAMS_FILE: read_described,
}
"""What reads the lines of a file; of other files each line is a JSON object."""


@dataclass(frozen=True)
class CheckedSubmission:
    """What a submission has: its machine in words, and how far it can be believed.

    `alarms` is of a release compared with itself. `noisy` of `releases` result files were measured
    while the machine was not quiet. `compared` ratios are known here too, and agree.
    """

    machine: str
    described: str
    releases: int
    tomograms: int
    layouts: int
    alarms: FalseAlarms
    noisy: int
    compared: int

    @property
    def sentence(self) -> str:
        """All of it, in two sentences."""
        return (
            f"{self.machine} ({self.described}): {self.releases} result files of {self.tomograms} "
            f"tomograms, {self.layouts} layouts. A release compared with itself: "
            f"{self.alarms.alarms} false alarms in {self.alarms.cells} cells; {self.noisy} files "
            f"were measured while the machine was not quiet; {self.compared} ratios agree with "
            "those that are known."
        )


def checked_submission(machine: Path, known: Path) -> CheckedSubmission:
    """Check the folder of a machine's results, and compare it with the results that are known.

    Raises:
        BadInput: something in it cannot be used, has no record, has no run of a release against
            itself or too many false alarms in it, or contradicts what is exact.
    """
    described = described_machine(machine)
    if described is None:
        raise refused(machine.name, f"its {MACHINE_FILE} cannot be used", "run asv machine")
    _require_all_usable(machine)
    own = [each for each in read_results(machine.parent) if each.machine == machine.name]
    alarms = _trusted(machine)
    noisy = sum(bool(each.noisy) for each in own)
    return CheckedSubmission(
        machine.name,
        f"{described['cpu']}, {described['num_cpu']} CPUs, {described['os']}",
        len(own),
        len({each.tomogram for each in own}),
        len(read_layout_lines(machine.parent, machine.name)),
        alarms,
        noisy,
        _agreeing(own, read_results(known)),
    )


def _require_all_usable(machine: Path) -> None:
    """Nothing may be left out, as it would be among results of one's own."""
    wanted = [path for path in sorted(machine.glob("*.json")) if path.name != MACHINE_FILE]
    usable = set(result_paths_of(machine))
    if not usable:
        raise refused(machine.name, "has no result file of asv", "measure: cryoet-zarr-bench bench")
    for path in wanted:
        if path not in usable:
            raise refused(f"{machine.name}/{path.name}", "cannot be used", "leave it out")
        if not record_path(path).is_file():
            raise refused(
                f"{machine.name}/{path.name}", "has no record beside it", "measure it by bench"
            )
    records = {record_path(path).name for path in wanted}
    for path in sorted(machine.glob("*.jsonl")):
        if path.name not in records:
            _require_lines(machine, path)


def _require_lines(machine: Path, path: Path) -> None:
    there = sum(bool(line.strip()) for line in path.read_bytes().split(b"\n"))
    read = _READERS.get(path.name)
    usable = len(read(machine.parent, machine.name) if read else list(read_lines(path)))
    if usable < there:
        raise refused(
            f"{machine.name}/{path.name}", f"{there - usable} lines cannot be used", "leave it out"
        )


def _trusted(machine: Path) -> FalseAlarms:
    path = machine / TRUST_FILE
    found = false_alarms(read_trust(path) if path.is_file() else [], (SAME,))
    run = f"run cryoet-zarr-bench trust --machine {machine.name} --minutes 30"
    if found.cells < LEAST_CELLS:
        raise refused(
            machine.name,
            f"a release was compared with itself in {found.cells} cells, {LEAST_CELLS} are needed",
            run,
        )
    if found.alarms > MOST_ALARMS * found.cells:
        raise refused(
            machine.name,
            f"{found.alarms} false alarms in {found.cells} cells of a release against itself",
            f"measure on a quiet machine, then {run}",
        )
    return found


def _agreeing(own: list[MeasuredRelease], known: list[MeasuredRelease]) -> int:
    """How many ratios are known here too; BadInput if one of them is another."""
    theirs = {
        (each.commit, each.tomogram, each.numcodecs, cell): ratio
        for each in known
        for cell, ratio in each.figures.get(EXACT, {}).items()
    }
    count = 0
    for each in own:
        for cell, ratio in each.figures.get(EXACT, {}).items():
            expected = theirs.get((each.commit, each.tomogram, each.numcodecs, cell))
            if expected is None:
                continue
            if abs(ratio / expected - 1) > SAME_RATIO:
                raise refused(
                    each.machine,
                    f"{cell.codec} {cell.chunks} of {each.tomogram} is {ratio:.4f} times smaller, "
                    f"which is known as {expected:.4f}",
                    "the name stands for another tomogram: give it one of its own",
                )
            count += 1
    return count
