"""`describe-tomograms`: what the tomograms are like that the results were measured on."""

from __future__ import annotations

import base64
from dataclasses import asdict

from rich.console import Console

from cryoet_zarr_bench.api.inspecting import inspect
from cryoet_zarr_bench.api.opened_tomogram import open as open_tomogram
from cryoet_zarr_bench.api.tomogram_picture import picture_bytes
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.quality.described_tomograms import (
    EDGES,
    DescribedTomogram,
    histogram_of,
    keep_described,
    read_described,
)
from cryoet_zarr_bench.tomograms.selected_tomogram import select_tomogram

TOMOGRAMS = (
    "synthetic:10A@128",
    "synthetic:5A@128",
    "synthetic:denoised@128",
    "synthetic:int16@128",
    "synthetic:10A@184x630x630",
    "synthetic:10A@184x630x630,int16",
    "synthetic:10A@184x630x630,int8",
    "synthetic:10A@184x630x630,float16",
)
"""What is described where nothing is named: what most results were measured on."""

PIXELS = 160
"""Of a slice, along each side."""

_SHOWN = ("mean", "std", "minimum", "maximum", "sigma", "noise", "not_finite", "distinct")


def run_describe_tomograms(console: Console, machine: str, sources: list[str], again: bool) -> None:
    """Describe each tomogram and keep what came of it at once.

    Args:
        console: where each tomogram is told.
        machine: the name of the machine's results.
        sources: tomograms as for `bench`; `TOMOGRAMS` where empty.
        again: whether those that are there are described anew.

    Raises:
        BadInput: a tomogram cannot be had.
    """
    results = PROJECT / "results"
    known = {line.tomogram: line for line in read_described(results, machine)}
    for source in sources or TOMOGRAMS:
        label = select_tomogram(source).label
        if label in known and not again:
            continue
        with console.status(for_markup(label)):
            known[label] = described(source, label)
        console.print(for_markup(f"{label}: {known[label].verdict}"))
        keep_described(results, machine, [known[name] for name in sorted(known)])


def described(source: str, label: str) -> DescribedTomogram:
    """Look at one tomogram, read box by box."""
    tomogram = open_tomogram(source)
    report = inspect(tomogram)
    percentiles = dict(report.statistics.percentiles)
    low = min(percentiles, key=lambda each: abs(each - EDGES[0]))
    high = min(percentiles, key=lambda each: abs(each - EDGES[1]))
    bottom, top = float(percentiles[low] or 0.0), float(percentiles[high] or 0.0)
    picture = picture_bytes(tomogram, PIXELS, "jpg")
    statistics = asdict(report.statistics)
    return DescribedTomogram(
        tomogram=label,
        title=tomogram.name,
        source=source,
        shape=list(tomogram.shape),
        dtype=tomogram.dtype.name,
        voxel_spacing=None if tomogram.voxel_spacing is None else list(tomogram.voxel_spacing),
        source_precision=report.statistics.source_precision,
        verdict=report.verdict,
        statistics={name: statistics[name] for name in _SHOWN},
        checks=[
            [
                each.name,
                "" if each.figure is None else f"{each.figure:.4g} {each.unit}".strip(),
                each.threshold,
                each.verdict,
                each.says,
            ]
            for each in report.checks
        ],
        low=bottom,
        high=top,
        histogram=histogram_of(tomogram, bottom, top),
        picture=None if picture is None else base64.b64encode(picture).decode(),
    )
