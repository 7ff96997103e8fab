"""What may explain how a tomogram compresses, from its record and from a cube in its middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.prediction.sampled_chunks import ChunkGrid
from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.quality.power_spectrum import resolved_to
from cryoet_zarr_bench.storage.boxes import middle_cube
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import ListedTomogram
from cryoet_zarr_bench.tomogram_survey.opened_source import OpenedSource
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs

LOOKED_AT = 128
"""Voxels along each side of the cube in the middle that the traits are of."""

SMOOTH = 0.2
"""Cycles per voxel: a tomogram that has 99 % of its power within is called denoised. Of the drawn
collection, where it is known, this tells the kinds apart; a test says so."""


@dataclass(frozen=True)
class TomogramTraits:
    """A tomogram of a survey: whose it is, what it is like, and how many regions are read of it.

    Lengths along z, y, x in voxels, spacing in angstrom along z, None if the source does not say.
    `resolved_to` are cycles per voxel that 99 % of the power lies within, NaN where it is not
    known. `processing` is what its record says, or what the spectrum does. `verdict` is that of
    quality control of the cube.
    """

    tomogram: str
    dataset: str
    run: str
    name: str
    shape_z: int
    shape_y: int
    shape_x: int
    dtype: str
    voxel_spacing: float | None
    source_precision: str
    processing: str
    processing_is_recorded: bool
    resolved_to: float
    deviation: float
    verdict: str
    regions: int
    regions_of_all: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        return self.shape_z, self.shape_y, self.shape_x

    @property
    def numpy_dtype(self) -> np.dtype:
        """The dtype of a voxel."""
        return np.dtype(self.dtype)


def traits_of(
    listed: ListedTomogram, opened: OpenedSource, regions: ChunkGrid, read: int
) -> TomogramTraits:
    """Look at a tomogram.

    Args:
        listed: what was named.
        opened: the same, open.
        regions: its regions.
        read: how many of them are read.

    Raises:
        BadInput: it cannot be read.
    """
    cube = np.ascontiguousarray(opened.read(middle_cube(opened.shape, LOOKED_AT)))
    found = inspect(ArraySlabs(cube, opened.name, opened.voxel_spacing))
    spectrum, statistics = found.found.spectrum, found.report.statistics
    within = math.nan if spectrum is None else resolved_to(spectrum)
    z, y, x = opened.shape
    spacing = opened.voxel_spacing
    return TomogramTraits(
        tomogram=listed.source,
        dataset=listed.dataset,
        run=f"{listed.dataset}/{listed.run}",
        name=opened.name,
        shape_z=z,
        shape_y=y,
        shape_x=x,
        dtype=opened.dtype.name,
        voxel_spacing=None if spacing is None else spacing[0],
        source_precision=statistics.source_precision,
        processing=listed.processing or _processing(within),
        processing_is_recorded=listed.processing is not None,
        resolved_to=within,
        deviation=math.nan if statistics.std is None else statistics.std,
        verdict=found.report.verdict,
        regions=read,
        regions_of_all=regions.total,
    )


def _processing(within: float) -> str:
    if math.isnan(within):
        return "not known"
    return "denoised" if within < SMOOTH else "raw"
