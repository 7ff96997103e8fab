"""The Pareto front: ratio against CPU time, every tomogram."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.result_reader import machine_of_tomograms
from cryoet_zarr_bench.analysis.tomogram_figures import measured_tomograms
from cryoet_zarr_bench.reports.figures.report_figure import COLOURS, NUMBERS, ReportFigure

ON_FRONT, DOMINATED = "on the front", "dominated"


def pareto_figure(results: Path) -> ReportFigure | None:
    """All lossless configs of every tomogram, those on the front marked; None without any."""
    import altair as alt
    import pandas as pd

    machine = machine_of_tomograms(results)
    found = [] if machine is None else measured_tomograms(results, machine)
    if not found:
        return None
    rows = []
    for figures in found:
        front = {each.cell for each in figures.front}
        for each in figures.lossless:
            kind = ON_FRONT if each.cell in front else DOMINATED
            name = f"{each.cell.codec} {each.cell.chunks}"
            costs = each.write + each.read
            rows.append((figures.result.tomogram, name, kind, each.ratio, costs))
    columns = ["tomogram", "config", "kind", "ratio", "write_and_read_s_per_GB"]
    table = pd.DataFrame(rows, columns=columns)
    kinds = alt.Scale(domain=[ON_FRONT, DOMINATED], range=[COLOURS[1], "#b5b5b5"])
    points = (
        alt.Chart(table)
        .mark_circle(size=45, opacity=0.9)
        .encode(
            x=alt.X(
                "write_and_read_s_per_GB:Q",
                title="CPU seconds a GB written and read",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format=NUMBERS, tickCount=5),
            ),
            y=alt.Y("ratio:Q", title="times smaller", scale=alt.Scale(zero=False)),
            color=alt.Color("kind:N", title=None, scale=kinds, legend=alt.Legend(orient="bottom")),
            order=alt.Order("kind:N", sort="ascending"),
            tooltip=["config", "ratio", "write_and_read_s_per_GB"],
        )
        .properties(width=240, height=180)
    )
    chart = points.facet(facet=alt.Facet("tomogram:N", title=None), columns=3)
    counts = table[table.kind == ON_FRONT].groupby("tomogram").size()
    return ReportFigure(
        "pareto",
        "The front of compression ratio and CPU time",
        f"Lossless configs of the newest release on {len(found)} tomograms; {counts.min()} to "
        f"{counts.max()} of each are on the front: no other is smaller and as quick to write and "
        "to read, by more than repeats of one release differ.",
        table,
        chart.resolve_scale(y="independent", x="independent"),
    )
