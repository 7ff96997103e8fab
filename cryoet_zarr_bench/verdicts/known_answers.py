"""Trust in `confirm`, measured: it is asked questions whose answers are known.

A release against itself must not be called changed, also where it lies elsewhere in memory; one
made slower by a known part must be, and only in the calls that were.
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
from cryoet_zarr_bench.verdicts.injected_slowdown import (
    EVERY_CALL,
    READING,
    shifted_wheel,
    slower_wheel,
)
from cryoet_zarr_bench.verdicts.judgement import LOOKS, estimate
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

WRITE, VOLUME = "write.Write.time_write", "read.Read.time_read_volume"

SAME, SHIFTED, SLOWER, SLOWER_READS = "same", "shifted", "slower", "slower reads"
"""What the other side of a question is: the release itself; the release with one module more, which
only takes memory; the release made slower in every call, or in reading alone."""

NO_SLOWER = (SAME, SHIFTED)

SLOWDOWNS = (5, 10, 20)
"""Percent more CPU work, at which the power is measured."""

CELLS = 18
"""In a block of the plan: drawn by its number from the profile's timed cells."""

SAME_BLOCKS = SHIFTED_BLOCKS = 17
"""Blocks of each kind that is no slower: 306 cells. Where none of 299 raises a false alarm, the
rate is below 1 % with 95 % confidence (0.99 ** 299 = 0.05)."""

SLOWER_BLOCKS = 4
"""Blocks at each slowdown: 72 cells. 18 do not tell a power of 0.89 from 0.9."""

READING_BLOCKS, READING_PERCENT = 2, 20
"""Blocks that are slower in reading alone, and by how much."""

FIXED_PAIRS = (LOOKS[-1],)
"""In the plan slower releases are always compared in the most pairs, so that the power after fewer
is known too."""


@dataclass(frozen=True)
class Block:
    """A question whose answer is known, asked of so many `cells`.

    `kind` says what the other side is, `percent` how much slower, 0 where it is not. `looks` are
    the numbers of pairs after which answered cells are left.
    """

    number: int
    release: str
    percent: int
    kind: str = SAME
    cells: int = CELLS
    looks: tuple[int, ...] = LOOKS


def plan(catalogue: Catalogue) -> list[Block]:
    """All blocks, the kinds mixed, so that each is spread over the hours that the whole takes."""
    newest, oldest_line = catalogue.newest("3.x").tag, catalogue.newest("2.x").tag
    kinds = [
        [((newest, oldest_line)[place % 2], 0, SAME) for place in range(SAME_BLOCKS)],
        # Only zarr 3 can be changed.
        [(newest, 0, SHIFTED)] * SHIFTED_BLOCKS,
        [(newest, percent, SLOWER) for percent in SLOWDOWNS] * SLOWER_BLOCKS,
        [(newest, READING_PERCENT, SLOWER_READS)] * READING_BLOCKS,
    ]
    # Each kind evenly over the whole.
    mixed = sorted(
        ((place + 0.5) / len(blocks), number, block)
        for number, blocks in enumerate(kinds)
        for place, block in enumerate(blocks)
    )
    return [
        Block(number, release, percent, kind, looks=FIXED_PAIRS if percent else LOOKS)
        for number, (_, _, (release, percent, kind)) in enumerate(mixed)
    ]


def cells_of(block: Block, catalogue: Catalogue, profile: Profile) -> list[ComparedCell]:
    """The cells of a block, drawn by its number from the timed cells that its release has.

    Of a slower release only writing and reading the volume: in calls of a millisecond the CPU that
    is kept busy also changes how the library's threads are woken, by as much again.
    """
    benchmarks = None if block.kind in NO_SLOWER else f"^({WRITE}|{VOLUME})$"
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
    if block.kind != SAME:
        installed = ReleaseUnderTest(release, folder / "env", folder / "none", python)
        installed.install(catalogue.held)
        wheel = _changed_wheel(block, installed.site_packages, folder / "wheels")
        side = parse_side(f"zarr={wheel},numcodecs=={release.numcodecs}", catalogue)
        other = replace(side, name=f"{block.release}, {in_words(block)}")
    question = Question(
        release,
        other,
        tuple(cells_of(block, catalogue, run.profile)),
        run.profile,
        run.tomogram,
        python,
        block.number,
        block.looks,
    )
    return confirm(question, catalogue.held, folder, console)


def _changed_wheel(block: Block, site_packages: Path, folder: Path) -> Path:
    if block.kind == SHIFTED:
        return shifted_wheel(site_packages, block.number, folder)
    calls = READING if block.kind == SLOWER_READS else EVERY_CALL
    return slower_wheel(site_packages, block.percent, folder, calls)


def in_words(block: Block) -> str:
    """What the other side of a block is, such as `10 % slower`."""
    return {
        SAME: "against itself",
        SHIFTED: "elsewhere in memory",
        SLOWER: f"{block.percent} % slower",
        SLOWER_READS: f"{block.percent} % slower in reading",
    }[block.kind]


def is_slower(line: dict[str, Any]) -> bool:
    """True if the cell of a line was made slower, and is to be called a regression."""
    return bool(line["percent"]) and not (
        line.get("kind") == SLOWER_READS and line["cell"].startswith(WRITE)
    )


def lines_of(block: Block, answer: Answer) -> Iterator[dict[str, Any]]:
    """One line for each cell of an answered block, with the log ratio of every pair."""
    for each in answer.cells:
        yield {
            "block": block.number,
            "release": block.release,
            "percent": block.percent,
            "kind": block.kind,
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
    # Those of an earlier plan had no kinds; their blocks are others.
    lines = [line for line in read_trust(path) if "kind" in line]
    done = {line["block"] for line in lines}
    left = [block for block in blocks if block.number not in done]
    for place, block in enumerate(left):
        if minutes is not None and time.monotonic() - begin > 60 * minutes:
            return len(left) - place
        console.print(
            f"block {block.number + 1} of {len(blocks)}: {for_markup(block.release)} "
            f"{in_words(block)}"
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
