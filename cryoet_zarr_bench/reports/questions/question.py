"""A question and its answer: one line, one table, one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table


@dataclass(frozen=True)
class Question:
    """What was asked, `asked` where, in Markdown, and the `command` that measures an answer."""

    title: str
    asked: str
    command: str


@dataclass(frozen=True)
class Answer:
    """What was measured says so: one line, and the table that it follows from."""

    line: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    note: str = ""


def as_markdown(question: Question, answer: Answer | None) -> str:
    """The section of a question."""
    head = f"## {for_markdown(question.title)}\n\n{question.asked}\n"
    again = f"Measure it: `{question.command}`\n"
    if answer is None:
        return f"{head}\nNot measured yet. {again}"
    table = markdown_table(answer.headings, answer.rows, "-" + "r" * (len(answer.headings) - 1))
    note = f"\n{Markdown(answer.note)}\n" if answer.note else ""
    return f"{head}\n**{answer.line}**\n\n{table}\n{note}\n{again}"
