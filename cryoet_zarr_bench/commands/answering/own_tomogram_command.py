"""`recommend TOMOGRAM` and `quick`: what layouts of a tomogram take on this disk, as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.layout_comparison import title_of
from cryoet_zarr_bench.analysis.recommending.own_tomogram import OwnAnswer, gigabytes
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file

_BAR = 8
"""Letters of the longest bar."""


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Show on one line what is done now, on a terminal alone."""
    with console.status("reading the tomogram") as status:
        yield lambda what: status.update(for_terminal(what))


def print_answer(console: Console, found: OwnAnswer) -> None:
    """Show the predicted layouts, what the pick is predicted to take, and whether it held."""
    shape = " x ".join(map(str, found.shape))
    size = gigabytes(found.pick.raw_bytes)
    console.print(
        Text(f"{for_terminal(found.name)}: {shape} voxels (z, y, x), {found.dtype.name}, {size}")
    )
    console.print(_table(found))
    console.print(Text(for_terminal(found.contract), "bold"))
    if found.checked:
        console.print(Text(for_terminal(found.outcome), "bold"))
    console.print(_footnote(found), style="dim")


def keep_answer(found: OwnAnswer, json_file: Path | None) -> None:
    """Write all of an answer as JSON, if a file was asked for."""
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(found), indent=1) + "\n")


def run_quick(console: Console, tomogram: str, json_file: Path | None, **asked: Any) -> None:
    """Predict several layouts of a tomogram and say which to take; `asked` is as for `quick`.

    Raises:
        BadInput: as `quick`, or the file cannot be written.
    """
    from cryoet_zarr_bench.api.predicting import quick

    require_file(json_file)
    with shown_progress(console) as progress:
        found = quick(tomogram, progress=progress, **asked)
    console.print(Text(for_terminal(found.ranked.sentence), "bold"))
    print_answer(console, found)
    console.print(Text(for_terminal(found.here), "bold"))
    keep_answer(found, json_file)


def _table(found: OwnAnswer) -> Table:
    pattern = found.shown_pattern
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("layout")
    for heading in ("ratio", "stored", "+-", "files", "write s"):
        table.add_column(heading, justify="right")
    table.add_column(f"{pattern[:2].upper()} slice s", no_wrap=True)
    slowest = max(each.seconds[pattern] for each in found.predicted)
    today = None if found.ranked.today is None else found.ranked.today.line.layout
    for each in found.predicted:
        share = each.stored.high / each.stored.middle - 1
        seconds = each.seconds[pattern]
        bar = "█" * math.ceil(_BAR * seconds / slowest) if slowest else ""
        name = title_of(each.layout) + (" (today)" if each.layout == today else "")
        table.add_row(
            for_terminal(name),
            f"{each.ratio:.3f}",
            gigabytes(each.stored.middle).replace(" ", "\xa0"),
            "exact" if each.sampled == each.chunks else f"{100 * share:.1f} %",
            f"{each.files:,}",
            f"{each.writing:.2g}",
            f"{seconds:<7.2g} {bar}",
            style="bold" if each is found.pick else "",
        )
    return table


def _footnote(found: OwnAnswer) -> str:
    pick = found.pick
    cold = (
        "each slice read from the disk, nothing of it in memory"
        if pick.cold
        else "each slice read from memory, as this place is never cold"
    )
    agreement = "" if found.agreement is None else f" {found.agreement.sentence}"
    return for_terminal(
        f"Finest level alone, predicted from {pick.sampled} of {pick.chunks} chunks of this "
        f"tomogram (pick), stored on {pick.file_system}; {cold}, opening included. Ranked by the "
        f"results of {found.ranked.tomogram} on {found.ranked.machine}.{agreement}"
    )


def as_json(found: OwnAnswer) -> dict[str, Any]:
    """All of an answer as plain values."""
    rows = json.loads(found.to_frame().to_json(orient="records"))
    return {
        "tomogram": found.name,
        "shape": list(found.shape),
        "dtype": found.dtype.name,
        "recommendation": found.ranked.sentence,
        "contract": found.contract,
        "outcome": found.outcome,
        "here": found.here,
        "layouts": rows,
    }
