"""Keep what a release measured against itself (A/A) showed, beside the results of a history run."""

from __future__ import annotations

from typing import Any

from cryoet_zarr_bench.analysis.repeat_noise import NOISE_FILE
from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease, read_results
from cryoet_zarr_bench.asv_bridge.release_steps import Place, Step
from cryoet_zarr_bench.common.json_lines import read_lines, write_lines
from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.measured.exact_figures import needs_no_clock
from cryoet_zarr_bench.releases.release_commits import commit_of


def is_waiting(place: Place, step: Step) -> bool:
    """True if a repeat was measured but not recorded, because a kill came in between."""
    newest = _newest(place, step)
    if newest is None:
        return False
    path = place.results / newest.machine / NOISE_FILE
    return newest.measured_at not in {line.get("measured_at") for line in read_lines(path)}


def add_repeat(place: Place, step: Step) -> None:
    """Add the repeat that was just measured to the machine's noise file, whole or not at all.

    asv overwrites the result of an earlier repeat, so each is taken over as it is measured.
    """
    newest = _newest(place, step)
    assert newest is not None
    path = place.results / newest.machine / NOISE_FILE
    write_lines(path, [*read_lines(path), _line(step, newest)])


def _newest(place: Place, step: Step) -> MeasuredRelease | None:
    measured = [
        result
        for result in read_results(place.for_repeats.results)
        if result.commit == commit_of(step.release.tag) and result.numcodecs == step.numcodecs
    ]
    return max(measured, key=lambda result: result.measured_at, default=None)


def _line(step: Step, result: MeasuredRelease) -> dict[str, Any]:
    return {
        "release": step.release.tag,
        "numcodecs": step.numcodecs,
        "python": result.python,
        "tomogram": result.tomogram,
        "profile": result.profile,
        "measured_at": result.measured_at,
        "canary_spread": result.canary_spread,
        "noisy": result.noisy,
        "figures": {
            benchmark: {
                f"{cell.codec} {cell.chunks} {cell.zarr_format}": short(value)
                for cell, value in cells.items()
            }
            for benchmark, cells in result.figures.items()
            if not needs_no_clock(benchmark)
        },
    }
