"""Six panels of chunking: what each shape of chunk does to reading, files and bytes."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts, published_layouts
from cryoet_zarr_bench.layouts.compared_layouts import CODEC, OTHER_CODECS, SHAPES
from cryoet_zarr_bench.layouts.reading_places import LOCAL, USUAL
from cryoet_zarr_bench.reports.figures.report_figure import ReportFigure, panel

PATTERNS = {
    "xy_slice": "seconds an XY slice",
    "xz_slice": "seconds an XZ slice",
    "particles": "seconds a set of particles",
    "volume": "seconds the volume",
}


def chunking_figure(results: Path) -> ReportFigure | None:
    """The shapes of chunks in one codec; None if no layouts were measured."""
    import altair as alt
    import pandas as pd

    compared = _compared(results)
    if compared is None:
        return None
    shapes = [shape for shape in SHAPES if compared.of(f"{CODEC} {shape}") is not None]
    rows = []
    for shape in shapes:
        line = compared.of(f"{CODEC} {shape}")
        assert line is not None
        for place in (LOCAL, USUAL):
            seconds = {name: line.seconds(name, place) for name in PATTERNS}
            stored = 100 * line.stored_bytes / line.raw_bytes
            rows.append({"chunks": shape, "place": place, **seconds, "files": line.files})
            rows[-1]["percent_stored"] = stored
    table = pd.DataFrame(rows)
    once = table[table.place == LOCAL]
    panels = [
        *(panel(table, "chunks", name, title, shapes, "place") for name, title in PATTERNS.items()),
        panel(once, "chunks", "files", "files", shapes, None),
        panel(once, "chunks", "percent_stored", "stored, % of the bytes in memory", shapes, None),
    ]
    return ReportFigure(
        "chunking",
        f"Shapes of chunks on {compared.tomogram}",
        f"{len(shapes)} shapes of chunks (z, y, x) in {CODEC}: each chunk a file, in shards of a "
        "shape, or in all, which is one padded shard a level. With "
        f"the pyramid, of {compared.tomogram} and {compared.machine}. Files and bytes are exact; "
        "seconds are modelled from exact requests, with decoding on one core.",
        table,
        alt.concat(*panels, columns=3),
    )


def chunk_heat_map(results: Path) -> ReportFigure | None:
    """Seconds an XY slice takes, by the shape of chunks and the codec; None without layouts."""
    import altair as alt
    import pandas as pd

    compared = _compared(results)
    if compared is None:
        return None
    rows = [
        (codec, shape, line.seconds("xy_slice", USUAL), line.seconds("xz_slice", USUAL))
        for codec in (CODEC, *OTHER_CODECS)
        for shape in SHAPES
        if (line := compared.of(f"{codec} {shape}")) is not None
    ]
    table = pd.DataFrame(rows, columns=["codec", "chunks", "xy_slice", "xz_slice"])
    shapes = [shape for shape in SHAPES if shape in set(table.chunks)]

    def heat_map(figure: str, title: str) -> alt.LayerChart:
        base = alt.Chart(table, title=title).encode(
            x=alt.X("codec:N", title=None, axis=alt.Axis(labelAngle=-30)),
            y=alt.Y("chunks:N", sort=shapes, title=None),
        )
        colour = alt.Color(
            f"{figure}:Q",
            title="seconds",
            scale=alt.Scale(type="log", scheme="viridis", reverse=True),
        )
        dark = alt.condition(f"datum.{figure} > 1", alt.value("white"), alt.value("black"))
        text = base.mark_text(fontSize=10).encode(
            text=alt.Text(f"{figure}:Q", format=".2f"), color=dark
        )
        return (base.mark_rect().encode(color=colour) + text).properties(width=210)

    return ReportFigure(
        "chunks-by-codec",
        f"Seconds a slice takes, by chunks and codec, on {compared.tomogram}",
        f"From S3, {USUAL}. Empty fields were not measured. The shape of a chunk decides much more "
        "than the codec does.",
        table,
        heat_map("xy_slice", "an XY slice") | heat_map("xz_slice", "an XZ slice"),
    )


def _compared(results: Path) -> ComparedLayouts | None:
    found = published_layouts(results)
    return found[0] if found else None
