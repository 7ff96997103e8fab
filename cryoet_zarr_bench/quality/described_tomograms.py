"""Tomograms described for the dashboard: slices, histogram, statistics, checks of quality."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.storage.boxes import Voxels, boxes

TOMOGRAMS_FILE = "tomograms.jsonl"
"""In a machine's folder of results: a line for each tomogram."""

BINS = 64
EDGES = (0.1, 99.9)
"""Percentiles that the histogram lies between: a few voxels far away would leave it one bar."""

_AT_ONCE = 64 * 2**20


class DescribedTomogram(BaseModel):
    """A tomogram: lengths along z, y, x, spacing in angstrom, densities in the tomogram's unit.

    `histogram` counts voxels in equal bins from `low` to `high`. `checks` have a name, the figure
    as text, the threshold, the verdict, and what it says. `picture` are the central slices as JPEG
    in base64; None where there is none.
    """

    model_config = ConfigDict(strict=True)

    tomogram: str
    title: str
    source: str
    shape: list[Annotated[int, Field(ge=1)]]
    dtype: str
    voxel_spacing: list[float | None] | None
    source_precision: str
    verdict: str
    statistics: dict[str, FiniteFloat | int | None]
    checks: list[list[str]]
    low: FiniteFloat
    high: FiniteFloat
    histogram: list[Annotated[int, Field(ge=0)]]
    picture: str | None


def histogram_of(voxels: Voxels, low: float, high: float) -> list[int]:
    """Counts of finite voxels in `BINS` equal bins between two densities, read box by box."""
    counts = np.zeros(BINS, np.int64)
    shape = tuple(voxels.shape)
    for box in boxes(shape, (1, *shape[1:]), voxels.dtype.itemsize, _AT_ONCE):
        part = np.asarray(voxels[box]).astype(np.float64).ravel()
        counts += np.histogram(part[np.isfinite(part)], BINS, (low, high))[0]
    return [int(count) for count in counts]


def read_described(results: Path, machine: str) -> list[DescribedTomogram]:
    """The lines of a machine; what is no such line is left out, and said."""
    path = results / machine / TOMOGRAMS_FILE
    return list(read_lines_as(path, DescribedTomogram.model_validate))


def keep_described(results: Path, machine: str, lines: Iterable[DescribedTomogram]) -> None:
    """Write all lines of a machine, whole or not at all."""
    found: list[dict[str, Any]] = [line.model_dump() for line in lines]
    write_lines(results / machine / TOMOGRAMS_FILE, found)
