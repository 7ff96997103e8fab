"""Levels of codecs: as curves, and as heat maps of codec and level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.measurement.codec_levels import CHUNKS, LEVELS_FILE, read_codec_levels
from cryoet_zarr_bench.reports.figures.report_figure import NUMBERS, ReportFigure

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


def level_curves(results: Path) -> ReportFigure | None:
    """What a higher level wins and costs, on each tomogram; None if no levels were measured."""
    import altair as alt

    table = _levels(results)
    if table is None:
        return None

    def curves(figure: str, title: str, scale: alt.Scale) -> alt.FacetChart:
        lines = (
            alt.Chart(table)
            .mark_line(point=alt.OverlayMarkDef(size=30))
            .encode(
                x=alt.X("level:O", title="level", axis=alt.Axis(labelAngle=0)),
                y=alt.Y(f"{figure}:Q", title=title, scale=scale, axis=alt.Axis(format=NUMBERS)),
                color=alt.Color("family:N", title=None, legend=alt.Legend(orient="bottom")),
            )
            .properties(width=190, height=150)
        )
        faceted: alt.FacetChart = lines.facet(column=alt.Column("tomogram:N", title=None))
        return faceted.resolve_scale(y="independent")

    return ReportFigure(
        "level-curves",
        "What a higher level wins, and what it costs",
        f"Chunks of {CHUNKS}. Ratios are exact; CPU seconds are for 1 GB (1e9 bytes) of voxels in "
        "memory, the median of fresh processes with one core. Most codecs win next to nothing from "
        "a higher level, as nearly all bits that can be won are won at once.",
        table,
        curves("ratio", "times smaller", alt.Scale(zero=False))
        & curves("write_cpu", "CPU seconds a GB written", alt.Scale(type="log")),
    )


def level_heat_map(results: Path) -> ReportFigure | None:
    """Codec by level, of the tomogram that comes first; None if no levels were measured."""
    import altair as alt

    table = _levels(results)
    if table is None:
        return None
    tomogram = table.tomogram.iloc[0]
    own = table[table.tomogram == tomogram]

    def heat_map(
        figure: str, title: str, scheme: Literal["viridis", "magma"], digits: str
    ) -> alt.LayerChart:
        base = alt.Chart(own, title=title).encode(
            x=alt.X("level:O", title="level", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("family:N", title=None),
        )
        middle = (own[figure].min() + own[figure].max()) / 2
        dark = alt.condition(f"datum.{figure} < {middle}", alt.value("white"), alt.value("black"))
        text = base.mark_text(fontSize=10).encode(
            text=alt.Text(f"{figure}:Q", format=digits), color=dark
        )
        colour = alt.Color(f"{figure}:Q", title=None, scale=alt.Scale(scheme=scheme))
        return (base.mark_rect().encode(color=colour) + text).properties(width=240, height=190)

    maps = heat_map("ratio", "times smaller", "viridis", ".3f") | heat_map(
        "write_cpu", "CPU seconds a GB written", "magma", ".1f"
    )
    return ReportFigure(
        "codec-by-level",
        f"Codec and level on {tomogram}",
        f"Chunks of {CHUNKS}. Ratios are exact; CPU seconds are for 1 GB (1e9 bytes) of voxels.",
        own,
        maps.resolve_scale(color="independent"),
    )


def _levels(results: Path) -> pd.DataFrame | None:
    import pandas as pd

    machine = published_machine(results)
    if machine is None:
        return None
    lines = read_codec_levels(results, machine_with(results, LEVELS_FILE, machine))
    return pd.DataFrame([line.model_dump() for line in lines]) if lines else None
