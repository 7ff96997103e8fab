"""Differences between measurements of the same release, repeated during a history run.

While the releases of a history are measured, a reference release is measured again and again. What
its figures differ by is the machine, not the library: the band in which a step means nothing.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.common.json_lines import read_lines_as
from cryoet_zarr_bench.measured.exact_figures import needs_no_clock

NOISE_FILE = "noise.jsonl"
"""In a machine's folder of results: a line for each repeat. asv reads no such file."""

FEWEST = 3
"""Fewer repeats of a cell tell nothing of its range."""


@dataclass(frozen=True)
class Repeat:
    """One measurement of a reference release, all cells: `noise.jsonl` has one a line.

    `numcodecs` is the column's pin, None for the release's own pair; `measured_at` is in
    milliseconds since 1970; `canary_spread` and `noisy` are None if no canary was run.
    """

    release: str
    numcodecs: str | None
    python: str
    tomogram: str
    measured_at: int
    canary_spread: float | None
    noisy: bool | None
    figures: dict[str, dict[Cell, float]]


@dataclass(frozen=True)
class Band:
    """The range of the repeats of one cell, as factors of their median."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Spread:
    """By what factor, 1 or more, two measurements of one release differ that follow one another.

    `median` and `high`, the 90th percentile, are over `count` such pairs of all timed cells.
    """

    median: float
    high: float
    count: int


@dataclass(frozen=True)
class Noise:
    """All repeats of a machine, in the order of time."""

    repeats: tuple[Repeat, ...]

    def of(self, tomogram: str, python: str) -> Noise:
        """The repeats on one tomogram with one version of Python: others have other figures."""
        return Noise(
            tuple(
                each for each in self.repeats if (each.tomogram, each.python) == (tomogram, python)
            )
        )

    def band(self, benchmark: str, cell: Cell) -> Band | None:
        """The range of a cell's repeats; of several reference releases, that of the widest.

        None for exact figures, and where no reference release has 3 repeats of the cell.
        """
        if needs_no_clock(benchmark):
            return None
        bands = [
            Band(min(values) / middle, max(values) / middle, len(values))
            for values in self._by_reference(benchmark, cell)
            if len(values) >= FEWEST and (middle := float(np.median(values)))
        ]
        return max(bands, key=lambda band: band.high / band.low, default=None)

    def bands(self, benchmark: str) -> Iterator[tuple[Cell, Band]]:
        """Every cell of a benchmark that has a band, with it."""
        cells = {cell: None for each in self.repeats for cell in each.figures.get(benchmark, {})}
        for cell in cells:
            if band := self.band(benchmark, cell):
                yield cell, band

    def spread(self, *, cpu: bool) -> Spread | None:
        """Spread between consecutive repeats, over the cells of all benchmarks of one clock.

        None if nothing was repeated.
        """
        benchmarks = {name for each in self.repeats for name in each.figures if is_timed(name)}
        factors = [
            max(one / other, other / one)
            for benchmark in benchmarks
            if benchmark.endswith("_cpu") == cpu
            for cell in {cell for each in self.repeats for cell in each.figures.get(benchmark, {})}
            for values in self._by_reference(benchmark, cell)
            for one, other in itertools.pairwise(values)
        ]
        if not factors:
            return None
        median, high = np.percentile(factors, [50, 90])
        return Spread(float(median), float(high), len(factors))

    def _by_reference(self, benchmark: str, cell: Cell) -> list[list[float]]:
        found: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        for each in self.repeats:
            figure = each.figures.get(benchmark, {}).get(cell)
            if figure is not None:
                found[each.release, each.numcodecs].append(figure)
        return list(found.values())


def is_timed(benchmark: str) -> bool:
    """True if its figures come from a clock."""
    return benchmark.rsplit(".", 1)[-1].startswith("time_")


def read_noise(results: Path, machine: str) -> Noise:
    """The repeats that a history run left in `results/<machine>/noise.jsonl`, none without it."""
    found = read_lines_as(results / machine / NOISE_FILE, _repeat)
    return Noise(tuple(sorted(found, key=lambda each: each.measured_at)))


def _repeat(line: dict[str, Any]) -> Repeat:
    spread = line.get("canary_spread")
    noisy = line.get("noisy")
    return Repeat(
        release=str(line["release"]),
        numcodecs=line.get("numcodecs") or None,
        python=str(line["python"]),
        tomogram=str(line["tomogram"]),
        measured_at=int(line["measured_at"]),
        canary_spread=None if spread is None else float(spread),
        noisy=None if noisy is None else bool(noisy),
        figures={
            benchmark: {
                _cell(name): float(figure)
                for name, figure in cells.items()
                if isinstance(figure, int | float) and math.isfinite(figure) and figure > 0
            }
            for benchmark, cells in line["figures"].items()
        },
    )


def _cell(name: str) -> Cell:
    codec, rest = name.split(" ", 1)
    chunks, zarr_format = rest.rsplit(" ", 1)  # those in shards have spaces in their name
    return Cell(codec, chunks, int(zarr_format))
