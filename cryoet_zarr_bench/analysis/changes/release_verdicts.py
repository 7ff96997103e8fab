"""Verdicts on the cells of each release, summed up release by release.

A step, which is a release compared with the one just before it, becomes a row with one word for
each benchmark. Rows are shown in a terminal, in Markdown, and on the dashboard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.changes.announced_outcomes import AnnouncedRow
from cryoet_zarr_bench.analysis.changes.comparison_sentence import (
    exact_in_words,
    is_of_requests,
    told_exact,
)
from cryoet_zarr_bench.analysis.changes.release_evidence import EvidenceOfSeries, Statement
from cryoet_zarr_bench.analysis.changes.verdict_steps import (
    BENCHMARKS,
    WALL_TIME,
    JudgedCell,
    JudgedStep,
    column_of,
    distance_of,
    heading,
    reach_of,
)
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, for_terminal, markdown_table
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.verdicts.change_rule import (
    CHANGES,
    IMPROVEMENT,
    INCONCLUSIVE,
    NO_CHANGE,
    REGRESSION,
)
from cryoet_zarr_bench.verdicts.confirmation import NO_FIGURE, NOT_AVAILABLE

MIXED = "mixed"
"""The word for a benchmark of which some cells regressed and others improved."""

DEFAULT_CHANGED = "default changed"
BYTES_CHANGED = "bytes changed"
FILES_CHANGED = "files changed"
SPEED_CHANGED = "speed changed"
MEMORY_CHANGED = "memory changed"
REQUESTS_CHANGED = "requests changed"


@dataclass(frozen=True)
class Judgement:
    """One benchmark of one step in a word.

    The word is regression where any cell regressed, else improvement where any improved, mixed
    where both did; else inconclusive where any cell is, else no change; where no cell was judged,
    no figure or n/a. `strongest` is the cell that bears it: of changed ones the one that changed
    most, of inconclusive ones the one known least, else the one farthest from no change. `opposite`
    is, of a mixed one, the strongest the other way. `judged` and `changed` count cells.
    """

    benchmark: str
    word: str
    judged: int
    changed: int
    strongest: JudgedCell | None
    opposite: JudgedCell | None = None

    @property
    def said(self) -> str:
        """The word; no change says of how many cells, inconclusive how far the ratio is known."""
        if self.word == NO_CHANGE:
            return f"{self.word} in {self.judged} cell{'' if self.judged == 1 else 's'}"
        if self.word != INCONCLUSIVE or self.strongest is None:
            return self.word
        reach = self.strongest.deciding.reach
        return self.word if reach is None else f"{self.word} +-{max(1, round(reach * 100))} %"

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "word": self.word,
            "judged": self.judged,
            "changed": self.changed,
            "strongest": self.strongest and self.strongest.as_json(),
            "opposite": self.opposite and self.opposite.as_json(),
        }


@dataclass(frozen=True)
class VerdictRow:
    """A step, with a judgement for each of its benchmarks and the classes of what changed.

    `exact` are the figures that changed without any doubt: bytes, files, requests.
    """

    step: JudgedStep
    judgements: dict[str, Judgement]
    changes: tuple[str, ...]
    exact: tuple[Statement, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "release": self.step.release,
            "parent": self.step.parent,
            "machine": self.step.machine,
            "tomogram": self.step.tomogram,
            "python": self.step.python,
            "profile": self.step.profile,
            "reason": self.step.reason,
            "changes": list(self.changes),
            "benchmarks": {name: each.as_json() for name, each in self.judgements.items()},
            "configs_compared": self.step.configs_compared,
            "differences": self.step.differences,
            "exact": exact_in_words(self.exact),
            "cells": [cell.as_json() for cell in self.step.cells],
        }


def verdict_rows(
    steps: Iterable[JudgedStep], evidence: EvidenceOfSeries | None = None
) -> list[VerdictRow]:
    """A row for each step, the newest release first; a release not in the catalogue comes last.

    Exact figures are those of `evidence`; there are none without it.
    """
    places = {release.tag: place for place, release in enumerate(load_catalogue().releases)}
    in_order = sorted(steps, key=lambda step: (-places.get(step.release, -1), step.series))
    return [_row(step, _exact_of(step, evidence)) for step in in_order]


def _row(step: JudgedStep, exact: tuple[Statement, ...]) -> VerdictRow:
    kinds = classes_of_change(step)
    if any(is_of_requests(each.benchmark) for each in exact):
        kinds = (*kinds, REQUESTS_CHANGED)
    return VerdictRow(step, _judgements(step), kinds, exact)


def _exact_of(step: JudgedStep, evidence: EvidenceOfSeries | None) -> tuple[Statement, ...]:
    if evidence is None:
        return ()
    known = evidence.of(*step.series)
    return tuple(told_exact(known.exact(step.parent, step.release)))


def _judgements(step: JudgedStep) -> dict[str, Judgement]:
    names = {column_of(cell.benchmark) for cell in step.cells}
    known = [name for name in BENCHMARKS if name in names]
    return {
        name: judge(name, [cell for cell in step.cells if column_of(cell.benchmark) == name])
        for name in [*known, *sorted(names - set(known))]
    }


def judge(benchmark: str, cells: Sequence[JudgedCell]) -> Judgement:
    """The judgement on the cells of one benchmark."""
    judged = [cell for cell in cells if cell.is_judged]
    words = {cell.verdict for cell in cells}
    if not judged:
        return Judgement(benchmark, NO_FIGURE if NO_FIGURE in words else NOT_AVAILABLE, 0, 0, None)
    changed = [cell for cell in judged if cell.verdict in CHANGES]
    if changed:
        strongest = max(changed, key=distance_of)
        others = [cell for cell in changed if cell.verdict != strongest.verdict]
        return Judgement(
            benchmark,
            MIXED if others else strongest.verdict,
            len(judged),
            len(changed),
            strongest,
            max(others, key=distance_of, default=None),
        )
    unclear = [cell for cell in judged if cell.verdict == INCONCLUSIVE]
    if unclear:
        return Judgement(benchmark, INCONCLUSIVE, len(judged), 0, max(unclear, key=reach_of))
    return Judgement(benchmark, NO_CHANGE, len(judged), 0, max(judged, key=distance_of))


def classes_of_change(step: JudgedStep) -> tuple[str, ...]:
    """The kinds of change there are: on the disk, of speed, of memory; none where all is alike."""
    unlike = {what for differences in step.differences.values() for what in differences}
    changed = [cell for cell in step.cells if cell.verdict in CHANGES]
    found = {
        DEFAULT_CHANGED: "metadata" in unlike,
        BYTES_CHANGED: bool(unlike & {"bytes", "chunk contents"}),
        FILES_CHANGED: "files" in unlike,
        SPEED_CHANGED: any(cell.is_timed for cell in changed),
        MEMORY_CHANGED: any(not cell.is_timed for cell in changed),
    }
    return tuple(word for word, is_so in found.items() if is_so)


_STYLES = {REGRESSION: "red", IMPROVEMENT: "blue", MIXED: "magenta", INCONCLUSIVE: "yellow"}
_SHORT = {
    DEFAULT_CHANGED: "default",
    BYTES_CHANGED: "bytes",
    FILES_CHANGED: "files",
    REQUESTS_CHANGED: "requests",
}
_SHORT_WORDS = {NO_CHANGE: "no change"}


def verdict_table(rows: Iterable[VerdictRow]) -> Table:
    """Release x benchmark for a terminal of 100 columns, the newest release first.

    A changed cell has the ratio of the strongest, its interval, and how many of those judged
    changed.
    """
    rows = list(rows)
    names = _columns(rows)
    table = Table(
        title="Each release against the one before it",
        title_justify="left",
        caption="CPU time (or peak memory) B/A of the cell that changed most, its 99 % interval, "
        "and how many of the cells judged changed. no change: within 10 %.",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("release", no_wrap=True)
    for name in names:
        table.add_column(Text(for_terminal(heading(name))))
    table.add_column("disk")
    for row in rows:
        said = [_in_terminal(row.judgements.get(name)) for name in names]
        if not row.judgements:
            said[0] = Text("no verdict")
        disk = "\n".join(_SHORT[word] for word in row.changes if word in _SHORT)
        table.add_row(Text(for_terminal(row.step.release)), *said, disk)
    return table


def _in_terminal(judgement: Judgement | None) -> Text:
    if judgement is None:
        return Text("")
    style = _STYLES.get(judgement.word, "")
    said = for_terminal(_SHORT_WORDS.get(judgement.word, judgement.word))
    if judgement.word == INCONCLUSIVE:
        return Text(judgement.said.replace(" +-", "\n+-"), style)
    if judgement.strongest is None or not judgement.changed:
        return Text(said, style)
    lines = [said]
    for cell in filter(None, (judgement.strongest, judgement.opposite)):
        found = cell.deciding
        wall = " wall" if found.figure == WALL_TIME else ""
        lines.append(f"{found.ratio or 0:.2f}{wall}")
        if found.low is not None and found.high is not None:
            lines.append(f"{found.low:.2f}-{found.high:.2f}")
    lines.append(f"{judgement.changed} of {judgement.judged}")
    return Text("\n".join(lines), style)


def verdict_markdown(rows: Iterable[VerdictRow]) -> str:
    """Release x benchmark as a Markdown table."""
    rows = list(rows)
    names = _columns(rows)
    headings = ["release", "exact figures", *(heading(name) for name in names), "changed"]
    lines = []
    for row in rows:
        said: list[str] = [_in_markdown(row.judgements.get(name)) for name in names]
        if not row.judgements:
            said[0] = f"no verdict: {row.step.reason or 'no cell was compared'}"
        kinds = ", ".join(word.removesuffix(" changed") for word in row.changes)
        exact = "; ".join(exact_in_words(row.exact)) or "equal"
        lines.append([row.step.release, exact, *said, kinds])
    return markdown_table(headings, lines)


_NOT_JUDGED = "–"


def _in_markdown(judgement: Judgement | None) -> Markdown:
    if judgement is None:
        return Markdown(_NOT_JUDGED)
    if judgement.strongest is None or not judgement.changed:
        return for_markdown(judgement.said)
    cells = filter(None, (judgement.strongest, judgement.opposite))
    found = " and ".join(
        f"{'wall ' if cell.deciding.figure == WALL_TIME else ''}{cell.deciding}" for cell in cells
    )
    return Markdown(
        f"**{for_markdown(judgement.word)}** {found}, "
        f"{judgement.changed} of {judgement.judged} cell{'' if judgement.judged == 1 else 's'}"
    )


def announced_markdown(rows: Iterable[AnnouncedRow]) -> str:
    """The announced changes as a Markdown table."""
    lines = []
    for row in rows:
        change = row.change
        says = for_markdown(change.says)
        if _IS_ADDRESS.fullmatch(change.source):
            says = Markdown(f"{says} ([source]({change.source}))")
        lines.append([change.seen_in or "", says, change.expected, row.status, row.evidence])
    return markdown_table(["in", "announced", "expected", "found", "by"], lines)


_IS_ADDRESS = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")
"""Without what ends a link in Markdown, a cell or a line."""


def _columns(rows: list[VerdictRow]) -> list[str]:
    return list(dict.fromkeys([*BENCHMARKS, *(name for row in rows for name in row.judgements)]))
