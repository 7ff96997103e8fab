"""The table at the end of a run: codec x chunk shape against writing, reading, ratio and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich import box
from rich.table import Table

from cryoet_zarr_bench.reports.results import Cell, MeasuredRelease


@dataclass(frozen=True)
class Column:
    """A column of the table: a benchmark, how its figure is written, and which end is the best."""

    heading: str
    benchmark: str
    write: Callable[[float], str]
    best: Callable[[list[float]], float]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


COLUMNS = (
    Column("write ms", "write.Write.time_write", _milliseconds, min),
    Column("read ms", "read.Read.time_read_volume", _milliseconds, min),
    Column("slice ms", "read.Read.time_read_xy_slice", _milliseconds, min),
    Column("ratio", "storage.Storage.track_compression_ratio", lambda ratio: f"{ratio:.3f}", max),
    Column("files", "storage.Storage.track_file_count", lambda files: f"{files:.0f}", min),
)


def release_table(release: MeasuredRelease, title: str) -> Table:
    """One row per codec and chunk shape, in the newest Zarr format the release can write.

    The best figure of each column is bold; a cell without a figure is empty.
    """
    cells = list(
        dict.fromkeys(
            cell for column in COLUMNS for cell in release.figures.get(column.benchmark, {})
        )
    )
    newest = max((cell.zarr_format for cell in cells), default=2)
    cells = [cell for cell in cells if cell.zarr_format == newest]
    table = Table(title=f"{title}, Zarr format {newest}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("codec", no_wrap=True)
    table.add_column("chunks", justify="right", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column.heading, justify="right")
    best = {column.heading: _best(release, column, cells) for column in COLUMNS}
    for cell in cells:
        row = [cell.codec, cell.chunks]
        for column in COLUMNS:
            figure = release.figure(column.benchmark, cell)
            text = "" if figure is None else column.write(figure)
            row.append(f"[bold]{text}[/bold]" if figure == best[column.heading] else text)
        table.add_row(*row, end_section=cell == _last_of_codec(cells, cell.codec))
    return table


def _best(release: MeasuredRelease, column: Column, cells: list[Cell]) -> float | None:
    figures = [release.figure(column.benchmark, cell) for cell in cells]
    known = [figure for figure in figures if figure is not None]
    return column.best(known) if known else None


def _last_of_codec(cells: list[Cell], codec: str) -> Cell:
    return [cell for cell in cells if cell.codec == codec][-1]
