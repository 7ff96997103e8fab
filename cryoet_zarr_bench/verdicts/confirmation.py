"""Judge which of two releases is slower, cell by cell: pairs until that is clear."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cryoet_zarr_bench.verdicts.change_rule import CHANGES, INCONCLUSIVE, REGRESSION
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell
from cryoet_zarr_bench.verdicts.comparison_setup import (
    NO_FIGURE,
    NOT_AVAILABLE,
    BothSides,
    Question,
    both_sides,
    same_stores,
)
from cryoet_zarr_bench.verdicts.judgement import Estimate, estimate, verdict, verdicts
from cryoet_zarr_bench.verdicts.pair_journal import PairJournal
from cryoet_zarr_bench.verdicts.process_pairs import run_pair

OVERWHELMING = 1.25
"""Wall time decides against CPU time where its whole interval is beyond this: something waits."""


@dataclass(frozen=True)
class CellAnswer:
    """The verdict on a cell.

    `deciding` is the estimate of CPU time, or of peak memory where that was compared; `wall` that
    of wall time. `verdict` is one of the four, or `n/a` or `no figure`, of which `reason` says why.
    `pairs` are the comparisons as they were kept.
    """

    cell: ComparedCell
    verdict: str
    deciding: Estimate
    wall: Estimate
    pairs: tuple[dict[str, Any], ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """All verdicts, and the exact differences: a config's name -> what is not the same.

    `compared` is the number of configs whose stores were compared. `complete` is false where the
    run was interrupted. `stores` has what each side, `A` and `B`, wrote: by the name of a config
    `stored_bytes` and `file_count`, among others.
    """

    question: Question
    cells: tuple[CellAnswer, ...]
    differences: dict[str, dict[str, str]]
    compared: int
    complete: bool
    stores: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 no regression, 1 regression, 3 inconclusive (a cell without a figure is that too)."""
        said = {each.verdict for each in self.cells}
        if REGRESSION in said:
            return 1
        answered = said - {NOT_AVAILABLE}
        return 3 if not answered or answered & {INCONCLUSIVE, NO_FIGURE} else 0


def confirm(question: Question, held: Mapping[str, str], folder: Path, console: Console) -> Answer:
    """Run pairs until each cell is answered or the last look is done; Ctrl-C ends it early.

    `held` maps packages that are the same in all releases to their versions; environments and the
    journal lie in `folder`. What was measured is kept there and taken up by the same question,
    until `forget_pairs` says that the answer is kept elsewhere. Raises BadInput if a release
    cannot be had.
    """
    complete = True
    with both_sides(question, held, folder, console) as both:
        journal = PairJournal(_journal_path(question, folder), question.purpose())
        if journal.count:
            console.print(f"{journal.count} comparisons were made before the interruption")
        try:
            _run_pairs(question, both, journal, console)
        except KeyboardInterrupt:
            complete = False
    a, b = both.said["A"], both.said["B"]
    return Answer(
        question,
        tuple(_answers(question, journal, both.unanswerable)),
        exact_differences(a, b),
        len(a["stores"].keys() & b["stores"].keys()),
        complete,
        {"A": a["stores"], "B": b["stores"]},
    )


def _run_pairs(question: Question, both: BothSides, journal: PairJournal, console: Console) -> None:
    cells = both.comparable(question.cells)
    same = same_stores(cells, both.said["A"], both.said["B"])
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    first = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for look in question.looks:
            unanswered = _open_cells(cells, journal, first, question.reach)
            if not unanswered:
                return
            title = f"pairs {first + 1} to {look} of {len(unanswered)} cells"
            task = progress.add_task(title, total=len(unanswered) * (look - first))
            for pair in range(first, look):
                missing = [cell for cell in unanswered if not journal.has(cell, pair)]
                progress.advance(task, len(unanswered) - len(missing))
                if missing:
                    keep = _keeper(journal, pair, partial(progress.advance, task))
                    run_pair(
                        both.sides, question.tomogram, missing, same, question.seed, pair, keep
                    )
                if not console.is_terminal:
                    console.print(f"pair {pair + 1} of {look}, {len(unanswered)} cells")
            progress.remove_task(task)
            first = look


def _keeper(
    journal: PairJournal, pair: int, advance: Callable[[], None]
) -> Callable[[ComparedCell, dict[str, Any]], None]:
    def keep(cell: ComparedCell, result: dict[str, Any]) -> None:
        journal.keep(cell, pair, result)
        advance()

    return keep


def _deciding(cell: ComparedCell) -> str:
    return "cpu" if cell.is_timed else "memory"


def _open_cells(
    cells: list[ComparedCell], journal: PairJournal, pairs: int, reach: float | None
) -> list[ComparedCell]:
    """The cells whose answer the first `pairs` comparisons leave open."""
    kept = {cell: [each for each in journal.of(cell) if each["pair"] < pairs] for cell in cells}
    known = [cell for cell in cells if not any(_failure(each) for each in kept[cell])]
    found = [estimate([each[_deciding(cell)] for each in kept[cell]]) for cell in known]
    if reach is not None:
        is_open = [not each.is_known or each.reach > reach for each in found]
    else:
        is_open = [word == INCONCLUSIVE for word in verdicts(found)]
    return [cell for cell, is_it in zip(known, is_open, strict=True) if is_it]


def _failure(kept: dict[str, Any]) -> tuple[str, str] | None:
    if "error" in kept:
        return NO_FIGURE, f"{kept['side']}: {kept['error']}"
    if "impossible" in kept:
        return NOT_AVAILABLE, f"{kept['side']}: {kept['impossible']}"
    return None


def _answers(
    question: Question, journal: PairJournal, reasons: dict[ComparedCell, tuple[str, str]]
) -> list[CellAnswer]:
    estimates: dict[ComparedCell, tuple[Estimate, Estimate]] = {}
    for cell in question.cells:
        kept = journal.of(cell)
        failures = [failure for each in kept if (failure := _failure(each))]
        if failures:
            reasons = {**reasons, cell: failures[0]}
        if cell not in reasons:
            estimates[cell] = (
                estimate([each[_deciding(cell)] for each in kept]),
                estimate([each["wall"] for each in kept if "wall" in each]),
            )
    said = dict(zip(estimates, verdicts([found for found, _ in estimates.values()]), strict=True))
    nothing = estimate([])
    answers = []
    for cell in question.cells:
        if cell in reasons:
            word, reason = reasons[cell]
            answers.append(CellAnswer(cell, word, nothing, nothing, reason=reason))
        else:
            deciding, wall = estimates[cell]
            word = with_wall(said[cell], wall)
            answers.append(CellAnswer(cell, word, deciding, wall, tuple(journal.of(cell))))
    return answers


def with_wall(by_cpu: str, wall: Estimate) -> str:
    """CPU time decides, unless it sees no change and wall time is overwhelming."""
    if by_cpu not in CHANGES and (wall.low > OVERWHELMING or wall.high < 1 / OVERWHELMING):
        return verdict(wall)
    return by_cpu


def exact_differences(a: dict[str, Any], b: dict[str, Any]) -> dict[str, dict[str, str]]:
    """For each config that both wrote: the exact figures and fingerprints that are not the same."""
    words = {
        "stored_bytes": "bytes",
        "file_count": "files",
        "metadata": "metadata",
        "content": "chunk contents",
    }
    found = {}
    for name in sorted(a["stores"].keys() & b["stores"].keys()):
        one, other = a["stores"][name], b["stores"][name]
        unlike = {
            word: f"{one[what]} -> {other[what]}" if what.endswith(("bytes", "count")) else "differ"
            for what, word in words.items()
            if one[what] != other[what]
        }
        if unlike:
            found[name] = unlike
    return found


def forget_pairs(question: Question, folder: Path) -> None:
    """Forget what a question was answered from, once the answer is kept elsewhere."""
    _journal_path(question, folder).unlink(missing_ok=True)


def _journal_path(question: Question, folder: Path) -> Path:
    tomogram = question.tomogram.sha256[:12]
    return folder / f"{question.a.key}--{question.b.key}--{tomogram}-{question.seed}.jsonl"


def as_row(answer: CellAnswer) -> dict[str, Any]:
    """One cell's verdict and estimates, as plain values."""
    cell = answer.cell
    return {
        "benchmark": cell.benchmark,
        "codec": cell.codec,
        "chunks": cell.chunks,
        "zarr_format": cell.zarr_format,
        "verdict": answer.verdict,
        "figure": "CPU time" if cell.is_timed else "peak memory",
        **_estimate("", answer.deciding),
        **_estimate("wall_", answer.wall),
        "reason": answer.reason,
    }


def _estimate(prefix: str, found: Estimate) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 5)

    return {
        f"{prefix}ratio": known(found.ratio),
        f"{prefix}low": known(found.low),
        f"{prefix}high": known(found.high),
        f"{prefix}pairs": found.pairs,
    }
