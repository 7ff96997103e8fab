"""One release, measured several times on one tomogram: the medians of its measurements.

The reference release of a history is measured again and again (`repeat_noise.py`), days apart too.
A median of many is far surer than one of them, so recommendations rest on it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from cryoet_zarr_bench.analysis.repeat_noise import Noise, Repeat
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.measured.exact_figures import needs_no_clock
from cryoet_zarr_bench.releases.release_commits import commit_of

FEWEST = 4
"""Measurements, so that each half of them has two to take the median of."""

UNKNOWN_MARGIN = 1.25
"""By what factor times are taken to differ by themselves where no release was repeated."""

Values = dict[str, dict[Cell, list[float]]]
"""Benchmark -> cell -> the figures of all measurements, in the order of time."""


@dataclass(frozen=True)
class Pooled:
    """A release whose figures are medians of `runs` measurements; exact ones are as they were.

    `margin` is the factor by which nine of ten CPU times differ at most by themselves: single ones
    where `runs` is 1, else medians of half of the measurements from those of the other half.
    """

    result: MeasuredRelease
    runs: int
    margin: float

    @property
    def margin_in_words(self) -> str:
        """The variation of times between repeat runs, and how it is known."""
        if self.runs == 1:
            return f"repeat runs vary by up to {self.margin:.2f}x"
        return (
            f"times are medians of {self.runs} repeat runs, and such medians vary by up to "
            f"{self.margin:.2f}x"
        )


def pooled(result: MeasuredRelease, noise: Noise) -> Pooled:
    """A measured release together with its repeats on the same tomogram, as far as there are any.

    `noise` are all repeats of the machine: where this release or this tomogram was not repeated,
    others tell how far single measurements differ.
    """
    own = noise.of(result.tomogram, result.python)
    repeats = [each for each in own.repeats if _is_of(each, result)]
    runs = 1 + len(repeats)
    if runs < FEWEST:
        return Pooled(result, 1, _margin_of_one(own if own.repeats else noise))
    values = _values(result, repeats)
    medians = {
        name: {cell: statistics.median(found) for cell, found in cells.items()}
        for name, cells in values.items()
    }
    # The quartiles of one measurement say nothing of the median of all.
    together = replace(result, figures=result.figures | medians, quartiles={})
    return Pooled(together, runs, _margin_of_halves(values) or _margin_of_one(own))


def _is_of(repeat: Repeat, result: MeasuredRelease) -> bool:
    return commit_of(repeat.release) == result.commit and repeat.numcodecs == result.numcodecs


def _values(result: MeasuredRelease, repeats: Iterable[Repeat]) -> Values:
    """All figures of what is measured, not exact: of the cells that the result itself has."""
    return {
        name: {
            cell: [
                figure,
                *(
                    again
                    for each in repeats
                    if (again := each.figures.get(name, {}).get(cell)) is not None
                ),
            ]
            for cell, figure in cells.items()
        }
        for name, cells in result.figures.items()
        if not needs_no_clock(name)
    }


def _margin_of_halves(values: Values) -> float | None:
    """Largest difference between the medians of two halves of the measurements; None if too few."""
    factors = []
    for name, cells in values.items():
        for found in cells.values():
            if name.endswith(TWIN) and len(found) >= FEWEST:
                one, other = (statistics.median(found[start::2]) for start in (0, 1))
                factors.append(max(one / other, other / one))
    return float(np.percentile(factors, 90)) if factors else None


def _margin_of_one(noise: Noise) -> float:
    """Largest difference of single measurements, in nine of ten pairs."""
    spread = noise.spread(cpu=True)
    return max(1.0, spread.high) if spread else UNKNOWN_MARGIN
