"""What is known of two releases, figure by figure: the one place that statements come from.

A statement says whether a figure of release b is worse or better than that of release a, by
`change_rule`, and from what that is known:

- `verdict`: both were measured side by side, as neighbours, and the change was found twice;
- `anchored`: each was measured beside an anchor, and the ratios multiply;
- `counted`: instructions, where the counts differ by more than their repeats do;
- `exact`: bytes, files, requests are the same each time;
- `repeats`: peak memory, measured once a release, with the range that repeats of one release have.

Times that asv took of both, hours apart, are no evidence and are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, read_anchored
from cryoet_zarr_bench.analysis.changes.counted_releases import (
    DIFFERENCE,
    CountedReleases,
    most_counted,
    own_results,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import JudgedCell, JudgedStep, read_verdicts
from cryoet_zarr_bench.analysis.repeat_noise import Noise, read_noise
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease, read_results
from cryoet_zarr_bench.measured.clocks import TWIN
from cryoet_zarr_bench.measured.exact_figures import is_counted, is_exact
from cryoet_zarr_bench.verdicts.change_rule import (
    CHANGES,
    INCONCLUSIVE,
    TOLD_FROM,
    change_of_counts,
    change_of_exact,
    change_of_ratio,
    direction,
)
from cryoet_zarr_bench.verdicts.compared_cells import MEMORY, ComparedCell

VERDICT, ANCHORED, COUNTED = "verdict", "anchored", "counted"
EXACT, REPEATS = "exact", "repeats"

DERIVED = (
    "_ratio",
    "_fraction",
    "_above_entropy",
    "_modelled_seconds",
    "_overread",
    "_error_in_sigma",
    "_within_bound",
)
"""Ends of the names of exact figures that say once more what another one says."""

ELSEWHERE = "portability."
"""What docs/portability.md has, whose figures are no amounts."""


@dataclass(frozen=True)
class Statement:
    """What is said of one figure of release `b` against release `a`.

    `word` is one of `change_rule`; `ratio` is b over a, `low` and `high` bound it: with 99 %
    confidence for times, by the range of repeats for peak memory, and not at all (both are the
    ratio) where the figure is exact. `before` and `after` are the figures themselves where they
    were counted, else None. `clock` tells which one a verdict on a time is of.
    """

    a: str
    b: str
    benchmark: str
    cell: Cell
    word: str
    ratio: float
    low: float
    high: float
    source: str
    before: float | None = None
    after: float | None = None
    clock: str = "CPU time"

    @property
    def direction(self) -> int:
        """1 where b is worse, -1 where it is better, 0 where no change is said."""
        return direction(self.benchmark, self.word)

    @property
    def is_candidate(self) -> bool:
        """True for a change that no direct comparison has confirmed yet."""
        return self.word in CHANGES and self.source != VERDICT

    @property
    def is_told(self) -> bool:
        """True for a difference of 1 % or more, of a figure that is exact or counted."""
        return self.distance >= math.log1p(TOLD_FROM)

    @property
    def config(self) -> str:
        """Its storage config as tables show it, such as `zstd-5 64x64x64 v3`."""
        return f"{self.cell.codec} {self.cell.chunks} v{self.cell.zarr_format}"

    @property
    def distance(self) -> float:
        """Distance from no change, the same for half as much and twice as much."""
        return abs(math.log(self.ratio)) if 0 < self.ratio < math.inf else math.inf


@dataclass(frozen=True)
class ReleaseEvidence:
    """All that one machine knows of the releases, on one tomogram and with one Python.

    `measured` are the releases' own results by their tags, `steps` the judged steps by both tags.
    `counted` are the results that have instructions, which may be another machine's.
    """

    machine: str
    tomogram: str
    python: str
    measured: dict[str, MeasuredRelease]
    anchored: AnchoredHistory
    steps: dict[tuple[str, str], JudgedStep]
    noise: Noise
    counted: CountedReleases = field(default_factory=CountedReleases)

    @property
    def releases(self) -> set[str]:
        """The tags of the releases of which anything is known."""
        return {*self.measured, *self.anchored.releases}

    def statements(self, a: str, b: str) -> list[Statement]:
        """Everything that can be said of b against a: times, then memory, then what is counted."""
        return [
            *self._times(a, b),
            *self._counted(a, b),
            *self._memory(a, b),
            *self.exact(a, b),
        ]

    def statement(self, a: str, b: str, benchmark: str, cell: Cell) -> Statement | None:
        """What can be said of one figure, by asv's name of the benchmark; None if nothing can."""
        if is_counted(benchmark):
            return self._counted_of(a, b, benchmark, cell)
        if is_exact(benchmark):
            return self._exactly(a, b, benchmark, cell)
        if benchmark == MEMORY:
            return self._memory_of(a, b, cell)
        name = benchmark.removesuffix(TWIN)
        return self._time(a, b, ComparedCell(name, cell.codec, cell.chunks, cell.zarr_format))

    def _times(self, a: str, b: str) -> Iterable[Statement]:
        both = set(self.anchored.cells(b))
        cells = [cell for cell in self.anchored.cells(a) if cell in both]
        judged = [cell for cell in self._judged(a, b) if cell not in both and cell.is_timed]
        for cell in [*cells, *judged]:
            if said := self._time(a, b, cell):
                yield said

    def _time(self, a: str, b: str, cell: ComparedCell) -> Statement | None:
        if judged := self._judged(a, b).get(cell):
            return _of_verdict(a, b, judged)
        found = self.anchored.between(a, b, cell)
        if found is None:
            return None
        bounds = found.ratio, found.low, found.high
        return Statement(
            a, b, cell.benchmark, _cell(cell), change_of_ratio(*bounds), *bounds, ANCHORED
        )

    @cached_property
    def _by_step(self) -> dict[tuple[str, str], dict[ComparedCell, JudgedCell]]:
        return {
            key: {cell.compared: cell for cell in step.cells if cell.is_judged}
            for key, step in self.steps.items()
            # Before layouts were drawn a small change was no evidence; see `LAYOUT_CAVEAT`.
            if step.draws_layout
        }

    def _judged(self, a: str, b: str) -> dict[ComparedCell, JudgedCell]:
        return self._by_step.get((a, b), {})

    def _counted(self, a: str, b: str) -> Iterator[Statement]:
        one = self.counted.releases.get(a)
        for name in one.figures if one else ():
            if is_counted(name):
                for cell in _both(self.counted.releases, a, b, name):
                    if said := self._counted_of(a, b, name, cell):
                        yield said

    def _counted_of(self, a: str, b: str, benchmark: str, cell: Cell) -> Statement | None:
        before, after = (_figure(self.counted.releases, each, benchmark, cell) for each in (a, b))
        differ = [_figure(self.counted.releases, release, DIFFERENCE, cell) for release in (a, b)]
        if benchmark == DIFFERENCE or not before or not after or None in differ:
            return None
        # As if the two counts of each release were known: their mean, and how far they are apart.
        counts = [
            (count / (1 + part / 2), count * (1 + part / 2))
            for count, part in zip((before, after), (each or 0.0 for each in differ), strict=True)
        ]
        word, ratio = change_of_counts(*counts), after / before
        width = (1 + (differ[0] or 0)) * (1 + (differ[1] or 0))
        bounds = ratio, ratio / width, ratio * width
        return Statement(a, b, benchmark, cell, word, *bounds, COUNTED, before, after)

    def _memory(self, a: str, b: str) -> Iterable[Statement]:
        judged = [_cell(each) for each in self._judged(a, b) if each.benchmark == MEMORY]
        for cell in dict.fromkeys([*_both(self.measured, a, b, MEMORY), *judged]):
            if said := self._memory_of(a, b, cell):
                yield said

    def _memory_of(self, a: str, b: str, cell: Cell) -> Statement | None:
        compared = ComparedCell(MEMORY, cell.codec, cell.chunks, cell.zarr_format)
        if judged := self._judged(a, b).get(compared):
            return _of_verdict(a, b, judged)
        before, after = (
            _figure(self.measured, a, MEMORY, cell),
            _figure(self.measured, b, MEMORY, cell),
        )
        band = self.noise.band(MEMORY, cell)
        if not before or not after or band is None:
            return None
        ratio, width = after / before, band.high / band.low
        bounds = ratio, ratio / width, ratio * width
        word = change_of_ratio(*bounds)
        return Statement(a, b, MEMORY, cell, word, *bounds, REPEATS, before, after)

    def exact(self, a: str, b: str) -> Iterator[Statement]:
        """What can be said of what is counted or computed; nothing of runs of two profiles."""
        one, other = self.measured.get(a), self.measured.get(b)
        if one is None or other is None or one.profile != other.profile:
            return
        for name in one.figures:
            if not is_exact(name) or name.endswith(DERIVED) or name.startswith(ELSEWHERE):
                continue
            for cell in _both(self.measured, a, b, name):
                if said := self._exactly(a, b, name, cell):
                    yield said

    def _exactly(self, a: str, b: str, benchmark: str, cell: Cell) -> Statement | None:
        before, after = (
            _figure(self.measured, a, benchmark, cell),
            _figure(self.measured, b, benchmark, cell),
        )
        if before is None or after is None:
            return None
        ratio = after / before if before else (1.0 if after == before else math.inf)
        word = change_of_exact(before, after)
        return Statement(a, b, benchmark, cell, word, *(ratio,) * 3, EXACT, before, after)


def _both(measured: Mapping[str, MeasuredRelease], a: str, b: str, benchmark: str) -> list[Cell]:
    one, other = measured.get(a), measured.get(b)
    if one is None or other is None:
        return []
    known = other.figures.get(benchmark, {})
    return [cell for cell in one.figures.get(benchmark, {}) if cell in known]


def _figure(
    measured: Mapping[str, MeasuredRelease], release: str, benchmark: str, cell: Cell
) -> float | None:
    known = measured.get(release)
    return None if known is None else known.figure(benchmark, cell)


def _cell(cell: ComparedCell) -> Cell:
    return Cell(cell.codec, cell.chunks, cell.zarr_format)


def _of_verdict(a: str, b: str, judged: JudgedCell) -> Statement:
    found = judged.deciding
    ratio, low, high = (
        math.nan if each is None else each for each in (found.ratio, found.low, found.high)
    )
    word = judged.verdict if not math.isnan(ratio) else INCONCLUSIVE
    cell = _cell(judged.compared)
    return Statement(
        *(a, b, judged.benchmark, cell, word, ratio, low, high, VERDICT), clock=found.figure
    )


def read_evidence(results: Path, machine: str, tomogram: str, python: str) -> ReleaseEvidence:
    """Everything under `results` that a machine knows, on one tomogram and with one Python."""
    series = machine, tomogram, python
    lines = read_anchored(results, machine)
    by_machine = own_results(read_results(results), tomogram, python)
    return ReleaseEvidence(
        *series,
        measured=by_machine.get(machine, {}),
        anchored=AnchoredHistory(
            line for line in lines if (line.tomogram, line.python) == (tomogram, python)
        ),
        steps={
            (step.parent, step.release): step
            for step in read_verdicts(results)
            if step.series == series
        },
        noise=read_noise(results, machine).of(tomogram, python),
        counted=most_counted(by_machine),
    )


class EvidenceOfSeries:
    """The evidence of each machine, tomogram and Python, read when it is first asked for."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._known: dict[tuple[str, str, str], ReleaseEvidence] = {}

    def of(self, machine: str, tomogram: str, python: str) -> ReleaseEvidence:
        """What a machine knows, on one tomogram and with one Python."""
        series = machine, tomogram, python
        if series not in self._known:
            self._known[series] = read_evidence(self._results, *series)
        return self._known[series]
