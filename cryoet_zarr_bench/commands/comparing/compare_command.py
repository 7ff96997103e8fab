"""`compare`: two releases, by what was measured of them: a sentence and a table."""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.changes.figure_titles import FigureTitles
from cryoet_zarr_bench.analysis.changes.release_comparison import (
    ReleaseComparison,
    compare_measured,
)
from cryoet_zarr_bench.analysis.changes.release_evidence import COUNTED, EXACT, Statement
from cryoet_zarr_bench.asv_bridge.machine_names import chosen_machine
from cryoet_zarr_bench.commands.comparing.revision_comparison import compare_revisions, is_revision
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.verdicts.change_rule import TOLD_FROM

_STYLES = {1: "red", -1: "green", 0: ""}


def run_compare(
    console: Console, a: str, b: str, machine: str | None, every: bool, json_file: Path | None
) -> None:
    """Show what is known of `b` against `a`; `every` shows what did not change too.

    Where one of them is a revision, it is measured first, on this machine.

    Raises:
        BadInput: there is no such release, it was not measured, or the file cannot be written.
    """
    require_file(json_file)
    results = PROJECT / "results"
    if is_revision(a) or is_revision(b):
        found = compare_revisions(console, results, chosen_machine(machine), a, b)
    else:
        found = compare_measured(results, a, b, machine)
    console.print(Text(for_terminal(found.sentence), "bold"))
    shown = list(found.statements) if every else found.told
    if shown:
        console.print(_table(shown, FigureTitles(results)))
    for said, count in _not_shown(found, shown).items():
        console.print(f"{count} more figures: {said}", style="dim")
    console.print(
        f"Measured on {for_terminal(found.machine)}, tomogram {for_terminal(found.tomogram)}. "
        "Anchored: each release was measured side by side with an anchor. Intervals have 99 %.",
        style="dim",
    )
    direct = f"cryoet-zarr-bench confirm {shlex.quote(a)} {shlex.quote(b)}"
    if not (is_revision(a) or is_revision(b)):
        direct = found.command
    console.print(Text(f"To measure these two directly: {for_terminal(direct)}", style="dim"))
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(found), indent=1) + "\n")


def _not_shown(found: ReleaseComparison, shown: list[Statement]) -> dict[str, int]:
    left = [each for each in found.statements if each not in shown]
    small = f"changed by less than {TOLD_FROM:.0%}"
    return dict(Counter(small if each.direction else each.word for each in left))


def _table(shown: list[Statement], titles: FigureTitles) -> Table:
    """A line for each figure, those of one benchmark below its title."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("codec, chunks, format")
    table.add_column("b/a", justify="right")
    table.add_column("interval, or a -> b", justify="right")
    table.add_column("from")
    groups: dict[str, list[Statement]] = {}
    for each in shown:
        groups.setdefault(each.benchmark, []).append(each)
    for benchmark, statements in groups.items():
        table.add_row(Text(for_terminal(titles.of_ratio(benchmark)), "bold"))
        for each in statements:
            table.add_row(
                Text(for_terminal(f"  {each.config}")),
                Text(f"{each.ratio:.2f}", _STYLES[each.direction]),
                _interval(each),
                each.source,
            )
    return table


def _interval(each: Statement) -> str:
    if each.source == COUNTED and each.before is not None and each.after is not None:
        return f"{each.before / 1e6:.2f} -> {each.after / 1e6:.2f} million"
    if each.source == EXACT:
        return f"{each.before:.10g} -> {each.after:.10g}"
    return f"{each.low:.2f} to {each.high:.2f}"


def as_json(found: ReleaseComparison) -> dict[str, Any]:
    """All of a comparison as plain values."""
    return {
        "a": found.a,
        "b": found.b,
        "machine": found.machine,
        "tomogram": found.tomogram,
        "python": found.python,
        "sentence": found.sentence,
        "figures": [
            {
                # JSON has no infinity: of what was nothing before there is no ratio.
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in row.items()
            }
            for row in found.table.to_dict("records")
        ],
    }
