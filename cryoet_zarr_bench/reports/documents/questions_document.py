"""docs/questions.md: what people who store tomograms asked, answered from the committed results."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.reports.questions.answered_questions import answered_questions
from cryoet_zarr_bench.reports.questions.question import as_markdown

INTRODUCTION = """# Questions, each answered with figures

Written by `cryoet-zarr-bench readme` from the committed results: a line that answers, a table that
the line follows from, and the command that measures it again. How the layouts are written and read
is in [layouts.md](layouts.md).
"""


def questions_report(results: Path) -> str:
    """The document: every question, also those that are not answered yet."""
    return "\n".join([INTRODUCTION, *(as_markdown(*each) for each in answered_questions(results))])
