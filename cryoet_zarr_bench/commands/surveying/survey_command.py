"""`survey` on the terminal: progress with time left, then what the tomograms say together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.progress import TextColumn
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.commands.surveying.failed_table import (
    MOST_SHOWN,
    SOME_FAILED,
    print_failed,
)
from cryoet_zarr_bench.commands.surveying.tomogram_progress import tomogram_progress
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.tomogram_survey.dask_workers import WorkerChoice, WorkersLost, workers_of
from cryoet_zarr_bench.tomogram_survey.findings.clustered_figures import (
    ConfigFigures,
    figures_by_config,
    outliers,
)
from cryoet_zarr_bench.tomogram_survey.findings.kept_survey import keep_survey, survey_lines
from cryoet_zarr_bench.tomogram_survey.findings.tomogram_bytes import tomogram_bytes
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import ListedTomogram, listed_tomograms
from cryoet_zarr_bench.tomogram_survey.row_files import read_question
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.survey_run import (
    Progress,
    Show,
    SurveyOutcome,
    part_of,
    run_survey,
)

_PART = re.compile(r"(?P<part>[0-9]{1,6})/(?P<of>[0-9]{1,6})", re.ASCII)


@dataclass(frozen=True)
class WantedSurvey:
    """A survey as it is typed."""

    inputs: tuple[str, ...]
    out: Path
    question: SurveyQuestion
    workers: WorkerChoice
    part: str | None
    resume: bool
    machine: str | None


def run_survey_command(console: Console, wanted: WantedSurvey) -> int:
    """Survey tomograms and print what was found; the exit code, 1 where some failed.

    Without inputs what the folder has is printed.

    Raises:
        BadInput: an input, a config or the folder cannot be used; or the scheduler is gone.
    """
    if not wanted.inputs:
        _tell(console, wanted)
        return 0
    wanted.question.check()
    tomograms, writer = _own_part(listed_tomograms(wanted.inputs), wanted.part)
    console.print(f"{len(tomograms)} tomograms, {len(wanted.question.configs)} configs")
    outcome = _surveyed(console, wanted, tomograms, writer)
    print_failed(console, outcome.failed)
    console.print(
        f"{outcome.done} of {len(tomograms)} tomograms are complete; {outcome.rows} rows from "
        f"{outcome.voxels / 1e6:.0f} Mvoxel were added to {for_terminal(wanted.out)}",
        highlight=False,
    )
    _tell(console, wanted)
    return SOME_FAILED if outcome.failed else 0


def _tell(console: Console, wanted: WantedSurvey) -> None:
    """Print what the folder has, and put it into the results of a machine if one is named."""
    found = tomogram_bytes(wanted.out)
    print_survey(console, found)
    if wanted.machine is None:
        return
    question, versions = read_question(wanted.out)
    lines = survey_lines(found, question.sample, str(versions["zarr"]))
    path = keep_survey(PROJECT / "results", wanted.machine, lines)
    console.print(f"{len(lines)} tomograms are in {path.relative_to(PROJECT)}", highlight=False)


def _own_part(
    tomograms: Sequence[ListedTomogram], part: str | None
) -> tuple[list[ListedTomogram], str]:
    """The tomograms of one job of several, and the name of what it writes."""
    if part is None:
        return list(tomograms), "all"
    match = _PART.fullmatch(part)
    if match is None or not 1 <= int(match["part"]) <= int(match["of"]):
        raise BadInput(f"--part {part}: give i/n, such as 3/8 for the third of eight jobs")
    number, of = int(match["part"]), int(match["of"])
    return part_of(tomograms, number, of), f"part-{number}-of-{of}"


def _surveyed(
    console: Console, wanted: WantedSurvey, tomograms: Sequence[ListedTomogram], writer: str
) -> SurveyOutcome:
    try:
        with workers_of(wanted.workers) as client:
            if client.dashboard_link:
                console.print(f"watch the workers at {client.dashboard_link}")
            with _shown(console, len(tomograms)) as show:
                return run_survey(
                    client,
                    tomograms,
                    wanted.question,
                    wanted.out,
                    writer=writer,
                    resume=wanted.resume,
                    show=show,
                )
    except WorkersLost as error:
        raise refused(
            wanted.out,
            f"has all rows so far, but {error}",
            "the same command with --resume goes on",
        ) from error
    except OSError as error:
        raise refused(
            wanted.out,
            f"cannot be written any more ({error.strerror or error})",
            "make room, then the same command with --resume goes on",
        ) from error


@contextmanager
def _shown(console: Console, count: int) -> Iterator[Show]:
    rows = TextColumn("tomograms, {task.fields[rows]} rows{task.fields[failed]}")
    with tomogram_progress(console, rows) as bar:
        task = bar.add_task("surveying", total=count, rows=0, failed="")

        def show(progress: Progress) -> None:
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.update(task, completed=progress.tomograms, rows=progress.rows, failed=failed)

        yield show


def print_survey(console: Console, found: pd.DataFrame) -> None:
    """What the complete tomograms of a survey, a table of `tomogram_bytes`, say together."""
    if found.empty:
        console.print("no tomogram is complete yet")
        return
    figures = figures_by_config(found)
    console.print(_config_table(figures))
    unlike = outliers(found)
    if unlike:
        table = Table(
            "tomogram unlike its dataset", "config", "ratio", "quality", box=box.SIMPLE_HEAD
        )
        for each in unlike[:MOST_SHOWN]:
            table.add_row(
                Text(for_terminal(each.tomogram)),
                Text(for_terminal(each.config)),
                f"{each.ratio:.3f}, {each.times:.2f} times the median",
                each.verdict,
            )
        console.print(table)


def _config_table(figures: Sequence[ConfigFigures]) -> Table:
    first = figures[0]
    table = Table(
        title=f"{first.tomograms} tomograms of {first.datasets} dataset"
        + ("" if first.datasets == 1 else "s"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    # In 80 columns a config breaks between its codec and its chunks.
    table.add_column("config", overflow="fold", min_width=23)
    for heading in ("ratio", "95 % int.", "nine of ten", "smallest\nof", "needed\nfor ±1 %"):
        table.add_column(heading, justify="right")
    for each in figures:
        open_ones = f" ({each.undecided} open)" if each.undecided else ""
        table.add_row(
            Text(for_terminal(each.config)),
            f"{each.ratio.middle:.3f}",
            each.interval.replace(" to ", "\u2013"),
            f"{each.quantiles[0]:.3f}\u2013{each.quantiles[-1]:.3f}",
            f"{each.wins}{open_ones}",
            "?" if each.needed is None else str(each.needed),
        )
    return table
