"""The times that pages show of releases: from the anchored history, so that two can be compared.

The time of a release is the anchor's own median times the release's ratio to it. Times that asv
took of each release by itself, hours apart, are published only where a machine has no anchored
history, and for the one release whose configs a page compares with each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, read_anchored
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.measured.exact_figures import needs_no_clock
from cryoet_zarr_bench.verdicts.anchored_cells import REACH
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, is_of_memory


@dataclass(frozen=True)
class PublishedTime:
    """CPU seconds of a call, with the 99 % interval of the ratio to the anchor.

    `is_wide` is true where the release is known less well beside its anchor than was aimed at.
    """

    seconds: float
    low: float
    high: float
    is_wide: bool


def published_name(benchmark: str) -> str:
    """The benchmark of asv that shows a call's CPU time; opening has but one."""
    return benchmark if benchmark == OPEN else benchmark + TWIN


def is_raw_time(benchmark: str) -> bool:
    """True if a figure is a time of one release by itself, or is made of such times."""
    return not needs_no_clock(benchmark) and not is_of_memory(benchmark)


def published_times(history: AnchoredHistory, release: str) -> dict[str, dict[Cell, PublishedTime]]:
    """The times of a release, by its tag: asv's name of a benchmark -> its cells."""
    found: dict[str, dict[Cell, PublishedTime]] = {}
    for cell in history.cells(release):
        seconds, ratio = history.seconds(release, cell), history.to_anchor(release, cell)
        if seconds is None or ratio is None:
            continue
        own = history.own_ratio(release, cell)
        time = PublishedTime(
            seconds,
            seconds * ratio.low / ratio.ratio,
            seconds * ratio.high / ratio.ratio,
            own is not None and own.reach > REACH,
        )
        of_grid = Cell(cell.codec, cell.chunks, cell.zarr_format)
        found.setdefault(published_name(cell.benchmark), {})[of_grid] = time
    return found


def anchored_histories(results: Path) -> dict[tuple[str, str, str], AnchoredHistory]:
    """All anchored histories under `results`: by machine, tomogram and Python."""
    found: dict[tuple[str, str, str], AnchoredHistory] = {}
    for machine in sorted(path.name for path in results.glob("*") if path.is_dir()):
        lines = read_anchored(results, machine)
        for series in dict.fromkeys((line.tomogram, line.python) for line in lines):
            own = [line for line in lines if (line.tomogram, line.python) == series]
            found[machine, *series] = AnchoredHistory(own)
    return found
