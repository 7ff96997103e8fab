"""`results`: the measured results as one tidy table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease, read_results
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.releases.release_commits import tag_of

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    *("machine", "release", "numcodecs", "tomogram", "python", "profile", "benchmark"),
    *("codec", "chunks", "format", "value", "spread"),
)


def results(folder: str | Path | None = None, machine: str | None = None) -> pd.DataFrame:
    """Read measured results: a row for each figure of each release.

    Args:
        folder: a folder of asv's results; the committed ones without it.
        machine: only those of this machine.

    Returns:
        A pandas DataFrame: `machine`, `release` (its tag), `numcodecs` (the pin of the column, None
        for the release's own pair), `tomogram`, `python`, `profile`, `benchmark`, `codec`,
        `chunks`, `format` (2 or 3), `value` (seconds, bytes or counts, by the benchmark), and
        `spread`, the interquartile range of the samples over their median; NaN for exact figures.
        Times of different releases were taken hours apart: `confirm` compares two.

    Raises:
        BadInput: there is no such folder.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.results()
        >>> slices = found[found.benchmark == "read.Read.time_read_xy_slice"]
        >>> len(slices) > 100, set(slices.format)
        (True, {2, 3})
    """
    import pandas as pd

    place = PROJECT / "results" if folder is None else Path(folder)
    if not place.is_dir():
        raise refused(place, "is no folder", "give a folder of asv's results")
    rows = [
        row
        for measured in read_results(place)
        if machine in (None, measured.machine)
        for row in _rows(measured)
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _rows(measured: MeasuredRelease) -> list[tuple[Any, ...]]:
    release = tag_of(measured.commit)
    common = (measured.machine, release, measured.numcodecs, measured.tomogram, measured.python)
    return [
        (
            *(*common, measured.profile, benchmark),
            *(cell.codec, cell.chunks, cell.zarr_format, value, _spread(measured, benchmark, cell)),
        )
        for benchmark, cells in measured.figures.items()
        for cell, value in cells.items()
    ]


def _spread(measured: MeasuredRelease, benchmark: str, cell: Cell) -> float:
    quartiles = measured.quartiles.get(benchmark, {}).get(cell)
    value = measured.figures[benchmark][cell]
    return math.nan if quartiles is None or not value else (quartiles[1] - quartiles[0]) / value
