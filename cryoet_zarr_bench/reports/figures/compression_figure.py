"""Four panels of compression: what each codec wins, and what it costs."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.result_reader import machine_of_tomograms
from cryoet_zarr_bench.analysis.tomogram_figures import measured_tomograms
from cryoet_zarr_bench.reports.figures.report_figure import ReportFigure, panel

CHUNKS = "64x64x64"


def compression_figure(results: Path) -> ReportFigure | None:
    """The lossless codecs of the tomogram that is followed; None if none were measured."""
    import altair as alt
    import pandas as pd

    machine = machine_of_tomograms(results)
    found = [] if machine is None else measured_tomograms(results, machine)
    if not found:
        return None
    rows = [
        (c.cell.codec, c.ratio, 100 / c.ratio, c.write, c.read)
        for c in found[0].lossless
        if c.cell.chunks == CHUNKS
    ]
    columns = ["codec", "ratio", "percent_of_memory", "write_s_per_GB", "read_s_per_GB"]
    table = pd.DataFrame(rows, columns=columns).sort_values("ratio", ascending=False)
    order = table.codec.tolist()
    panels = (
        panel(table, "codec", "ratio", "times smaller than in memory", order, None),
        panel(table, "codec", "percent_of_memory", "stored, % of the bytes in memory", order, None),
        panel(table, "codec", "write_s_per_GB", "CPU seconds a GB written", order, None),
        panel(table, "codec", "read_s_per_GB", "CPU seconds a GB read", order, None),
    )
    best = table.iloc[0]
    return ReportFigure(
        "compression",
        f"Lossless codecs on {found[0].result.tomogram}",
        f"{len(table)} lossless codecs in chunks of {CHUNKS} on {found[0].result.tomogram}, by the "
        f"newest release. The smallest store is that of {best.codec}, {best.ratio:.3f} times "
        "smaller than in memory. Bytes are exact; CPU seconds are for 1 GB (1e9 bytes) of voxels "
        "in memory, one core, one thread.",
        table,
        alt.concat(*panels, columns=2),
    )
