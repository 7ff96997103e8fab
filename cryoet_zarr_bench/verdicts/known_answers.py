"""Trust in `confirm`, measured: it is asked questions whose answers are known.

A release against itself must not be called changed; one made slower by a known part must be.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from rich.console import Console

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.machine_conditions import stamp
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.releases.catalogue import Catalogue
from cryoet_zarr_bench.storage.grid import Profile
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, INCONCLUSIVE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell, choose_cells
from cryoet_zarr_bench.verdicts.compared_releases import parse_side
from cryoet_zarr_bench.verdicts.comparison_setup import Question
from cryoet_zarr_bench.verdicts.confirmation import Answer, confirm, forget_pairs
from cryoet_zarr_bench.verdicts.injected_slowdown import slower_wheel
from cryoet_zarr_bench.verdicts.judgement import LOOKS, estimate
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

SLOWDOWNS = (5, 10, 20, 50)
"""Percent more CPU work, at which the power is measured."""

CELLS = 18
"""In a block of the plan: drawn by its number from the profile's timed cells."""

SAME_BLOCKS = 17
"""Blocks of a release against itself: 306 cells in all. Where none of 299 raises a false alarm, the
rate is below 1 % with 95 % confidence (0.99 ** 299 = 0.05)."""

SLOWER_BLOCKS = 2
"""Blocks at each slowdown: 36 cells. Those of the first round are mixed among the others. The
second round comes after them: it was added since 18 cells do not tell a power of 0.89 from 0.9."""

FIXED_PAIRS = (LOOKS[-1],)
"""In the plan slower releases are always compared in the most pairs, so that the power after fewer
is known too."""


@dataclass(frozen=True)
class Block:
    """A question whose answer is known, asked of so many `cells`.

    `percent` is how much slower the other side is, 0 for a release against itself. `looks` are the
    numbers of pairs after which answered cells are left.
    """

    number: int
    release: str
    percent: int
    cells: int = CELLS
    looks: tuple[int, ...] = LOOKS


def plan(catalogue: Catalogue) -> list[Block]:
    """All blocks, the kinds mixed, so that each is spread over the hours that the whole takes."""
    newest, oldest_line = catalogue.newest("3.x").tag, catalogue.newest("2.x").tag
    same = [((newest, oldest_line)[place % 2], 0) for place in range(SAME_BLOCKS)]
    slower = [(newest, percent) for percent in SLOWDOWNS]
    every = len(same) // len(slower)
    mixed: list[tuple[str, int]] = []
    for place, block in enumerate(same):
        mixed.append(block)
        if place % every == every - 1:
            mixed.append(slower[place // every])
    return [
        Block(number, release, percent, looks=FIXED_PAIRS if percent else LOOKS)
        for number, (release, percent) in enumerate([*mixed, *slower * (SLOWER_BLOCKS - 1)])
    ]


def cells_of(block: Block, catalogue: Catalogue, profile: Profile) -> list[ComparedCell]:
    """The cells of a block, drawn by its number from the timed cells that its release has.

    Of a slower release only writing and reading the volume: in calls of a millisecond the CPU that
    is kept busy also changes how the library's threads are woken, by as much again.
    """
    benchmarks = "^(write.Write.time_write|read.Read.time_read_volume)$" if block.percent else None
    formats = "format 2$" if catalogue.find(block.release).zarr.startswith("2.") else None
    candidates = choose_cells(profile, benchmarks, formats)
    return random.Random(block.number).sample(candidates, min(block.cells, len(candidates)))


@dataclass(frozen=True)
class TrustRun:
    """Inputs of all blocks; environments, wheels and journals are in `folder`."""

    catalogue: Catalogue
    profile: Profile
    tomogram: PreparedTomogram
    python: str
    folder: Path


def run_block(block: Block, run: TrustRun, console: Console) -> Answer:
    """Ask a block's question."""
    catalogue, folder, python = run.catalogue, run.folder, run.python
    release = parse_side(block.release, catalogue)
    other = release
    if block.percent:
        installed = ReleaseUnderTest(release, folder / "env", folder / "none", python)
        installed.install(catalogue.held)
        wheel = slower_wheel(installed.site_packages, block.percent, folder / "wheels")
        other = parse_side(f"zarr={wheel},numcodecs=={release.numcodecs}", catalogue)
    question = Question(
        release,
        replace(other, name=f"{block.release}, {block.percent} % slower")
        if block.percent
        else other,
        tuple(cells_of(block, catalogue, run.profile)),
        run.profile,
        run.tomogram,
        python,
        block.number,
        block.looks,
    )
    return confirm(question, catalogue.held, folder, console)


def lines_of(block: Block, answer: Answer) -> Iterator[dict[str, Any]]:
    """One line for each cell of an answered block, with the log ratio of every pair."""
    for each in answer.cells:
        yield {
            "block": block.number,
            "release": block.release,
            "percent": block.percent,
            "cell": each.cell.name,
            "verdict": each.verdict,
            "cpu": [round(pair["cpu"], 5) for pair in each.pairs if "cpu" in pair],
            "wall": [round(pair["wall"], 5) for pair in each.pairs if "wall" in pair],
            "same_bytes": not answer.differences,
            "draws_layout": True,
            **stamp(),
        }


class _TrustLine(BaseModel):
    """A line of the file, as it has to be; it may have more."""

    model_config = ConfigDict(strict=True)

    block: int
    release: str
    percent: int
    cell: str
    verdict: str
    cpu: list[FiniteFloat]
    measured_at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    load: FiniteFloat


def read_trust(path: Path) -> list[dict[str, Any]]:
    """All lines measured so far; one that is not such a line is left out, and said to be."""

    def checked(line: dict[str, Any]) -> dict[str, Any]:
        _TrustLine.model_validate(line)
        datetime.fromisoformat(line["measured_at"])
        return line

    return list(read_lines_as(path, checked))


def run_trust(path: Path, run: TrustRun, minutes: float | None, console: Console) -> int:
    """Measure the blocks that `path` does not have yet; return how many are left.

    Each finished block is added to `path` at once. After `minutes` no new block is begun.
    """
    begin = time.monotonic()
    blocks = plan(run.catalogue)
    lines = read_trust(path)
    done = {line["block"] for line in lines}
    left = [block for block in blocks if block.number not in done]
    for place, block in enumerate(left):
        if minutes is not None and time.monotonic() - begin > 60 * minutes:
            return len(left) - place
        kind = f"{block.percent} % slower" if block.percent else "against itself"
        console.print(
            f"block {block.number + 1} of {len(blocks)}: {for_markup(block.release)} {kind}"
        )
        answer = run_block(block, run, console)
        if not answer.complete:
            raise KeyboardInterrupt
        lines += lines_of(block, answer)
        write_lines(path, lines)
        forget_pairs(answer.question, run.folder)
    return 0


PASSED, FAILED, TOO_NOISY = "passed", "failed", "too noisy to tell"


def judge(same: Answer, slower: Answer, percent: int) -> tuple[str, str]:
    """Judge whether `confirm` did well on both: a word and its reason.

    Of `same`, a release against itself, at most one cell may be called changed, and all that lies
    on the disk must be equal. Of `slower`, slower by `percent`, at least 7 of 9 cells must be
    called a regression, with a pooled ratio within 5 percentage points. Where what is missing is
    inconclusive the machine is too noisy to tell: that is neither success nor failure.
    """
    alarms = [each.cell.name for each in same.cells if each.verdict in CHANGES]
    if len(alarms) > 1:
        return FAILED, f"a release against itself is called changed in {', '.join(alarms)}"
    if same.differences or not same.compared:
        return FAILED, f"a release against itself differs on the disk: {same.differences}"
    missed = [each for each in slower.cells if each.verdict != REGRESSION]
    wrong = [each.cell.name for each in missed if each.verdict != INCONCLUSIVE]
    allowed = len(slower.cells) * 2 // 9
    if len(wrong) > allowed:
        return FAILED, f"{percent} % slower is not seen in {', '.join(wrong)}"
    if len(missed) > allowed:
        return TOO_NOISY, f"{percent} % slower: {len(missed)} cells stay inconclusive"
    pooled = estimate([math.log(each.deciding.ratio) for each in slower.cells])
    low, high = 1 + (percent - 5) / 100, 1 + (percent + 5) / 100
    if low <= pooled.ratio <= high:
        return PASSED, f"pooled ratio {pooled.ratio:.3f}, {len(missed)} cells missed"
    if pooled.low < high and pooled.high > low:
        return TOO_NOISY, f"pooled ratio {pooled.low:.3f} to {pooled.high:.3f}"
    return FAILED, f"pooled ratio {pooled.low:.3f} to {pooled.high:.3f}, not {low} to {high}"
