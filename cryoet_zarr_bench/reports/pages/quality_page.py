"""The page of quality control: a PNG of one page, or an HTML file that needs no other.

Texts come from names of files, so matplotlib is told to read no mathematics in them, and HTML gets
them escaped.
"""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.common.shown_text import for_terminal, on_one_line
from cryoet_zarr_bench.common.voxel_spacing import complete_spacing
from cryoet_zarr_bench.quality.finding_wording import (
    conclusion,
    figure_text,
    statistics_line,
    summary,
)
from cryoet_zarr_bench.quality.inspection import Inspection
from cryoet_zarr_bench.quality.quality_findings import QualityReport
from cryoet_zarr_bench.quality.quality_limits import FAIL, NOT_CHECKED, PASS, WARN
from cryoet_zarr_bench.reports.pages.quality_pictures import (
    draw_box_plots,
    draw_histogram,
    draw_nine_panels,
    draw_section,
    draw_shells,
    draw_slices,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

COLOURS = {PASS: "#1b7f3b", WARN: "#a86200", FAIL: "#c0272d", NOT_CHECKED: "#777777"}
_INK, _FAINT = "#222222", "#666666"
_DPI = 110
_LONGEST = 150  # letters of a line


def page_png(inspection: Inspection) -> bytes:
    """Draw the page with its table of checks; the bytes of a PNG of about 1540 x 1870 pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 17), dpi=_DPI, facecolor="white")
    parts: Any = figure.subfigures(4, 1, height_ratios=[0.75, 4.6, 6.25, 5.3], hspace=0)
    head, slices, middle, table = parts.flat
    _draw_head(head, inspection.report)
    _draw_pictures(slices, middle, inspection)
    _draw_table(table, inspection.report)
    return _png(figure)


def page_html(inspection: Inspection) -> str:
    """Write the page as HTML with its pictures inside."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 10.85), dpi=_DPI, facecolor="white")
    parts: Any = figure.subfigures(2, 1, height_ratios=[4.6, 6.25], hspace=0)
    slices, middle = parts.flat
    _draw_pictures(slices, middle, inspection)
    report = inspection.report
    # Texts come from outside: every one is cleaned, then escaped by jinja2.
    environment = Environment(
        loader=PackageLoader("cryoet_zarr_bench.reports.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: for_terminal(value) if type(value) is str else value,
    )
    return environment.get_template("quality_page.html").render(
        report=report,
        lines=(*summary(report), statistics_line(report)),
        conclusion=conclusion(report),
        figure_text=figure_text,
        class_of=_class_of,
        policy=Markup(_POLICY),
        style=Markup(_STYLE),
        picture=Markup(base64.b64encode(_png(figure)).decode()),
    )


def _draw_pictures(slices: SubFigure, middle: SubFigure, inspection: Inspection) -> None:
    from cryoet_zarr_bench.quality.views import views

    shown = views(inspection.slabs)
    percentiles = inspection.found.percentiles
    contrast = percentiles[1.0], percentiles[99.0]
    if not contrast[0] < contrast[1]:
        contrast = inspection.found.minimum, inspection.found.maximum
    draw_slices(slices, shown, contrast)
    parts: Any = middle.subfigures(1, 2, width_ratios=[5.2, 8.8], wspace=0)
    panels, plots = parts.flat
    draw_nine_panels(panels, shown, contrast)
    axes = plots.subplots(2, 2)
    plots.subplots_adjust(left=0.1, right=0.97, top=0.93, bottom=0.08, wspace=0.38, hspace=0.42)
    draw_histogram(axes[0, 0], inspection.found)
    draw_box_plots(axes[0, 1], inspection.found)
    draw_section(axes[1, 0], inspection.found.spectrum)
    draw_shells(
        axes[1, 1], inspection.found.spectrum, complete_spacing(inspection.report.voxel_spacing)
    )


def _draw_head(part: SubFigure, report: QualityReport) -> None:
    def write(y: float, text: str, size: float, colour: str, weight: str = "normal") -> None:
        part.text(
            0.035, y, text, fontsize=size, color=colour, weight=weight, parse_math=False, va="top"
        )

    write(0.85, _short(f"Quality of {report.name}", 120), 17, _INK, "bold")
    write(0.42, _short(" · ".join(summary(report))), 10.5, _INK)
    write(0.17, _short(statistics_line(report)), 10.5, _FAINT)


def _draw_table(part: SubFigure, report: QualityReport) -> None:
    columns = (0.035, 0.3, 0.325, 0.47, 0.565)
    step = 0.9 / (max(len(report.checks), 12) + 2)
    y = 0.955
    part.text(
        columns[0],
        y,
        conclusion_short(report),
        fontsize=11.5,
        weight="bold",
        va="center",
        color=COLOURS[report.verdict],
        parse_math=False,
    )
    y -= 1.15 * step
    heads = ("check", "figure", "threshold", "verdict", "what it says")
    for place, (x, text) in enumerate(zip(columns, heads, strict=True)):
        side = "right" if place == 1 else "left"
        part.text(x, y, text, fontsize=9.5, color=_FAINT, va="center", ha=side)
    for check in report.checks:
        y -= step
        texts = (check.name, figure_text(check), check.threshold, check.verdict, check.says)
        for place, (x, text) in enumerate(zip(columns, texts, strict=True)):
            part.text(
                x,
                y,
                _short(text, 85),
                fontsize=9.5,
                va="center",
                ha="right" if place == 1 else "left",
                color=COLOURS[check.verdict] if place == 3 else _INK,
                weight="bold" if place == 3 else "normal",
                parse_math=False,
            )


def conclusion_short(report: QualityReport) -> str:
    """The conclusion, cut to the width of the page."""
    return _short(conclusion(report), 125)


def _short(text: str, longest: int = _LONGEST) -> str:
    text = on_one_line(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": "cryoet-zarr-bench"})
    return file.getvalue()


def _class_of(verdict: str) -> str:
    return verdict.replace(" ", "-")


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1200px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0; overflow-wrap: anywhere; }
p { margin: .5em 0; overflow-wrap: anywhere; }
img { width: 100%; margin: 1em 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35em .8em .35em 0;
  border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
th, small, .source { color: #666; font-weight: normal; }
.figure { text-align: right; }
th:not(:last-child), td:not(:last-child) { white-space: nowrap; }
""" + "".join(
    f".{_class_of(verdict)} {{ color: {colour}; }}\n" for verdict, colour in COLOURS.items()
)

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""The page runs nothing and loads nothing: its one style and its picture are in it."""
