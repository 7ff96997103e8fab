"""Verdicts and noise for the dashboard: `verdicts.json` and `noise.json`.

Both are read in the browser by `assets/evidence.js`. A row is a list where there are many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory
from cryoet_zarr_bench.analysis.changes.announced_outcomes import AnnouncedRow, announced_rows
from cryoet_zarr_bench.analysis.changes.comparison_sentence import exact_in_words
from cryoet_zarr_bench.analysis.changes.figure_titles import FigureTitles
from cryoet_zarr_bench.analysis.changes.published_times import anchored_histories, published_name
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    COUNTED,
    EXACT,
    EvidenceOfSeries,
    ReleaseEvidence,
    Statement,
)
from cryoet_zarr_bench.analysis.changes.release_verdicts import VerdictRow, verdict_rows
from cryoet_zarr_bench.analysis.changes.verdict_steps import (
    BENCHMARKS,
    LAYOUT_CAVEAT,
    JudgedCell,
    Ratio,
    heading,
    read_verdicts,
)
from cryoet_zarr_bench.analysis.repeat_noise import Band, Spread, read_noise
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.measured.exact_figures import needs_no_clock
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange
from cryoet_zarr_bench.releases.catalogue import Release, load_catalogue
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

CELL_FIELDS = (
    *("benchmark", "codec", "chunks", "format", "verdict", "by"),
    *("ratio", "low", "high", "pairs"),
    *("wallRatio", "wallLow", "wallHigh", "wallPairs"),
    *("why", "screened", "reason"),
)
"""The names of a cell's values in `verdicts.json`, in their order."""


def verdict_content(results: Path, changes: list[AnnouncedChange]) -> dict[str, Any]:
    """All verdicts under `results`, the newest release first, and what became of announced changes.

    `series` are what steps can be compared within, the last judged first; a step and an announced
    change name theirs by its place.
    """
    steps = read_verdicts(results)
    steps.sort(key=lambda step: step.measured_at, reverse=True)
    series = list(dict.fromkeys(step.series for step in steps))
    evidence = EvidenceOfSeries(results)
    rows = verdict_rows(steps, evidence)
    titles = FigureTitles(results)
    releases = {release.tag: release for release in load_catalogue().releases}
    benchmarks = list(
        dict.fromkeys(
            [
                *BENCHMARKS,
                *(name for row in rows for name in row.judgements),
                *(cell.benchmark for row in rows for cell in row.step.cells),
            ]
        )
    )
    return {
        "benchmarks": [{"name": name, "title": heading(name)} for name in benchmarks],
        "series": [
            dict(zip(("machine", "tomogram", "python"), each, strict=True)) for each in series
        ],
        "cell_fields": CELL_FIELDS,
        "layout_caveat": LAYOUT_CAVEAT,
        "steps": [
            {
                **_step(
                    row, series.index(row.step.series), benchmarks, releases.get(row.step.release)
                ),
                "exact": exact_in_words(row.exact),
                "exact_cells": [_exact(each, titles) for each in row.exact],
            }
            for row in rows
        ],
        "steps_of_catalogue": sum(release.parent is not None for release in releases.values()),
        "marks": [
            row for place, each in enumerate(series) for row in _marks(evidence.of(*each), place)
        ],
        "announced": [
            {
                "series": place,
                **_announced(row, releases.get(row.change.seen_in or "")),
            }
            for place, known in enumerate([[evidence.of(*each)] for each in series] or [[]])
            for row in announced_rows(changes, known)
        ],
        "elsewhere": [
            {**_described(change), "why": change.why} for change in changes if not change.touches
        ],
    }


def _step(
    row: VerdictRow, series: int, benchmarks: list[str], release: Release | None
) -> dict[str, Any]:
    step = row.step
    return {
        "series": series,
        "release": step.release,
        "parent": step.parent,
        # None for a release that the catalogue does not have.
        "branch": release and release.branch,
        "project": release and release.changed,
        "pair": release and f"zarr {release.zarr}, numcodecs {release.numcodecs}",
        "date": release and release.date.date().isoformat(),
        "seed": step.seed,
        "measured_at": step.measured_at,
        "reason": step.reason,
        "draws_layout": step.draws_layout,
        "compared": step.configs_compared,
        "changes": row.changes,
        "differences": step.differences,
        "judgements": [
            [
                benchmarks.index(name),
                judged.word,
                judged.said,
                judged.judged,
                judged.changed,
                _place(judged.strongest, step.cells),
                _place(judged.opposite, step.cells),
            ]
            for name, judged in row.judgements.items()
        ],
        "cells": [_cell(cell, benchmarks) for cell in step.cells],
    }


def _marks(evidence: ReleaseEvidence, place: int) -> Iterator[list[Any]]:
    """A row for each change of a time, of memory or of instructions, as graphs mark it.

    Series, release, benchmark, codec, chunks, format, 1 for worse or -1, by what it is known, and
    the ratio with its bounds.
    """
    for release in load_catalogue().releases:
        if release.parent is None:
            continue
        for said in evidence.statements(release.parent, release.tag):
            is_marked = said.source != EXACT and (said.source != COUNTED or said.is_told)
            if said.direction and is_marked:
                cell = said.cell
                bounds = (_rounded(value) for value in (said.ratio, said.low, said.high))
                yield [
                    *(place, release.tag, said.benchmark, cell.codec, cell.chunks),
                    *(cell.zarr_format, said.direction, said.source, *bounds),
                ]


def _exact(each: Statement, titles: FigureTitles) -> list[Any]:
    return [titles.of(each.benchmark), each.config, each.before, each.after]


def _place(cell: JudgedCell | None, cells: tuple[JudgedCell, ...]) -> int | None:
    return None if cell is None else cells.index(cell)


def _cell(cell: JudgedCell, benchmarks: list[str]) -> list[Any]:
    return [
        *(benchmarks.index(cell.benchmark), cell.codec, cell.chunks, cell.zarr_format),
        *(cell.verdict, cell.deciding.figure, *_ratio(cell.measured), *_ratio(cell.wall)),
        *(cell.why, _rounded(cell.screened), cell.reason),
    ]


def _ratio(found: Ratio) -> list[float | int | None]:
    return [_rounded(found.ratio), _rounded(found.low), _rounded(found.high), found.pairs]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _announced(row: AnnouncedRow, release: Release | None) -> dict[str, Any]:
    return {
        **_described(row.change),
        "expected": row.change.expected,
        "seen_in": row.change.seen_in,
        "known": release is not None,
        "status": row.status,
        "evidence": row.evidence,
        "judged": row.judged,
    }


def _described(change: AnnouncedChange) -> dict[str, str]:
    return {
        "project": change.project,
        "version": change.version,
        "says": change.says,
        "source": change.source,
    }


def noise_content(results: Path, series: list[tuple[str, str, str]]) -> dict[str, Any]:
    """The bands of every machine, tomogram and Python in `series`, and how far repeats differ.

    A band is a row: series, benchmark, codec, chunks, format, low, high, count. A spread is a row:
    series, clock, median, 90th percentile, count. Both are of times that each release took by
    itself. A series with an anchored history has `intervals` instead, a row for each cell: series,
    benchmark, codec, chunks, format, and a list of release, low, high. All are factors of the
    figure that is drawn.
    """
    histories = anchored_histories(results)
    intervals: list[list[Any]] = []
    bands: list[list[Any]] = []
    spreads: list[list[Any]] = []
    names: list[str] = []
    for place, (machine, tomogram, python) in enumerate(series):
        if history := histories.get((machine, tomogram, python)):
            intervals += [
                [place, published_name(cell.benchmark), *row] for cell, row in _intervals(history)
            ]
            continue
        noise = read_noise(results, machine).of(tomogram, python)
        for benchmark in sorted({name for each in noise.repeats for name in each.figures}):
            if needs_no_clock(benchmark):
                continue
            names += [] if benchmark in names else [benchmark]
            bands += [
                [place, names.index(benchmark), *_band(cell, band)]
                for cell, band in noise.bands(benchmark)
            ]
        spreads += [
            [place, clock, *_spread(found)]
            for clock, found in (
                ("CPU time", noise.spread(cpu=True)),
                ("wall time", noise.spread(cpu=False)),
            )
            if found
        ]
    return {
        "series": [
            {"machine": machine, "tomogram": tomogram, "python": python}
            for machine, tomogram, python in series
        ],
        "benchmarks": names,
        "bands": bands,
        "spreads": spreads,
        "intervals": intervals,
    }


def _intervals(history: AnchoredHistory) -> Iterator[tuple[ComparedCell, list[Any]]]:
    tags = [release.tag for release in load_catalogue().releases]
    known = [tag for tag in tags if tag in history.releases]
    for cell in dict.fromkeys(cell for tag in known for cell in history.cells(tag)):
        bounds = [
            [tag, _rounded(found.low / found.ratio), _rounded(found.high / found.ratio)]
            for tag in known
            if (found := history.to_anchor(tag, cell))
        ]
        yield cell, [cell.codec, cell.chunks, cell.zarr_format, bounds]


def _band(cell: Cell, band: Band) -> list[Any]:
    return [
        *(cell.codec, cell.chunks, cell.zarr_format),
        *(_rounded(band.low), _rounded(band.high), band.count),
    ]


def _spread(found: Spread) -> list[Any]:
    return [round(found.median, 3), round(found.high, 3), found.count]
