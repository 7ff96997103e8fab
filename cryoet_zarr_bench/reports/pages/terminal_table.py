"""The table at the end of a run: codec x chunk shape against writing, reading, ratio and files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.common.shown_text import for_markup, for_terminal


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


def rows(release: MeasuredRelease, zarr_format: int) -> Iterator[tuple[Cell, list[str]]]:
    """Each cell of the grid in one Zarr format, with the texts of its columns.

    A figure that there is not is an empty text; the best of a column is set in `**`.
    """
    cells = list(
        dict.fromkeys(
            cell
            for column in COLUMNS
            for cell in release.figures.get(column.benchmark, {})
            if cell.zarr_format == zarr_format
        )
    )
    best = {column.heading: _best(release, column, cells) for column in COLUMNS}
    for cell in cells:
        texts = []
        for column in COLUMNS:
            figure = release.figure(column.benchmark, cell)
            text = "" if figure is None else column.write(figure)
            texts.append(f"**{text}**" if text and figure == best[column.heading] else text)
        yield cell, texts


def release_table(release: MeasuredRelease, title: str, zarr_format: int) -> Table:
    """One row per codec and chunk shape; the best figure of each column is bold."""
    table = Table(
        title=f"{for_markup(title)}, Zarr format {zarr_format}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("codec", no_wrap=True)
    table.add_column("chunks", justify="right", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column.heading, justify="right", no_wrap=True)
    shown = list(rows(release, zarr_format))
    for place, (cell, texts) in enumerate(shown):
        last = place + 1 == len(shown) or shown[place + 1][0].codec != cell.codec
        bold = [re.sub(r"\*\*(.+)\*\*", r"[bold]\1[/bold]", text) for text in texts]
        named = Text(for_terminal(cell.codec)), Text(for_terminal(cell.chunks))
        table.add_row(*named, *bold, end_section=last)
    return table


def newest_format(release: MeasuredRelease) -> int:
    """The newest Zarr format in which the release wrote the tomogram."""
    formats = {cell.zarr_format for cell in release.figures.get("write.Write.time_write", {})}
    return max(formats, default=2)


def _best(release: MeasuredRelease, column: Column, cells: list[Cell]) -> float | None:
    figures = [release.figure(column.benchmark, cell) for cell in cells]
    known = [figure for figure in figures if figure is not None]
    return column.best(known) if known else None
