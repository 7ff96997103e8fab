"""`results` and `codec_levels`: what was measured, as tidy tables."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    MeasuredRelease,
    machine_with,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.measurement.codec_levels import LEVELS_FILE, read_codec_levels
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


def codec_levels(folder: str | Path | None = None, machine: str | None = None) -> pd.DataFrame:
    """Read what levels of codecs win and cost: a row for each codec, level and tomogram.

    Args:
        folder: a folder of results; the committed ones without it.
        machine: whose; those of the history without it.

    Returns:
        A pandas DataFrame: `tomogram`, `family` and `level` of the codec, `ratio` (bytes in memory
        over bytes stored), `write_cpu` and `read_cpu` (CPU seconds for 1e9 bytes of voxels),
        `spread` (of writing and reading, between processes), and how it was measured.

    Raises:
        BadInput: there is no such folder, or it has no levels.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> found = czb.codec_levels()
        >>> bool((found.ratio > 1).all())
        True
    """
    import pandas as pd

    place = PROJECT / "results" if folder is None else Path(folder)
    chosen = machine or published_machine(place)
    lines = read_codec_levels(place, machine_with(place, LEVELS_FILE, chosen)) if chosen else []
    if not lines:
        raise refused(place, "has no levels of codecs", "measure: cryoet-zarr-bench codec-levels")
    return pd.DataFrame([line.model_dump() for line in lines])


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
