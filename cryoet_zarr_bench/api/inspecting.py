"""`inspect`: the quality control of one tomogram."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from cryoet_zarr_bench.api.tomogram_inputs import TomogramLike, opened
from cryoet_zarr_bench.quality import inspection
from cryoet_zarr_bench.quality.inspection import Inspection
from cryoet_zarr_bench.quality.quality_findings import QualityReport
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.in_place import open_in_place

Progress = Callable[[int, int], None]
"""Told how many planes were read, and how many are to be read in all."""


def inspect(tomogram: TomogramLike, progress: Progress = lambda done, total: None) -> QualityReport:
    """Check the quality of a tomogram: statistics, noise, clipping, slices, lost blocks, wedge.

    It is read plane by plane, in bounded memory.

    Args:
        tomogram: an opened one, a source that `open` takes, or an array with the axes z, y, x.
        progress: told how many planes were read, and how many are to be read in all.

    Returns:
        A `QualityReport`: `verdict` is `pass`, `warn` or `fail`, `checks` has each check with its
        figure, threshold and verdict, `statistics` the figures of the densities, in their unit.
        `to_frame()` is a table of the checks.

    Raises:
        BadInput: the tomogram cannot be read.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> report = czb.inspect("synthetic:10A@48")
        >>> report.shape, report.statistics.not_finite
        ((48, 48, 48), 0)
        >>> list(report.to_frame().columns)
        ['check', 'figure', 'unit', 'threshold', 'verdict', 'says']
    """
    if isinstance(tomogram, np.ndarray):
        found = opened(tomogram)
        slabs = ArraySlabs(found[...], "array", None)
        return inspection.inspect(slabs, "array", progress=_counting(progress, slabs.shape)).report
    found = opened(tomogram)
    with inspected(found.source, found.crop, progress) as found_in_place:
        return found_in_place.report


@contextmanager
def inspected(source: str | None, crop: str | None, progress: Progress) -> Iterator[Inspection]:
    """Inspect a tomogram where it lies, and keep it open while the block lasts.

    Its page is drawn of the open tomogram. Raises BadInput as `open_in_place` does, at the end too
    where the source changed meanwhile.
    """
    with open_in_place(source, crop) as read:
        counting = _counting(progress, read.slabs.shape)
        found = inspection.inspect(read.slabs, read.source, progress=counting)
        yield replace(found, report=replace(found.report, sha256=read.sha256(), notes=read.notes))


def _counting(progress: Progress, shape: tuple[int, int, int]) -> Callable[[int], None]:
    from cryoet_zarr_bench.quality.voxel_survey import READINGS

    done, total = 0, READINGS * shape[0]

    def count(planes: int) -> None:
        nonlocal done
        done += planes
        progress(done, total)

    return count
