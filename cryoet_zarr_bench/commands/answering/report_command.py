"""`report`: answers, claims and figures of the results, as files for a paper or a talk."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.common.staged_outputs import staged
from cryoet_zarr_bench.reports.figures.whole_report import write_report


def run_report(console: Console, target: Path, results: Path | None, overwrite: bool) -> None:
    """Write the report into a new folder, whole or not at all.

    Raises:
        BadInput: there is nothing to report, or the folder is there and not to be replaced.
    """
    source = PROJECT / "results" if results is None else results
    if not source.is_dir():
        raise refused(source, "is no folder", "give a folder of results")
    if target.exists() and not overwrite:
        raise refused(target, "is there already", "give another name, or --overwrite")
    if target.is_symlink() or (target.exists() and not (target / "report.html").is_file()):
        raise refused(target, "is no report", "give another name: it would be replaced")
    if not target.absolute().parent.is_dir():
        raise refused(target, "is in a folder that is not there", "make that folder")
    with (
        staged(target.absolute(), overwrite, "a report", "reporting") as product,
        console.status("drawing") as status,
    ):
        product.mkdir()
        names = write_report(
            source, product, lambda name: status.update(for_markup(f"drawing {name}"))
        )
    console.print(for_markup(f"{target}: {len(names)} files; begin with report.html"))
