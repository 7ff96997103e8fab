"""The history of releases: CPU seconds of calls, from pairs with an anchor."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.changes.published_times import anchored_histories, published_times
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.figures.report_figure import COLOURS, ReportFigure

CALLS = {
    "write.Write.time_write_cpu": "writing all of it",
    "read.Read.time_read_volume_cpu": "reading all of it",
    "read.Read.time_read_xy_slice_cpu": "reading an XY slice",
}

CODEC, CHUNKS = "blosc-zstd-5-shuffle", "64x64x64"


def history_figure(results: Path) -> ReportFigure | None:
    """The calls of one config through all releases; None without an anchored history."""
    import altair as alt
    import pandas as pd

    histories = anchored_histories(results)
    if not histories:
        return None
    (machine, tomogram, _), history = max(histories.items(), key=lambda item: len(item[1].releases))
    releases = load_catalogue().releases
    libraries = {each.tag: f"zarr {each.branch[0]}" for each in releases}
    order = [each.tag for each in releases if each.tag in history.releases]
    rows = []
    for tag in order:
        times = published_times(history, tag)
        for benchmark, title in CALLS.items():
            for zarr_format in (2, 3):
                time = times.get(benchmark, {}).get(Cell(CODEC, CHUNKS, zarr_format))
                if time is not None:
                    scaled = (1000 * value for value in (time.seconds, time.low, time.high))
                    written = f"{libraries[tag]}, format {zarr_format}"
                    rows.append((tag, title, written, *scaled))
    columns = ["release", "call", "by", "milliseconds", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    if table.empty:
        return None
    base = alt.Chart(table).encode(
        x=alt.X(
            "release:N", sort=order, title=None, axis=alt.Axis(labelAngle=-90, labelFontSize=8)
        ),
        color=alt.Color(
            "by:N",
            title=None,
            scale=alt.Scale(range=list(COLOURS)),
            legend=alt.Legend(orient="bottom"),
        ),
    )
    band = base.mark_rule(opacity=0.5).encode(y=alt.Y("low:Q", title="CPU ms"), y2="high:Q")
    points = base.mark_circle(size=22).encode(y=alt.Y("milliseconds:Q", title="CPU ms"))
    chart = (band + points).properties(width=640, height=140)
    faceted = chart.facet(facet=alt.Facet("call:N", title=None, sort=[*CALLS.values()]), columns=1)
    return ReportFigure(
        "release-history",
        "CPU time of calls through the releases of zarr and numcodecs",
        f"{CODEC} in chunks of {CHUNKS} on {tomogram}, {machine}. Each release was measured in "
        "pairs side by side with an anchor, so that two can be compared however far apart they "
        "were measured; the lines are 99 % intervals.",
        table,
        faceted.resolve_scale(y="independent"),
    )
