"""`qc`: the quality control of one tomogram, as a table on the screen, as JSON, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.api.inspecting import inspected
from cryoet_zarr_bench.commands.surveying.batch_command import Batch, is_batch, run_batch
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.quality.finding_wording import (
    conclusion,
    figure_text,
    statistics_line,
    summary,
)
from cryoet_zarr_bench.quality.inspection import Inspection
from cryoet_zarr_bench.quality.quality_findings import QualityReport, report_json
from cryoet_zarr_bench.quality.quality_limits import FAIL, NOT_CHECKED, PASS, WARN
from cryoet_zarr_bench.tomogram_survey.dask_workers import Piece, WorkerChoice

PAGES = (".png", ".html")
_COLOURS = {PASS: "green", WARN: "yellow", FAIL: "bold red", NOT_CHECKED: "dim"}


@dataclass(frozen=True)
class QualityFiles:
    """Where what is found is written: `page` is `.png` or `.html`; of many a folder, `into`."""

    json_file: Path | None = None
    page: Path | None = None
    into: Path | None = None

    def are_of_many(self, tomograms: Sequence[str]) -> bool:
        """True if many tomograms are checked."""
        return self.into is not None or is_batch(tomograms)


def check_many(
    console: Console,
    tomograms: Sequence[str],
    crop: str | None,
    files: QualityFiles,
    workers: int | None,
    resume: bool,
) -> int:
    """Check many tomograms, a report and a page of each; 1 where one failed, or could not be read.

    Raises:
        BadInput: what is given does not go together.
    """
    from cryoet_zarr_bench.commands.surveying.batch_pieces import check_one

    if files.into is None or crop or files.json_file or files.page:
        raise refused("qc", "of many tomograms needs --into", "leave out --crop, --json and --page")
    _require_matplotlib(files.into)
    batch = Batch(
        tuple(tomograms), files.into.expanduser(), ".json", resume, True, WorkerChoice(workers)
    )

    def piece_of(source: str, target: Path) -> Piece:
        return Piece(source, check_one, (source, str(target)))

    return run_batch(console, batch, "checking", piece_of)


NO_FILES = QualityFiles()


def run_quality_control(
    console: Console,
    tomogram: str | None,
    crop: str | None,
    files: QualityFiles = NO_FILES,
) -> int:
    """Inspect a tomogram, show and write what was found; return the exit code, 1 where it failed.

    Args:
        console: where the table goes.
        tomogram: any source that `tomogram_sources` takes.
        crop: `z,y,x` around the centre; all without it.
        files: where report and page are written.

    Raises:
        BadInput: a source, crop or file that cannot be used; a page asked for without matplotlib.
            Nothing is read before the files are known to be possible.
    """
    json_file, page = files.json_file, files.page
    _check_files(json_file, page)
    with _inspected(console, tomogram, crop) as inspection:
        drawn = None if page is None else _page(page, inspection)
    # Files first: who reads the screen through a pipe may hang up.
    if json_file is not None:
        _write(json_file, report_json(inspection.report))
    if page is not None and drawn is not None:
        _write(page, drawn)
    print_report(console, inspection.report)
    return 0 if inspection.report.passed else 1


@contextmanager
def _inspected(console: Console, tomogram: str | None, crop: str | None) -> Iterator[Inspection]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with ExitStack() as stack:
        with RichProgress(
            *columns,
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as bar:
            task = bar.add_task("Reading the tomogram", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            found = stack.enter_context(inspected(tomogram, crop, show))
        yield found


def print_report(console: Console, report: QualityReport) -> None:
    """Show a report: what the tomogram is, its statistics, a line for each check, the verdict."""
    console.print(Text(for_terminal(report.name), style="bold"), highlight=False)
    for line in (*summary(report), statistics_line(report)):
        console.print(Text(on_one_line(line)), highlight=False)
    # Two columns for the thresholds leave room for what is said in 80 columns.
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("check", no_wrap=True)
    for heading in ("figure", WARN, FAIL):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for check in report.checks:
        verdict = Text(check.verdict, style=_COLOURS[check.verdict])
        bounds = dict(each.split(" ", 1) for each in check.threshold.split(", ") if each)
        table.add_row(
            Text(for_terminal(check.name)),
            figure_text(check),
            bounds.get(WARN, ""),
            bounds.get(FAIL, ""),
            verdict,
            Text(on_one_line(check.says)),
        )
    console.print(table)
    console.print(Text(on_one_line(conclusion(report)), style=_COLOURS[report.verdict]))


def _check_files(json_file: Path | None, page: Path | None) -> None:
    for file in (json_file, page):
        require_file(file)
    if page is None:
        return
    if page.suffix.lower() not in PAGES:
        raise refused(page, "is neither a .png nor a .html", "choose one of both")
    _require_matplotlib(page)


def _require_matplotlib(page: Path) -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise refused(
            page,
            "a page needs matplotlib, which is not installed",
            "install cryoet-zarr-bench[quality]",
        ) from error


def _page(page: Path, inspection: Inspection) -> bytes:
    from cryoet_zarr_bench.reports.pages.quality_page import page_html, page_png

    if page.suffix.lower() == ".png":
        return page_png(inspection)
    return page_html(inspection).encode()


def _write(file: Path, content: str | bytes) -> None:
    try:
        write_whole(file, content)
    except OSError as error:
        raise refused(file, f"cannot be written ({error.strerror})", "choose another") from error
