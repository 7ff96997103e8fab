"""A history whose truth is known, through the anchored history: which planted steps it finds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, AnchoredRelease
from cryoet_zarr_bench.common.json_lines import read_lines_as
from cryoet_zarr_bench.verdicts.change_rule import change_of_ratio, direction

PLANTED_FILE = "anchored-planted.jsonl"
"""In a machine's folder of results: a line for each planted release, as in `anchored.jsonl`."""

PLANTED = (0, 0, 10, 10, 0, 20, 20, 5, 0)
"""How many percent slower than zarr as it was released each planted release is, in their order."""

_NAME = re.compile(r"planted-(\d+)\+(\d+)")


def planted_name(number: int) -> str:
    """The name of a planted release, which says how much slower it is."""
    return f"planted-{number}+{PLANTED[number]}"


@dataclass(frozen=True)
class PlantedSteps:
    """What was said of the steps of one size, `percent`: 0 where nothing was planted.

    Of so many `cells` of `steps` steps, `right` were called a change in the right direction, or no
    change where there is none; `wrong` were called a change that is none, or the opposite.
    """

    percent: int
    steps: int
    cells: int
    right: int
    wrong: int


def planted_steps(lines: Iterable[AnchoredRelease]) -> list[PlantedSteps]:
    """Sum up what the anchored history says of neighbours, by the size of what was planted."""
    known = {line.release: line for line in lines if _NAME.fullmatch(line.release)}
    history = AnchoredHistory(known.values())
    ordered = sorted(known, key=lambda name: int(name.removeprefix("planted-").split("+")[0]))
    counts: dict[int, list[int]] = {}
    for a, b in itertools.pairwise(ordered):
        (before, after) = (int(name.split("+")[1]) for name in (a, b))
        truth = (after > before) - (after < before)
        found = counts.setdefault(abs(after - before), [0, 0, 0, 0])
        found[0] += 1
        for cell in history.cells(b):
            ratio = history.between(a, b, cell)
            if ratio is None:
                continue
            said = direction(cell.benchmark, change_of_ratio(ratio.ratio, ratio.low, ratio.high))
            found[1] += 1
            found[2] += said == truth
            found[3] += said not in (0, truth)
    return [PlantedSteps(percent, *counted) for percent, counted in sorted(counts.items())]


def read_planted(results: Path, machine: str) -> list[AnchoredRelease]:
    """The planted releases that a machine has measured; what is no such line is left out."""
    path = results / machine / PLANTED_FILE
    return list(read_lines_as(path, AnchoredRelease.model_validate))
