"""Every figure of the report, and the files that each is written as."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.reports.figures.chunking_figure import chunk_heat_map, chunking_figure
from cryoet_zarr_bench.reports.figures.compression_figure import compression_figure
from cryoet_zarr_bench.reports.figures.history_figure import history_figure
from cryoet_zarr_bench.reports.figures.levels_figures import level_curves, level_heat_map
from cryoet_zarr_bench.reports.figures.pareto_figure import pareto_figure
from cryoet_zarr_bench.reports.figures.report_figure import ReportFigure

DRAWN: tuple[Callable[[Path], ReportFigure | None], ...] = (
    compression_figure,
    chunking_figure,
    level_heat_map,
    chunk_heat_map,
    pareto_figure,
    level_curves,
    history_figure,
)

_GRADIENT = re.compile(r"\bgradient_\d+\b")

RESOLUTIONS = (150, 300)
"""Dots an inch of the PNG files: for a screen, and for a journal."""


def all_figures(results: Path) -> Iterator[ReportFigure]:
    """The figures that the results have enough for, in the order of the report.

    Raises:
        BadInput: Altair or vl-convert is not installed.
    """
    try:
        import altair as alt
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise refused(
            "the figures of the report",
            f"need {error.name}, which is not installed",
            "install cryoet-zarr-bench[documents]",
        ) from error
    with alt.data_transformers.enable("default", max_rows=None):
        for draw in DRAWN:
            figure = draw(results)
            if figure is not None:
                yield figure


def svg_of(figure: ReportFigure) -> str:
    """A figure as SVG."""
    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(figure.specification))
    # Vega counts gradients through a process: here each figure has its own, also in one page.
    numbers = list(dict.fromkeys(_GRADIENT.findall(drawn)))
    return _GRADIENT.sub(lambda found: f"{figure.name}-{numbers.index(found[0])}", drawn)


def files_of(figure: ReportFigure) -> dict[str, bytes]:
    """The files of a figure by their names: SVG, PNG of each resolution, CSV, and Vega-Lite."""
    import vl_convert

    files = {
        f"{figure.name}-{dots}dpi.png": vl_convert.vegalite_to_png(figure.specification, ppi=dots)
        for dots in RESOLUTIONS
    }
    files[f"{figure.name}.svg"] = svg_of(figure).encode()
    files[f"{figure.name}.csv"] = figure.table.to_csv(index=False, lineterminator="\n").encode()
    files[f"{figure.name}.vl.json"] = json.dumps(figure.specification).encode()
    return files
