"""Setup of a comparison: the question, and both releases made ready to answer it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cryoet_zarr_bench.common.interruption import uninterrupted
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.measuring_lock import alone
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_scratch_folder,
    disk_folder_of,
    remove_scratch_folders,
    space_of_stores,
)
from cryoet_zarr_bench.measured.confirm_worker import store_key
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.storage.grid import Profile
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.compared_releases import Side
from cryoet_zarr_bench.verdicts.judgement import LOOKS
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

NOT_AVAILABLE = "n/a"
NO_FIGURE = "no figure"


@dataclass(frozen=True)
class Question:
    """A question: B against A, in these cells, on this tomogram.

    `python` is the version measured with, `seed` decides the order of cells. After each number of
    pairs in `looks` the cells that are answered are left; see `judgement.LOOKS`. A cell is answered
    by a verdict; where `reach` is given, by an interval of no more than that, such as 0.05.
    """

    a: Side
    b: Side
    cells: tuple[ComparedCell, ...]
    profile: Profile
    tomogram: PreparedTomogram
    python: str
    seed: int
    looks: tuple[int, ...] = LOOKS
    reach: float | None = None

    def purpose(self) -> dict[str, Any]:
        """Everything that comparisons depend on, beside cell and pair: if it changes, they start
        anew.
        """
        return {
            "a": self.a.key,
            "b": self.b.key,
            "tomogram": self.tomogram.sha256,
            "python": self.python,
            "seed": self.seed,
            # What was compared before memory was laid out anew in each process is not taken up.
            "draws_layout": True,
        }


@dataclass(frozen=True)
class BothSides:
    """The two releases with their verified stores, by the names A and B.

    `said` is what `confirm_worker` said of the stores; `unanswerable` has the cells that cannot be
    compared, with the word for it and why; `scratch` is a folder for what is left of the run.
    """

    sides: dict[str, ReleaseUnderTest]
    said: dict[str, dict[str, Any]]
    unanswerable: dict[ComparedCell, tuple[str, str]]
    scratch: Path

    def comparable(self, cells: tuple[ComparedCell, ...]) -> list[ComparedCell]:
        """The cells that both releases have."""
        return [cell for cell in cells if cell not in self.unanswerable]


@contextmanager
def both_sides(
    question: Question, held: Mapping[str, str], folder: Path, console: Console
) -> Iterator[BothSides]:
    """Install both releases, write and verify their stores, and let no other run measure meanwhile.

    `held` maps packages that are the same in all releases to their versions; environments lie in
    `folder`. Raises BadInput if a release cannot be had or another run is measuring.
    """
    os.environ["CRYOET_PROFILE"] = question.profile.name
    space = space_of_stores(question.tomogram, question.profile.every_config())
    try:
        scratch = claim_scratch_folder(2 * space)
        measured = {cell.benchmark for cell in question.cells}
        # Of each side those that it wrote, and their copies.
        on_disk = disk_folder_of(measured, question.tomogram, question.profile, copies=4)
        sides = {
            name: ReleaseUnderTest(
                side, folder / "env", scratch / name, question.python, on_disk and on_disk / name
            )
            for name, side in (("A", question.a), ("B", question.b))
        }
        with alone(WORK):
            said = {}
            for name, side in sides.items():
                console.print(
                    f"{name}: {for_markup(side.side.name)}: writing and verifying its stores"
                )
                said[name] = side.prepare(held, question.tomogram, question.cells)
            yield BothSides(sides, said, not_comparable(question.cells, said), scratch)
    finally:
        # Not at exit: once all was said, a second Ctrl-C ends the process at once.
        with uninterrupted():
            remove_scratch_folders()


def not_comparable(
    cells: tuple[ComparedCell, ...], said: dict[str, dict[str, Any]]
) -> dict[ComparedCell, tuple[str, str]]:
    """The cells that cannot be compared: the word for it, and why."""
    found = {}
    for cell in cells:
        for name, side in said.items():
            key = store_of(cell, side)
            if key in side["impossible"]:
                found[cell] = NOT_AVAILABLE, f"{name}: {side['impossible'][key]}"
            elif key in side["failed"]:
                found[cell] = NO_FIGURE, f"{name}: {side['failed'][key]}"
    return found


def same_stores(
    cells: list[ComparedCell], a: dict[str, Any], b: dict[str, Any]
) -> set[ComparedCell]:
    """The cells for which both wrote the same: metadata, chunks, files."""
    return {
        cell
        for cell in cells
        if (key := store_of(cell, a)) in a["stores"] and a["stores"][key] == b["stores"].get(key)
    }


def store_of(cell: ComparedCell, said: dict[str, Any]) -> str:
    """The name by which `confirm_worker` tells of the store that a cell reads."""
    return store_key(said["store_sets"][cell.benchmark], cell.config)
