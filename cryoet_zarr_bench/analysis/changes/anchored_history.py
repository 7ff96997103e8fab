"""The anchored history: each release's CPU time as a ratio to an anchor measured beside it.

A ratio of two releases follows from their ratios to one anchor, or over the tie of both anchors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as
from cryoet_zarr_bench.verdicts.anchored_cells import ANCHOR
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.judgement import reach_between

REPEATS_FILE = "anchored-repeats.jsonl"
"""The same of releases that were measured once more, to see how far their figures repeat."""

ANCHORED_FILE = "anchored.jsonl"
"""In a machine's folder of results: a line for each release. asv reads no such file."""

_Positive = Annotated[FiniteFloat, Field(gt=0)]


class AnchoredCell(BaseModel):
    """A cell of a release: its CPU time over the anchor's, with a 99 % interval.

    The ratio and its bounds are None where the pairs allow no estimate, or the cell is not
    available, of which `reason` says why. `log_ratios` has the natural logarithm of each pair's
    ratio, from which `judgement.estimate` makes them; `anchor_seconds` is the median of the
    anchor's calls.
    """

    model_config = ConfigDict(strict=True)

    benchmark: str
    codec: str
    chunks: str
    zarr_format: int
    ratio: _Positive | None
    low: _Positive | None
    high: _Positive | None
    log_ratios: list[FiniteFloat]
    anchor_seconds: _Positive | None
    reason: str | None

    @property
    def cell(self) -> ComparedCell:
        """The call and the config that it is of."""
        return ComparedCell(self.benchmark, self.codec, self.chunks, self.zarr_format)


class StoredConfig(BaseModel):
    """What a release wrote of a config: bytes and files, metadata included."""

    model_config = ConfigDict(strict=True)

    bytes: int
    files: int


class AnchoredRelease(BaseModel):
    """A line of the file: a release measured beside its anchor, both by their tags.

    `stored` and `anchor_stored` have what both wrote, by the names of configs. They are empty for
    releases of the catalogue, whose results have these figures.
    """

    model_config = ConfigDict(strict=True)

    release: str
    anchor: str
    tomogram: str
    python: str
    measured_at: str
    load: FiniteFloat
    reason: str | None
    cells: list[AnchoredCell]
    stored: dict[str, StoredConfig] = {}
    anchor_stored: dict[str, StoredConfig] = {}


@dataclass(frozen=True)
class Ratio:
    """A ratio of CPU times with its 99 % interval; above 1 is slower."""

    ratio: float
    low: float
    high: float

    @property
    def reach(self) -> float:
        """Half the width of the interval, as a part: 0.08 where the ratio is known to 8 %."""
        return reach_between(self.low, self.high)


def product(*ratios: Ratio) -> Ratio:
    """The product of independent ratios, 1 of none; widths of intervals add up in squares."""
    width = math.sqrt(sum((math.log(each.high / each.low) / 2) ** 2 for each in ratios))
    ratio = math.prod(each.ratio for each in ratios)
    return Ratio(ratio, ratio * math.exp(-width), ratio * math.exp(width))


def inverse(ratio: Ratio) -> Ratio:
    """The anchor's time over the release's."""
    return Ratio(1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low)


class AnchoredHistory:
    """What is known of releases from their pairs with an anchor."""

    def __init__(self, lines: Iterable[AnchoredRelease]) -> None:
        self._found: dict[str, dict[ComparedCell, AnchoredCell]] = {}
        self._anchors: dict[str, str] = {}
        for line in lines:
            self._found[line.release] = {each.cell: each for each in line.cells}
            self._anchors[line.release] = line.anchor

    @property
    def releases(self) -> set[str]:
        """The tags of all releases that can be compared."""
        return {*self._found, *self._anchors.values()}

    def cells(self, release: str) -> list[ComparedCell]:
        """The cells in which a release has a ratio; of an anchor those of the others."""
        if release in self._found:
            return [cell for cell in self._found[release] if self.own_ratio(release, cell)]
        beside = [tag for tag, anchor in self._anchors.items() if anchor == release]
        return list(dict.fromkeys(cell for tag in beside for cell in self.cells(tag)))

    def to_anchor(self, release: str, cell: ComparedCell) -> Ratio | None:
        """The ratio of a release to `ANCHOR`, over the tie for zarr 2; None if it is not known."""
        return self.between(ANCHOR, release, cell)

    def between(self, a: str, b: str, cell: ComparedCell) -> Ratio | None:
        """The time of release `b` over that of release `a`; None if it is not known.

        Over the nearest anchor that both have: what lies beyond it would count twice.
        """
        up, down = self._chain(a), self._chain(b)
        while up and down and up[-1] == down[-1]:
            up.pop()
            down.pop()
        steps: list[Ratio] = []
        for tag in (*up, *down):
            step = self.own_ratio(tag, cell)
            if step is None:
                return None
            steps.append(inverse(step) if tag in up else step)
        return product(*steps)

    def _chain(self, release: str) -> list[str]:
        """A release, its anchor, the anchor of that, and so on."""
        chain = [release]
        while (anchor := self._anchors.get(chain[-1])) and anchor not in chain:
            chain.append(anchor)
        return chain

    def seconds(self, release: str, cell: ComparedCell) -> float | None:
        """CPU seconds: the median of the anchor's own, over all its pairs, times the ratio."""
        ratio = self.to_anchor(release, cell)
        own = [
            each.anchor_seconds
            for tag, cells in self._found.items()
            if self._anchors[tag] == ANCHOR and (each := cells.get(cell)) and each.anchor_seconds
        ]
        return None if ratio is None or not own else median(own) * ratio.ratio

    def own_ratio(self, release: str, cell: ComparedCell) -> Ratio | None:
        """The ratio of a release to the anchor that it was measured beside; None for an anchor."""
        found = self._found.get(release, {}).get(cell)
        if found is None or found.ratio is None or found.low is None or found.high is None:
            return None
        return Ratio(found.ratio, found.low, found.high)


def read_anchored(results: Path, machine: str) -> list[AnchoredRelease]:
    """The releases that a machine has measured so; what is no such line is left out, and said."""
    path = results / machine / ANCHORED_FILE
    return list(read_lines_as(path, AnchoredRelease.model_validate))


def as_history(lines: Iterable[AnchoredRelease]) -> list[dict[str, Any]]:
    """The lines of a history: what the results of a release have as well is left out."""
    return [line.model_dump(exclude={"stored", "anchor_stored"}) for line in lines]


def read_repeats(results: Path, machine: str) -> list[AnchoredRelease]:
    """Releases that a machine has measured beside their anchor once more, in the order of time."""
    path = results / machine / REPEATS_FILE
    return list(read_lines_as(path, AnchoredRelease.model_validate))


def repeated_measurements(results: Path, machine: str) -> list[AnchoredRelease]:
    """All measurements of the releases that were measured again: that of the history among them."""
    again = read_repeats(results, machine)
    tags = {line.release for line in again}
    return [*(line for line in read_anchored(results, machine) if line.release in tags), *again]


@dataclass(frozen=True)
class RepeatedFigures:
    """How far the anchored figures of a release repeat: by what factor, over its cells.

    A cell's factor is the largest of its ratios over the least. `median` and `high`, the 90th
    percentile, are over `cells`; `times` is how often it was measured, over so many `hours`.
    """

    release: str
    times: int
    hours: float
    cells: int
    median: float
    high: float


def repeated_figures(lines: Iterable[AnchoredRelease]) -> list[RepeatedFigures]:
    """For each release that was measured several times, how far its figures repeat."""
    by_release: dict[str, list[AnchoredRelease]] = {}
    for line in lines:
        by_release.setdefault(line.release, []).append(line)
    found = []
    for release, several in by_release.items():
        ratios: dict[ComparedCell, list[float]] = {}
        for line in several:
            for each in line.cells:
                if each.ratio is not None:
                    ratios.setdefault(each.cell, []).append(each.ratio)
        factors = sorted(
            max(known) / min(known) for known in ratios.values() if len(known) == len(several)
        )
        if len(several) < 2 or not factors:
            continue
        begun = sorted(datetime.fromisoformat(line.measured_at) for line in several)
        found.append(
            RepeatedFigures(
                release,
                len(several),
                (begun[-1] - begun[0]).total_seconds() / 3600,
                len(factors),
                median(factors),
                factors[min(len(factors) - 1, math.ceil(0.9 * len(factors)) - 1)],
            )
        )
    return found
