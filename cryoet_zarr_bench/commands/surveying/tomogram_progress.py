"""The bar of a survey and of a batch: how many tomograms are done, and the time that is left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


def tomogram_progress(console: Console, *more: ProgressColumn) -> Progress:
    """A bar that counts tomograms, and goes when it ends; `more` columns stand after the count."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *more,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
