"""`qc`: the quality control of one tomogram, as a table on the screen, as JSON, as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.quality.inspection import Inspection, inspect
from cryoet_zarr_bench.quality.limits import FAIL, NOT_CHECKED, PASS, WARN
from cryoet_zarr_bench.quality.report import Check, QualityReport, report_json
from cryoet_zarr_bench.quality.survey import READINGS
from cryoet_zarr_bench.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.tomograms.in_place import ReadTomogram, open_in_place
from cryoet_zarr_bench.tomograms.refusal import refused
from cryoet_zarr_bench.tomograms.sources import shape_text
from cryoet_zarr_bench.tomograms.writable import require_file
from cryoet_zarr_bench.whole_files import write_whole

PAGES = (".png", ".html")
_SHORT_UNITS = ("%", "bits", "sigma", "x")
_COLOURS = {PASS: "green", WARN: "yellow", FAIL: "bold red", NOT_CHECKED: "dim"}


def run_quality_control(
    console: Console,
    tomogram: str | None,
    crop: str | None,
    json_file: Path | None = None,
    page: Path | None = None,
) -> int:
    """Inspect a tomogram, show and write what was found; return the exit code, 1 where it failed.

    Args:
        console: where the table goes.
        tomogram: any source that `tomograms.sources` takes.
        crop: `z,y,x` around the centre; all without it.
        json_file: where the report is written.
        page: where the page is written, `.png` or `.html`.

    Raises:
        BadInput: a source, crop or file that cannot be used; a page asked for without matplotlib.
            Nothing is read before the files are known to be possible.
    """
    _check_files(json_file, page)
    with open_in_place(tomogram, crop) as opened:
        inspection = _inspect(console, opened)
        drawn = None if page is None else _page(page, inspection)
    # Files first: who reads the screen through a pipe may hang up.
    if json_file is not None:
        _write(json_file, report_json(inspection.report))
    if page is not None and drawn is not None:
        _write(page, drawn)
    print_report(console, inspection.report)
    return 0 if inspection.report.passed else 1


def _inspect(console: Console, opened: ReadTomogram) -> Inspection:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        total = READINGS * opened.slabs.shape[0]
        task = progress.add_task("Reading the tomogram", total=total)
        found = inspect(
            opened.slabs, opened.source, progress=lambda planes: progress.advance(task, planes)
        )
    return replace(found, report=replace(found.report, sha256=opened.sha256()))


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


def summary(report: QualityReport) -> tuple[str, ...]:
    """What the tomogram is, in two lines."""
    spacing = "voxel spacing unknown"
    if report.voxel_spacing is not None:
        sides = sorted(set(report.voxel_spacing))
        spacing = f"{' x '.join(f'{side:g}' for side in report.voxel_spacing)} angstrom"
        if len(sides) == 1:
            spacing = f"{sides[0]:g} angstrom"
    shape = shape_text(report.shape)
    return (
        f"{shape} voxels (z, y, x), {report.dtype}, {spacing}",
        f"precision: {report.statistics.source_precision}",
    )


def statistics_line(report: QualityReport) -> str:
    """The statistics in one line; empty where no voxel is finite."""
    found = report.statistics
    percentiles = dict(found.percentiles)
    named = {
        "mean": found.mean,
        "std": found.std,
        "minimum": found.minimum,
        "1 %": percentiles.get(1.0),
        "median": percentiles.get(50.0),
        "99 %": percentiles.get(99.0),
        "maximum": found.maximum,
        "skew": found.skew,
        "kurtosis": found.kurtosis,
    }
    return ", ".join(f"{name} {value:.4g}" for name, value in named.items() if value is not None)


def figure_text(check: Check) -> str:
    """A figure with its unit where that is short; a dash where nothing was checked."""
    if check.figure is None:
        return "-"
    figure = f"{check.figure:.3g}" if abs(check.figure) < 1000 else f"{check.figure:,.0f}"
    return f"{figure} {check.unit}" if check.unit in _SHORT_UNITS else figure


def conclusion(report: QualityReport) -> str:
    """The verdict in a sentence that names the checks behind it."""
    parts = []
    for verdict in (FAIL, WARN):
        names = [check.name for check in report.checks if check.verdict == verdict]
        if names:
            parts.append(f"{verdict}: {', '.join(names)}")
    return "; ".join(parts) or "pass: nothing was found that makes this tomogram suspect"


def _check_files(json_file: Path | None, page: Path | None) -> None:
    for file in (json_file, page):
        require_file(file)
    if page is None:
        return
    if page.suffix.lower() not in PAGES:
        raise refused(page, "is neither a .png nor a .html", "choose one of both")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise refused(
            page,
            "a page needs matplotlib, which is not installed",
            "install cryoet-zarr-bench[quality]",
        ) from error


def _page(page: Path, inspection: Inspection) -> bytes:
    from cryoet_zarr_bench.reports.quality_page import page_html, page_png

    if page.suffix.lower() == ".png":
        return page_png(inspection)
    return page_html(inspection).encode()


def _write(file: Path, content: str | bytes) -> None:
    try:
        write_whole(file, content)
    except OSError as error:
        raise refused(file, f"cannot be written ({error.strerror})", "choose another") from error
