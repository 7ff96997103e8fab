"""Tomograms of the portal and of the cache, shown: a bar while one is fetched, and tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.commands.surveying.batch_command import Batch, run_batch
from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.common.voxel_spacing import lengths_text, spacing_text
from cryoet_zarr_bench.conversion.conversion_request import target_kind
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.tomogram_survey.dask_workers import Piece, WorkerChoice
from cryoet_zarr_bench.tomograms.cache.cache_entries import cache_directory
from cryoet_zarr_bench.tomograms.cache.fetched_entries import held_tomograms, unfinished_bytes
from cryoet_zarr_bench.tomograms.crop_boxes import crop_of
from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers
from cryoet_zarr_bench.tomograms.portal.portal_records import PortalTomogram, tomograms_of
from cryoet_zarr_bench.tomograms.portal.portal_settings import portal_settings
from cryoet_zarr_bench.tomograms.portal.tomogram_choice import AmbiguousChoice
from cryoet_zarr_bench.tomograms.portal.tomogram_fetch import fetch
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource, parse_source, shape_text

_MOST_ROWS = 200


class ProgressBar:
    """Shows a fetch as a bar with bytes, rate and time left; see `portal.progress`."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console, self._bar = console, bar
        self._task: TaskID | None = None

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(Text(on_one_line(text)))

    def begin(self, total: int, held: int) -> None:
        """Show the bar."""
        if held:
            self.note(f"{held / 1e6:.1f} of {total / 1e6:.1f} MB were moved before: going on")
        self._task = self._bar.add_task("moving", total=total, completed=held)

    def moved(self, count: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bar.advance(self._task, count)


@contextmanager
def progress_bar(console: Console) -> Iterator[ProgressBar]:
    """Give what shows a fetch on the console, while the block lasts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        yield ProgressBar(console, bar)


def run_fetch(console: Console, source: PortalSource, crop: str | None) -> PreparedTomogram:
    """Fetch a tomogram into the cache, say what it is and how the suite is run on it.

    Raises:
        AmbiguousChoice: several are meant, which were printed.
        BadInput: it cannot be had.
    """
    if not crop:
        console.print(f"a centred crop of {crop_of(None)} voxels; --crop or --full for another")
    try:
        with progress_bar(console) as bar:
            prepared = fetch(source, crop, bar, thorough=True)
    except AmbiguousChoice as choice:
        console.print(tomogram_table(choice.candidates, "Which one?"))
        raise
    z, y, x = prepared.shape
    for line in (
        f"{prepared.name}: {prepared.dtype}, {spacing_text(prepared.voxel_spacing)} along z, y, x",
        f"{prepared.path}",
        f"sha256 {prepared.sha256}",
        f'measure it: make bench TOMOGRAM="{source}" CROP={z},{y},{x}',
    ):
        console.print(Text(on_one_line(line)), soft_wrap=True)
    return prepared


@dataclass(frozen=True)
class FetchedFiles:
    """What is fetched of many tomograms, and where it goes beside the cache: a folder, or nowhere.

    `crop` is as for `fetch`; `suffix` is that of each file in `into`.
    """

    crop: str | None
    into: Path | None
    suffix: str


def fetch_many(
    console: Console,
    tomograms: Sequence[str],
    files: FetchedFiles,
    workers: int | None,
    resume: bool,
) -> int:
    """Fetch many tomograms of the portal; the exit code, 1 where some failed.

    Raises:
        BadInput: one that is named is not of the portal, or a name cannot be.
    """
    from cryoet_zarr_bench.commands.surveying.batch_pieces import fetch_one

    target_kind(Path(f"any{files.suffix}"))
    into = (files.into or cache_directory()).expanduser()
    batch = Batch(tuple(tomograms), into, files.suffix, resume, False, WorkerChoice(workers))

    def piece_of(source: str, target: Path) -> Piece:
        if not isinstance(parse_source(source), PortalSource):
            raise refused(source, "is not of the portal", "name it as portal:DATASET/RUN")
        kept = None if files.into is None else str(target)
        return Piece(source, fetch_one, (source, files.crop, kept))

    return run_batch(console, batch, "fetching", piece_of)


def fetch_selected(console: Console) -> None:
    """Fetch what `CRYOET_TOMOGRAM` names, with a bar, where that is a tomogram of the portal.

    Raises:
        BadInput: it cannot be had.
    """
    text = os.environ.get("CRYOET_TOMOGRAM")
    if isinstance(parse_source(text), PortalSource):
        with progress_bar(console) as bar:
            prepare(text, os.environ.get("CRYOET_CROP") or None, bar)


def list_portal(console: Console, dataset: int | None, run: str | None) -> None:
    """Print the tomograms that the portal has of a dataset, of a run, or of both.

    A record that cannot be used is left out, with a line that says which and why.

    Raises:
        BadInput: the portal does not answer as it should, or has no such dataset or run.
    """
    found, unusable = tomograms_of(PortalAnswers(portal_settings()), dataset, run)
    for each in unusable:
        leave_out(each.where, each.why)
    console.print(tomogram_table(found[:_MOST_ROWS], "Tomograms of the portal"))
    if len(found) > _MOST_ROWS:
        console.print(f"and {len(found) - _MOST_ROWS} more: name a run with --run")


def list_cache(console: Console) -> None:
    """Print the prepared tomograms that the cache holds."""
    table = Table("tomogram", "dtype", "voxel spacing, A", "MB", "from", "licence", title="Cache")
    for held in held_tomograms():
        prepared = held.prepared
        spacing = prepared.voxel_spacing
        add_row(
            table,
            prepared.name,
            prepared.dtype,
            "-" if spacing is None else lengths_text(spacing, ", "),
            f"{prepared.path.stat().st_size / 1e6:.1f}",
            prepared.source,
            held.record.get("licence"),
        )
    console.print(table)
    console.print(Text(for_terminal(f"in {cache_directory()}")), soft_wrap=True)
    left = unfinished_bytes()
    if left:
        console.print(f"{left / 1e6:.1f} MB are for fetches that did not end: repeat them to go on")


def tomogram_table(tomograms: Sequence[PortalTomogram], title: str) -> Table:
    """A table of tomograms with all that tells them apart; sizes in voxels."""
    table = Table(
        "id",
        "dataset / run",
        "voxel spacing, A",
        "z x y x x",
        "reconstruction",
        "processing",
        "deposition",
        "by authors",
        "OME-Zarr",
        title=title,
    )
    for each in tomograms:
        processing = " ".join(filter(None, (each.processing, each.processing_software)))
        add_row(
            table,
            str(each.id),
            f"{each.dataset_id}/{each.run_name}",
            f"{each.voxel_spacing:g}",
            shape_text(each.shape),
            each.reconstruction_method,
            processing,
            each.deposition_id,
            "yes" if each.author_submitted else "no",
            "yes" if each.omezarr else "no",
        )
    return table


def add_row(table: Table, *cells: object) -> None:
    """Add a row of texts, never of markup: names come from outside."""
    table.add_row(*(Text(on_one_line(cell) if cell else "-") for cell in cells))
