"""Measurements of storage configs as a table: a row for each, with spreads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.measurement.fresh_processes import Call, MeasuredConfig, is_writing

if TYPE_CHECKING:
    import pandas as pd

OF_SLICE = "slice"
"""The pattern whose requests are the column `gets`."""


def measurement_table(
    measured: Mapping[str, MeasuredConfig], patterns: Mapping[str, str]
) -> pd.DataFrame:
    """Put what was measured into a table.

    Args:
        measured: by the name of the config.
        patterns: the names of columns, and the patterns behind them.

    Returns:
        A row for each config: for each pattern its seconds by the wall clock (`_s`) and by the CPU
        clock (`_cpu_s`), the median over processes of the median in each, and `_spread`, how far
        the processes lie apart: (largest - smallest) / median of the wall clock. Then exact
        figures. `reason` is why a config has no figures, else empty.
    """
    import pandas as pd

    rows = [_row(name, found, patterns) for name, found in measured.items()]
    return pd.DataFrame(rows, columns=list(_row("", MeasuredConfig(""), patterns)))


def _row(name: str, found: MeasuredConfig, patterns: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"config": name}
    for column, pattern in patterns.items():
        row |= _times(column, (found.calls or {}).get(pattern, []))
    has_figures = found.reason is None
    row["ratio"] = round(found.ratio, 4) if has_figures else math.nan
    row["stored_bytes"] = found.stored_bytes if has_figures else math.nan
    row["files"] = found.files if has_figures else math.nan
    for column, pattern in patterns.items():
        if not is_writing(pattern):
            heading = "gets" if column == OF_SLICE else f"{column}_gets"
            row[heading] = (found.gets or {}).get(pattern, math.nan)
    return {**row, "reason": found.reason or ""}


def _times(column: str, processes: Sequence[Sequence[Call]]) -> dict[str, float]:
    if not processes:
        return {f"{column}_{ending}": math.nan for ending in ("s", "cpu_s", "spread")}
    wall = [statistics.median(call[0] for call in calls) for calls in processes]
    cpu = [statistics.median(call[1] for call in calls) for calls in processes]
    middle = statistics.median(wall)
    return {
        f"{column}_s": middle,
        f"{column}_cpu_s": statistics.median(cpu),
        f"{column}_spread": round((max(wall) - min(wall)) / middle, 3),
    }
