"""The figures in the README, written there from the committed results and by nothing else."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.pooled_measurements import Pooled, pooled
from cryoet_zarr_bench.analysis.repeat_noise import read_noise
from cryoet_zarr_bench.analysis.result_reader import (
    MeasuredRelease,
    machine_of,
)
from cryoet_zarr_bench.analysis.storage_answer import answer
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.marked_documents import write_between_marks
from cryoet_zarr_bench.reports.documents.releases_document import own_history
from cryoet_zarr_bench.reports.pages.terminal_table import COLUMNS, rows
from cryoet_zarr_bench.storage.grid import PROFILES

BEGIN = "<!-- figures: written by `cryoet-zarr-bench readme` from results/ -->"
END = "<!-- end of the figures -->"


def update_readme(readme: Path, results: Path) -> bool:
    """Write the figures of `results` between the marks in the README; True if that changed it.

    Raises BadInput if the README lacks the marks or there are no results.
    """
    return write_between_marks(readme, BEGIN, END, figures(results))


def figures(results: Path) -> str:
    """The README's figures as Markdown: the answer, and the newest release config by config."""
    newest = load_catalogue().newest("3.x")
    result = own_history(results).get(commit_of(newest.tag))
    if result is None:
        raise BadInput(f"{results}: no results of {newest.tag}; run `cryoet-zarr-bench history`")
    newest_figures = pooled(result, read_noise(results, result.machine))
    machine = machine_of(results, result.machine)
    memory = f"{int(ram) / 2**30:.0f} GiB" if (ram := machine["ram"]).isdecimal() else "unknown"
    return "\n\n".join(
        [
            f"**zarr {newest.zarr}, numcodecs {newest.numcodecs}, Zarr format 3.** "
            f"{for_markdown(answer(newest_figures.result, 3))}",
            _by_config(newest_figures.result),
            f"Machine: {for_markdown(result.machine)} ({for_markdown(machine['cpu'])}, "
            f"{for_markdown(machine['num_cpu'])} cores, {memory}, "
            f"{for_markdown(machine['os'])}), Python {for_markdown(result.python)}, stores on "
            f"{for_markdown(result.file_system)}, each process on {result.cores_in_words}. "
            f"Tomogram: {for_markdown(result.tomogram)}, float32. Each time is the median of at "
            "least 6 calls in 2 processes. Ratios and file counts are exact."
            + _times_measured(newest_figures),
        ]
    )


def _times_measured(newest: Pooled) -> str:
    """A sentence for a table of more than one measurement."""
    said = newest.margin_in_words
    return "" if newest.runs == 1 else f" {said[0].upper()}{said[1:]}, in nine of ten cells."


def _by_config(result: MeasuredRelease) -> str:
    shown = {(config.codec.name, config.chunks_text) for config in PROFILES["quick"].configs()}
    return markdown_table(
        ["codec", "chunks z, y, x", *(column.heading for column in COLUMNS)],
        [
            [cell.codec, cell.chunks, *map(Markdown, texts)]
            for cell, texts in rows(result, 3)
            if (cell.codec, cell.chunks) in shown
        ],
        "--" + "r" * len(COLUMNS),
        tight_rule=True,
    )
