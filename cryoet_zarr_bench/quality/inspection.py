"""Quality control of one tomogram: read it, judge it, give what is needed to draw it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cryoet_zarr_bench.quality.power_spectrum import white_noise_part
from cryoet_zarr_bench.quality.quality_findings import QualityReport, Statistics, known
from cryoet_zarr_bench.quality.slice_checks import slice_checks
from cryoet_zarr_bench.quality.voxel_checks import voxel_checks
from cryoet_zarr_bench.quality.voxel_survey import Survey, survey
from cryoet_zarr_bench.tomograms.formats.slabs import Slabs


@dataclass(frozen=True, eq=False)
class Inspection:
    """The report of a tomogram, the tomogram, and what was found in it."""

    report: QualityReport
    slabs: Slabs
    found: Survey


def inspect(
    slabs: Slabs,
    source: str = "",
    sha256: str = "",
    progress: Callable[[int], None] = lambda planes: None,
) -> Inspection:
    """Read a tomogram plane by plane and judge it.

    Args:
        slabs: the tomogram; what it takes in memory is said in `survey`.
        source: what it was prepared from, for the report.
        sha256: of its voxels, for the report.
        progress: told how many more planes were read, of `voxel_survey.READINGS` times all.
    """
    found = survey(slabs, progress)
    checks = voxel_checks(found)
    if found.moments.count:
        checks += slice_checks(found)
    report = QualityReport(
        name=slabs.name,
        source=source,
        shape=slabs.shape,
        dtype=slabs.dtype.name,
        voxel_spacing=slabs.voxel_spacing,
        sha256=sha256,
        statistics=_statistics(found),
        checks=checks,
        slice_means=tuple(known(mean) for mean in found.profile.means.tolist()),
        slice_stds=tuple(known(std) for std in found.profile.deviations.tolist()),
    )
    return Inspection(report, slabs, found)


def _statistics(found: Survey) -> Statistics:
    moments = found.moments
    noise = math.nan
    if found.spectrum is not None:
        noise = moments.deviation * math.sqrt(white_noise_part(found.spectrum))
    return Statistics(
        voxels=math.prod(found.shape),
        not_finite=found.nans + found.infinities,
        mean=known(moments.mean) if moments.count else None,
        std=known(moments.deviation),
        minimum=known(found.minimum),
        maximum=known(found.maximum),
        percentiles=tuple((each, known(at)) for each, at in found.percentiles.items()),
        sigma=known(found.sigma),
        skew=known(moments.skew),
        kurtosis=known(moments.kurtosis),
        distinct=found.distinct,
        source_precision=found.precision.kind,
        noise=known(noise),
    )
