"""The answer of `confirm`: a table on the screen, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.api.confirming import (
    FOLDER,
    ConfirmOptions,
    answer_to,
    question_of,
)
from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.documents.maintainer_report import draft_report
from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, INCONCLUSIVE, REGRESSION
from cryoet_zarr_bench.verdicts.comparison_setup import NO_FIGURE, NOT_AVAILABLE, Question
from cryoet_zarr_bench.verdicts.confirmation import (
    Answer,
    CellAnswer,
    as_row,
    forget_pairs,
)
from cryoet_zarr_bench.verdicts.instruction_counts import (
    SAME_WORK,
    WorkAnswer,
    as_rows,
    count_instructions,
)
from cryoet_zarr_bench.verdicts.kernel_work import differences

_COLOURS = {REGRESSION: "red", IMPROVEMENT: "green", INCONCLUSIVE: "yellow", NO_FIGURE: "red"}
_ORDER = (REGRESSION, IMPROVEMENT, INCONCLUSIVE, NO_FIGURE)


@dataclass(frozen=True)
class AnswerFiles:
    """Files that an answer is written to, beside the screen."""

    json_file: Path | None = None
    csv_file: Path | None = None
    report: Path | None = None


def run_confirm(
    console: Console,
    a: str,
    b: str,
    options: ConfirmOptions,
    files: AnswerFiles,
    instructions: bool = False,
) -> int:
    """Ask, measure, and show the answer; return the exit code. Raises BadInput.

    With `instructions` the calls are not timed: their instructions are counted, no report is made
    of them, and the exit code is 0 whatever the counts, since work is no verdict.
    """
    for file in (files.json_file, files.csv_file, files.report):
        require_file(file)
    question = question_of(a, b, options)
    if instructions:
        return _show_instructions(console, question, files)
    answer = answer_to(question, console)
    console.print()
    console.print(answer_table(answer))
    for line in summary(answer).splitlines():
        console.print(Text(on_one_line(line)))
    _save(files.json_file, json.dumps(as_json(answer), indent=1))
    _save(files.csv_file, _csv([as_row(each) for each in answer.cells]))
    _save(files.report, draft_report(answer))
    if not answer.complete:
        return 130
    forget_pairs(question, FOLDER)
    return answer.exit_code


def _show_instructions(console: Console, question: Question, files: AnswerFiles) -> int:
    counted = count_instructions(question, load_catalogue().held, FOLDER, console)
    console.print()
    console.print(work_table(question, counted))
    changed = sum(not each.reason and each.word != SAME_WORK for each in counted)
    console.print(f"Work changed in {changed} of {len(counted)} calls. {WORK_EXPLAINED}")
    for line in kernel_lines(counted):
        console.print(Text(on_one_line(line)))
    rows = as_rows(counted)
    _save(files.json_file, json.dumps({**_asked(question), "calls": rows}, indent=1))
    _save(files.csv_file, _csv(rows))
    return 0


def _save(file: Path | None, text: str) -> None:
    if file is not None:
        write_whole(file, f"{text.rstrip()}\n")


WORK_EXPLAINED = (
    "Instructions of B over those of A, as valgrind counts them, with the most that repeats of one "
    "release differ. Work is no time: fewer instructions may take longer. encode and decode: one "
    "chunk, by the codec alone."
)


def kernel_lines(answers: list[WorkAnswer]) -> list[str]:
    """For each call that asks something else of the kernel, what: in A, and in B."""
    found = []
    for each in answers:
        unlike = differences(*each.kernel) if each.kernel else []
        if unlike:
            more = f", {len(unlike) - 4} more" if len(unlike) > 4 else ""
            found.append(f"{each.call} {each.cell.short_config}: {', '.join(unlike[:4])}{more}")
    return ["Of the kernel, a call:", *found] if found else []


def work_table(question: Question, answers: list[WorkAnswer]) -> Table:
    """One row for each call that was counted, what differs most first."""
    a, b = for_terminal(question.a.name), for_terminal(question.b.name)
    table = _narrow_table(f"{b} over {a}: instructions")
    table.add_column("call", no_wrap=True)
    # A config in shards is long: its column wraps, or the last one would be lost.
    table.add_column("config")
    for heading in ("millions", "ratio", "repeats"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("work", min_width=9)
    for each in sorted(answers, key=lambda each: 0 if each.reason else -abs(each.ratio - 1)):
        config = Text(for_terminal(each.cell.short_config))
        if each.reason:
            table.add_row(each.call, config, "", "", "", Text(on_one_line(each.reason)))
        else:
            table.add_row(
                each.call,
                config,
                f"{sum(each.a) / len(each.a) / 1e6:.1f}",
                f"{each.ratio:.4f}",
                f"{each.spread * 100:.2f} %",
                each.word,
                style=None if each.word == SAME_WORK else "bold",
            )
    return table


def _narrow_table(title: str) -> Table:
    """80 columns are enough for the longest config of the quick profile."""
    return Table(
        title=Text(on_one_line(title)),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )


def answer_table(answer: Answer) -> Table:
    """The cells that were compared, config by config, what changed most first: ratios are B / A."""
    a, b = for_terminal(answer.question.a.name), for_terminal(answer.question.b.name)
    table = _narrow_table(f"{b} over {a}")
    table.add_column("config, benchmark", no_wrap=True)
    for heading in ("CPU", "99 % int.", "wall"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for config, answers in _by_config(answer.cells):
        table.add_row(Text(for_terminal(config), style="bold"))
        for each in answers:
            table.add_row(
                Text(f"  {for_terminal(each.cell.short_benchmark)}"),
                _number(each.deciding.ratio),
                f"{_number(each.deciding.low)}-{_number(each.deciding.high)}",
                _number(each.wall.ratio) if each.cell.is_timed else "",
                Text(on_one_line(said(each))),
                style=_COLOURS.get(each.verdict),
            )
    return table


def _by_config(answers: tuple[CellAnswer, ...]) -> list[tuple[str, list[CellAnswer]]]:
    """The cells that have a verdict under their configs; the cell that changed most comes first."""
    found: dict[str, list[CellAnswer]] = {}
    for each in sorted(answers, key=_first_what_changed):
        if each.verdict != NOT_AVAILABLE:
            found.setdefault(each.cell.short_config, []).append(each)
    return list(found.items())


def _first_what_changed(answer: CellAnswer) -> tuple[int, float]:
    place = _ORDER.index(answer.verdict) if answer.verdict in _ORDER else len(_ORDER)
    ratio = answer.deciding.ratio
    return place, 0.0 if math.isnan(ratio) else -abs(math.log(ratio))


def said(answer: CellAnswer) -> str:
    """The verdict in words; an inconclusive one says how far the ratio is known."""
    if answer.verdict == INCONCLUSIVE and answer.deciding.is_known:
        return f"{INCONCLUSIVE} (+-{max(1, round(answer.deciding.reach * 100))} %)"
    return f"{answer.verdict}: {answer.reason}" if answer.reason else answer.verdict


def summary(answer: Answer) -> str:
    """Count the cells by verdict, and list the exact differences."""
    counts = Counter(each.verdict for each in answer.cells)
    lines = [", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + "."]
    if pairs := {each.deciding.pairs for each in answer.cells if each.deciding.is_known}:
        count = f"{min(pairs)} to {max(pairs)}" if len(pairs) > 1 else f"{min(pairs)}"
        lines.append(
            f"{count} pairs of fresh processes for each cell. CPU, wall: the time of "
            f"{for_terminal(answer.question.b.name)} over that of "
            f"{for_terminal(answer.question.a.name)}."
        )
    if not answer.complete:
        lines.append(
            "Interrupted: this is what can be concluded so far. The same command goes on from here."
        )
    if not answer.differences:
        lines.append(
            f"On the disk: the same bytes, files and metadata in all {answer.compared} configs."
        )
    else:
        lines.append(f"On the disk, in {len(answer.differences)} of {answer.compared} configs:")
        kinds = Counter(
            tuple((word, how) for word, how in unlike.items())
            for unlike in answer.differences.values()
        )
        for kind, number in kinds.most_common(5):
            lines.append(f"  {', '.join(f'{word} {how}' for word, how in kind)} ({number})")
        if len(kinds) > 5:
            lines.append(f"  and {len(kinds) - 5} other differences; --json has all")
    return "\n".join(lines)


def as_json(answer: Answer) -> dict[str, Any]:
    """All of the answer, for programs; each cell with its pairs and their single calls."""
    return {
        **_asked(answer.question),
        "complete": answer.complete,
        "exit_code": answer.exit_code,
        "configs_compared": answer.compared,
        "differences": answer.differences,
        "cells": [{**as_row(each), "measured": list(each.pairs)} for each in answer.cells],
    }


def _asked(question: Question) -> dict[str, Any]:
    return {
        "a": {"name": question.a.name, **question.a.versions},
        "b": {"name": question.b.name, **question.b.versions},
        "tomogram": question.tomogram.name,
        "profile": question.profile.name,
        "python": question.python,
        "seed": question.seed,
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    """One line per row, under the names of the first one's values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    # What cannot be shown, half a character of a damaged name too, is written out.
    writer.writerows(
        {key: on_one_line(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
    )
    return text.getvalue()


def _number(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:.2f}"
