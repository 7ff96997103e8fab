"""A draft of what to tell the maintainers of zarr or numcodecs of a change, in Markdown."""

from __future__ import annotations

import platform

from cryoet_zarr_bench.analysis.changes.verdict_steps import heading
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table
from cryoet_zarr_bench.reports.documents.standalone_script import standalone_script
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, IMPROVEMENT, REGRESSION
from cryoet_zarr_bench.verdicts.confirmation import Answer, CellAnswer

_LISTED = 10
"""The changed cells of a report: those that changed most."""


def draft_report(answer: Answer) -> str:
    """The report on an answer of `confirm`: verdict, method, a script that shows the change."""
    changed = _by_distance([each for each in answer.cells if each.verdict in CHANGES])
    a, b = (for_markdown(side.name) for side in (answer.question.a, answer.question.b))
    parts = [f"# {_title(answer, changed)}", _verdict(answer, changed)]
    if changed:
        parts.append(_table(changed[:_LISTED]))
    parts += [
        "## Method",
        f"The same calls ran in {a} and {b} in turn, A B B A, in pairs of fresh processes on one "
        "core, each process with a memory layout of its own; both read the same stores where they "
        "wrote the same bytes.\nA ratio is CPU time of B over A, with a 99 % interval over the "
        "pairs; of all cells together 1 % of the changes called is expected to be none.",
        "## Where it was measured",
        _where(answer),
    ]
    script = _script(answer, changed)
    if script:
        parts += ["## A script that shows it", f"```python\n{script}```"]
    return "\n\n".join(parts) + "\n"


def _by_distance(cells: list[CellAnswer]) -> list[CellAnswer]:
    order = (REGRESSION, IMPROVEMENT)

    def key(each: CellAnswer) -> tuple[int, float]:
        ratio = each.deciding.ratio
        return order.index(each.verdict), -max(ratio, 1 / ratio)

    return sorted(cells, key=key)


def _title(answer: Answer, changed: list[CellAnswer]) -> str:
    a, b = (for_markdown(side.name) for side in (answer.question.a, answer.question.b))
    if not changed:
        return f"{b} against {a}: no change found"
    most = changed[0]
    ratio = most.deciding.ratio
    said = f"{ratio:.2f}x slower" if ratio > 1 else f"{1 / ratio:.2f}x faster"
    return f"{b} against {a}: {for_markdown(heading(most.cell.benchmark))} {said}"


def _verdict(answer: Answer, changed: list[CellAnswer]) -> str:
    judged = [each for each in answer.cells if each.deciding.is_known]
    worse = sum(each.verdict == REGRESSION for each in changed)
    said = (
        f"Of {len(judged)} cells (a call and a storage config) {worse} regressed and "
        f"{len(changed) - worse} improved."
    )
    if not answer.complete:
        said += " The comparison was interrupted: this is what can be concluded so far."
    if answer.differences:
        return f"{said} What lies on the disk differs in {len(answer.differences)} configs."
    return f"{said} What lies on the disk is the same in all {answer.compared} configs."


def _table(changed: list[CellAnswer]) -> str:
    rows = [
        [
            heading(each.cell.benchmark),
            each.cell.short_config,
            Markdown(f"{each.deciding.ratio:.2f}"),
            Markdown(f"{each.deciding.low:.2f} to {each.deciding.high:.2f}"),
            str(each.deciding.pairs),
        ]
        for each in changed
    ]
    return markdown_table(["call", "codec, chunks, format", "B / A", "99 %", "pairs"], rows)


def _where(answer: Answer) -> str:
    question = answer.question
    versions = "; ".join(
        f"{name}: {for_markdown(side.name)} (zarr {side.zarr}, numcodecs {side.numcodecs})"
        for name, side in (("A", question.a), ("B", question.b))
    )
    return (
        f"{versions}. Python {question.python}, {platform.system()} {platform.machine()}; tomogram "
        f"{for_markdown(question.tomogram.name)}; stores in memory where they fit."
    )


def _script(answer: Answer, changed: list[CellAnswer]) -> str | None:
    question = answer.question
    for each in changed:
        script = standalone_script(each.cell, question.a, question.b, question.python)
        if script is not None:
            return script
    return None
