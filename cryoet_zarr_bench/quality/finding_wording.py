"""Findings of quality control in words: the same on the terminal and on its page."""

from __future__ import annotations

from cryoet_zarr_bench.common.voxel_spacing import spacing_text
from cryoet_zarr_bench.quality.quality_findings import Check, QualityReport
from cryoet_zarr_bench.quality.quality_limits import FAIL, WARN
from cryoet_zarr_bench.tomograms.tomogram_sources import shape_text

_SHORT_UNITS = ("%", "bits", "sigma", "x")


def summary(report: QualityReport) -> tuple[str, ...]:
    """Describe the tomogram in two lines, and one for each note on how it was read."""
    shape = shape_text(report.shape)
    return (
        f"{shape} voxels (z, y, x), {report.dtype}, {spacing_text(report.voxel_spacing)}",
        f"precision: {report.statistics.source_precision}",
        *(f"note: {note}" for note in report.notes),
    )


def statistics_line(report: QualityReport) -> str:
    """The statistics in one line; empty if no voxel is finite."""
    found = report.statistics
    percentiles = dict(found.percentiles)
    named = {
        "mean": found.mean,
        "std": found.std,
        "minimum": found.minimum,
        "1 %": percentiles.get(1.0),
        "median": percentiles.get(50.0),
        "99 %": percentiles.get(99.0),
        "maximum": found.maximum,
        "skew": found.skew,
        "kurtosis": found.kurtosis,
    }
    return ", ".join(f"{name} {value:.4g}" for name, value in named.items() if value is not None)


def figure_text(check: Check) -> str:
    """A figure with its unit where that is short; a dash where nothing was checked."""
    if check.figure is None:
        return "-"
    figure = f"{check.figure:.3g}" if abs(check.figure) < 1000 else f"{check.figure:,.0f}"
    return f"{figure} {check.unit}" if check.unit in _SHORT_UNITS else figure


def conclusion(report: QualityReport) -> str:
    """The verdict in a sentence that names the checks behind it."""
    parts = []
    for verdict in (FAIL, WARN):
        names = [check.name for check in report.checks if check.verdict == verdict]
        if names:
            parts.append(f"{verdict}: {', '.join(names)}")
    return "; ".join(parts) or "pass: nothing was found that makes this tomogram suspect"
