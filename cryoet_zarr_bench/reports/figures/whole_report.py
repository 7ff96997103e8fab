"""The report: answers, claims and figures as one HTML page, one Markdown page, and files beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryoet_zarr_bench.analysis.founding_claims import CheckedClaim, checked_claims
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import recommend_from
from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import Markdown, for_html, for_markdown, markdown_table
from cryoet_zarr_bench.layouts.reading_places import LOCAL, USUAL
from cryoet_zarr_bench.reports.figures.all_figures import all_figures, files_of, svg_of
from cryoet_zarr_bench.reports.figures.report_figure import ReportFigure

TITLE = "How cryo-electron tomograms are best stored in Zarr"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem}"
    "svg{max-width:100%;height:auto}figure{margin:2.5rem 0}figcaption{color:#444}"
    "td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}"
)


def write_report(
    results: Path, folder: Path, progress: Callable[[str], None] = lambda name: None
) -> list[str]:
    """Write the report of a folder of results into an empty folder.

    Args:
        results: the results of all machines.
        folder: where `report.html`, `report.md` and the files of each figure go.
        progress: told the name of what is drawn now.

    Returns:
        The names of the files.

    Raises:
        BadInput: there are no results to report, or Altair is not installed.
    """
    answers, claims, figures = _answers(results), checked_claims(results), []
    for figure in all_figures(results):
        progress(figure.name)
        figures.append(figure)
        for name, content in files_of(figure).items():
            (folder / name).write_bytes(content)
    if not answers and not figures:
        raise refused(results, "has nothing to report", "measure some: cryoet-zarr-bench bench")
    (folder / "report.md").write_text(_markdown(answers, claims, figures), encoding="utf-8")
    (folder / "report.html").write_text(_html(answers, claims, figures), encoding="utf-8")
    return sorted(path.name for path in folder.iterdir())


def _answers(results: Path) -> list[Recommendation]:
    found = []
    for purpose in PURPOSES.values():
        for place in (USUAL, LOCAL):
            try:
                found.append(recommend_from(results, purpose, place))
            except BadInput:
                return []  # no layouts were measured
    return found


def _markdown(
    answers: list[Recommendation], claims: list[CheckedClaim], figures: list[ReportFigure]
) -> str:
    parts = [f"# {TITLE}"]
    if answers:
        said = "\n".join(f"- {for_markdown(each.sentence)}" for each in answers)
        parts.append(f"## The answers\n\n{said}")
    if claims:
        rows = [
            [for_markdown(each.claim), Markdown(each.outcome), for_markdown(each.measured)]
            for each in claims
        ]
        table = markdown_table(["claimed", "outcome", "measured"], rows)
        parts.append(f"## What was claimed when this began\n\n{table}")
    for each in figures:
        parts.append(
            f"## {for_markdown(each.title)}\n\n![{for_markdown(each.title)}]({each.name}.svg)\n\n"
            f"{for_markdown(each.caption)} Table: [{each.name}.csv]({each.name}.csv)."
        )
    return "\n\n".join(parts) + "\n"


def _html(
    answers: list[Recommendation], claims: list[CheckedClaim], figures: list[ReportFigure]
) -> str:
    said = "".join(f"<li>{for_html(each.sentence)}</li>" for each in answers)
    rows = "".join(
        f"<tr><td>{for_html(each.claim)}</td><td><b>{each.outcome}</b></td>"
        f"<td>{for_html(each.measured)}</td></tr>"
        for each in claims
    )
    drawn = "".join(
        f"<h2>{for_html(each.title)}</h2><figure>{svg_of(each)}"
        f"<figcaption>{for_html(each.caption)}</figcaption></figure>"
        for each in figures
    )
    answered = f"<h2>The answers</h2><ul>{said}</ul>" if answers else ""
    claimed = (
        "<h2>What was claimed when this began</h2><table><tr><th>claimed</th><th>outcome</th>"
        f"<th>measured</th></tr>{rows}</table>"
        if claims
        else ""
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{TITLE}</h1>{answered}{claimed}{drawn}"
        "</body></html>\n"
    )
