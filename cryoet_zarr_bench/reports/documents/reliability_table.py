"""Engines and interrupted writes: the table in docs/reliability.md, written from the results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryoet_zarr_bench.analysis.interrupted_write_outcomes import (
    OUTCOMES_FILE,
    OutcomeLine,
    Summary,
    layout_of,
    read_outcomes,
    summaries,
)
from cryoet_zarr_bench.analysis.result_reader import machine_with
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table
from cryoet_zarr_bench.measurement.interrupted_writes import FULL, KILLED, NEIGHBOURS
from cryoet_zarr_bench.reports.documents.marked_documents import write_between_marks

BEGIN = "<!-- engines: written by `cryoet-zarr-bench readme` from results/ -->"
END = "<!-- end of the engines -->"


def update_reliability(document: Path, results: Path, otherwise: str) -> bool:
    """Write the table into the document; True if that changed it.

    Args:
        document: docs/reliability.md, with the two marks.
        results: the folder of all machines.
        otherwise: the machine where none has tried it.

    Raises:
        BadInput: the marks are not there once each.
    """
    machine = machine_with(results, OUTCOMES_FILE, otherwise)
    lines = read_outcomes(results / machine / OUTCOMES_FILE)
    return write_between_marks(document, BEGIN, END, engines_table(lines))


def engines_table(lines: list[OutcomeLine]) -> str:
    """A row for each engine, release and layout, a column for each kind of interruption."""
    if not lines:
        return "Nothing was tried yet: `cryoet-zarr-bench interrupted-writes`."
    kinds = list(dict.fromkeys(line.done for line in lines))
    found = {(s.engine, s.version, s.layout, s.done): s for s in summaries(lines)}
    rows = list(
        dict.fromkeys((line.engine, line.version, layout_of(line.config)) for line in lines)
    )
    systems = ", ".join(sorted({line.file_system for line in lines}))
    days = sorted({line.measured_at[:10] for line in lines})
    table = markdown_table(
        ("engine", "layout", *kinds),
        [
            (
                f"{engine} {version}",
                layout,
                *(_cell(found.get((engine, version, layout, kind))) for kind in kinds),
            )
            for engine, version, layout in rows
        ],
    )
    safe = "; ".join(
        f"{sentence}: {for_markdown(', '.join(names)) or 'none'}"
        for sentence, names in (
            ("a file that is overwritten stays old or becomes new", _without_errors(found)),
            ("two processes can write one shard", _without_losses(found)),
        )
    )
    measured = f"On {for_markdown(systems)}, {days[0]} to {days[-1]}."
    return f"{table}\n\n{measured} By these trials, of the engines tried {safe}."


def _without_errors(found: dict[tuple[str, str, str, str], Summary]) -> list[str]:
    """Engines of which no overwritten file was cut off."""
    return _engines(
        found, lambda each: each.done in (KILLED, FULL), lambda each: each.error + each.wrong
    )


def _without_losses(found: dict[tuple[str, str, str, str], Summary]) -> list[str]:
    """Engines that lost nothing where two processes wrote one shard at once."""
    return _engines(
        found,
        lambda each: each.done == NEIGHBOURS and each.layout == "shards",
        lambda each: each.lost + each.error + each.wrong,
    )


def _engines(
    found: dict[tuple[str, str, str, str], Summary],
    is_asked: Callable[[Summary], bool],
    failures: Callable[[Summary], int],
) -> list[str]:
    failed: dict[str, int] = {}
    for each in filter(is_asked, found.values()):
        name = f"{each.engine} {each.version}"
        failed[name] = failed.get(name, 0) + failures(each)
    return [name for name, count in failed.items() if not count]


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "-"
    text = for_markdown(summary.in_words)
    return Markdown(f"**{text}**") if summary.wrong or summary.lost else Markdown(text)
