"""`convert`, `qc` and `fetch` of many tomograms into a folder, by the workers of a survey."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.commands.surveying.failed_table import SOME_FAILED, print_failed
from cryoet_zarr_bench.commands.surveying.tomogram_progress import tomogram_progress
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.quality.quality_limits import FAIL
from cryoet_zarr_bench.tomogram_survey.dask_workers import (
    Piece,
    WorkerChoice,
    WorkersLost,
    done_by,
    workers_of,
)
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import (
    ListedTomogram,
    listed_tomograms,
    means_many,
)
from cryoet_zarr_bench.tomograms.formats.format_detection import (
    MRC_SUFFIXES,
    NUMPY_SUFFIX,
    TIFF_SUFFIXES,
    ZARR_SUFFIX,
)

_SUFFIXES = (*MRC_SUFFIXES, *TIFF_SUFFIXES, NUMPY_SUFFIX, ZARR_SUFFIX)
_KNOWN = re.compile(rf"(\.ome)?({'|'.join(map(re.escape, _SUFFIXES))})$", re.IGNORECASE)
_UNUSUAL = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True)
class Batch:
    """Many tomograms as they are typed, and the folder that takes what is made of each.

    `suffix` is that of what is made; `resume` leaves out what is there already.
    """

    inputs: tuple[str, ...]
    into: Path
    suffix: str
    resume: bool
    overwrite: bool
    workers: WorkerChoice


def is_batch(inputs: Sequence[str]) -> bool:
    """True if texts mean many tomograms, or may."""
    return len(inputs) > 1 or any(means_many(text) for text in inputs)


def run_batch(
    console: Console, batch: Batch, doing: str, piece_of: Callable[[str, Path], Piece]
) -> int:
    """Do the same to many tomograms; the exit code, 1 where some failed.

    Args:
        console: where progress and the table of what failed go.
        batch: the tomograms, and where what is made goes.
        doing: what is done, for the bar.
        piece_of: the work of a tomogram, from its source and what is to be made.

    Raises:
        BadInput: a name is taken, two would have one name, or the scheduler is gone.
    """
    tomograms = listed_tomograms(batch.inputs)
    targets = _targets(batch, tomograms)
    left = {
        source: target
        for source, target in targets.items()
        if not (batch.resume and target.exists())
    }
    if len(left) < len(targets):
        console.print(f"{len(targets) - len(left)} of {len(targets)} are there already")
    pieces = [piece_of(source, target) for source, target in left.items()]
    failed: list[tuple[str, str]] = []
    said: dict[str, int] = {}
    try:
        with workers_of(batch.workers) as client, tomogram_progress(console) as bar:
            task = bar.add_task(doing, total=len(left))
            for done in done_by(client, pieces):
                if done.reason is not None:
                    failed.append((done.piece.about, done.reason))
                else:
                    said[str(done.result)] = said.get(str(done.result), 0) + 1
                bar.advance(task)
    except WorkersLost as error:
        remedy = "the same command with --resume goes on"
        raise refused(batch.into, f"has what is done, but {error}", remedy) from error
    print_failed(console, failed)
    console.print(
        f"{len(left) - len(failed)} of {len(left)} tomograms: done, in {for_terminal(batch.into)}",
        highlight=False,
    )
    if FAIL in said:
        console.print(f"{said[FAIL]} of them failed a check of quality")
    return SOME_FAILED if failed or FAIL in said else 0


def _targets(batch: Batch, tomograms: Sequence[ListedTomogram]) -> dict[str, Path]:
    """What is made of each tomogram: in the folder of its run, where it has one."""
    if batch.into.exists() and not batch.into.is_dir():
        raise refused(batch.into, "is a file", "give a folder for what is made of many")
    found: dict[str, Path] = {}
    taken: dict[Path, str] = {}
    for each in tomograms:
        target = batch.into / _name(each, batch.suffix)
        if target in taken:
            raise refused(
                each.source,
                f"would be {target.name}, as {taken[target]} would",
                "do them one after the other, into folders of their own",
            )
        if target.exists() and not (batch.resume or batch.overwrite):
            raise refused(target, "is there already", "give --resume to leave it as it is")
        taken[target] = each.source
        found[each.source] = target
    return found


def _name(tomogram: ListedTomogram, suffix: str) -> Path:
    """Where what is made of a tomogram goes, below the folder of the batch."""
    path = Path(tomogram.source)
    if path.exists():
        below = Path() if tomogram.run in (".", path.stem) else Path(tomogram.run)
        return below / f"{_KNOWN.sub('', path.name)}{suffix}"
    name = _UNUSUAL.sub("-", tomogram.source).strip("-.")
    return Path(f"{name}{suffix}")
