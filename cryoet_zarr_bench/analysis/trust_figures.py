"""Trust in `confirm` and in anchored figures: what was said where the answer was known."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.anchored_history import (
    repeated_figures,
    repeated_measurements,
)
from cryoet_zarr_bench.analysis.changes.counted_releases import read_counted
from cryoet_zarr_bench.analysis.result_reader import machine_with
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.judgement import estimate, verdict
from cryoet_zarr_bench.verdicts.known_answers import (
    NO_SLOWER,
    SAME,
    SLOWER,
    is_slower,
    read_trust,
)

TRUST_FILE = "trust.jsonl"
"""In a machine's folder of results: a line for each cell. asv reads no such file."""

PAIRS_SHOWN = (8, 12, 20)
"""After how many pairs the power is told."""


@dataclass(frozen=True)
class FalseAlarms:
    """Verdicts on releases that are no slower, over `cells` of them.

    `alarms` were called changed by `confirm`, `single` would have been without its control of false
    discoveries. `hours` is the time between the first cell and the last.
    """

    cells: int
    alarms: int
    single: int
    no_change: int
    inconclusive: int
    hours: float


def kind_of(line: dict[str, Any]) -> str:
    """What the other side of a line was; before there were more kinds it was not noted."""
    return str(line.get("kind") or (SLOWER if line["percent"] else SAME))


def false_alarms(
    lines: Iterable[dict[str, Any]], kinds: tuple[str, ...] = NO_SLOWER
) -> FalseAlarms:
    """Sum up the lines of blocks of these kinds, in cells that are no slower."""
    same = [line for line in lines if kind_of(line) in kinds and not is_slower(line)]
    times = sorted(datetime.fromisoformat(line["measured_at"]) for line in same)
    return FalseAlarms(
        cells=len(same),
        alarms=sum(line["verdict"] in CHANGES for line in same),
        single=sum(verdict(estimate(line["cpu"])) in CHANGES for line in same),
        no_change=sum(line["verdict"] == NO_CHANGE for line in same),
        inconclusive=sum(line["verdict"] == INCONCLUSIVE for line in same),
        hours=(times[-1] - times[0]).total_seconds() / 3600 if times else 0.0,
    )


@dataclass(frozen=True)
class Power:
    """Of `cells` slower by `percent`, the parts that the first `pairs` pairs called a regression.

    `excluded` is the part whose interval excludes 1, whatever the estimate. `ratio` is the pooled
    ratio: the geometric mean.
    """

    percent: int
    pairs: int
    cells: int
    called: float
    excluded: float
    ratio: float


def power_curve(lines: Iterable[dict[str, Any]], kinds: tuple[str, ...] = (SLOWER,)) -> list[Power]:
    """The power at every slowdown and number of pairs there are measurements of."""
    by_percent: dict[int, list[list[float]]] = {}
    for line in lines:
        if kind_of(line) in kinds and is_slower(line):
            by_percent.setdefault(line["percent"], []).append(line["cpu"])
    found = []
    for percent, cells in sorted(by_percent.items()):
        for pairs in PAIRS_SHOWN:
            known = [estimate(cell[:pairs]) for cell in cells if len(cell) >= pairs]
            if known:
                pooled = statistics.fmean(value for cell in cells for value in cell[:pairs])
                found.append(
                    Power(
                        percent,
                        pairs,
                        len(known),
                        sum(verdict(each) == REGRESSION for each in known) / len(known),
                        sum(each.low > 1 for each in known) / len(known),
                        math.exp(pooled),
                    )
                )
    return found


def trust_in_words(results: Path, machine: str) -> list[str]:
    """Sentences on how far verdicts, anchored figures and counts can be trusted, as was measured.

    `machine` is the one whose history is told of; verdicts may have been tried on another, and
    instructions counted.
    """
    judge = machine_with(results, TRUST_FILE, machine)
    lines = read_trust(results / judge / TRUST_FILE)
    alarms = false_alarms(lines)
    said = []
    if alarms.cells:
        seen = [
            f"{100 * each.called:.0f} % of the cells made {each.percent} % slower within "
            f"{each.pairs} pairs"
            for each in power_curve(lines)
            if (each.percent, each.pairs) in ((10, 12), (20, 8))
        ]
        found = f", and found {' and '.join(seen)}" if seen else ""
        said.append(
            f"Verdicts: comparisons on {judge} raised {alarms.alarms} false alarms in "
            f"{alarms.cells} cells of releases that had not changed{found}."
        )
    for each in repeated_figures(repeated_measurements(results, machine)):
        said.append(
            f"Anchored times: {each.release} was measured {each.times} times over "
            f"{each.hours:.1f} hours; the largest of a cell's ratios was {each.median:.3f} times "
            f"its least at the median cell, {each.high:.3f} times at the 90th percentile."
        )
    if counted := read_counted(results).in_words:
        said.append(counted)
    return said
