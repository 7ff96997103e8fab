"""The table of what failed among many tomograms, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line

SOME_FAILED = 1
"""The exit code where all was tried and some of it failed."""

MOST_SHOWN = 20

_WIDEST = 40


def print_failed(console: Console, failed: Sequence[tuple[str, str]]) -> None:
    """A table of what failed and why; nothing where all is well."""
    if not failed:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tomogram", overflow="fold", max_width=_WIDEST)
    table.add_column("why it failed", overflow="fold")
    for tomogram, reason in failed[:MOST_SHOWN]:
        table.add_row(Text(for_terminal(_short(tomogram))), Text(on_one_line(reason)))
    console.print(table)
    if len(failed) > MOST_SHOWN:
        console.print(f"and {len(failed) - MOST_SHOWN} more")


def _short(tomogram: str) -> str:
    """The name of a file without its folders, which the reason says."""
    return Path(tomogram).name if Path(tomogram).is_absolute() else tomogram
