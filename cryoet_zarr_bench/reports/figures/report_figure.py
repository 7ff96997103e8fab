"""What a figure of the report is: a chart, the table behind it, and the words below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by those who see fewer colours: Okabe and Ito, https://jfly.uni-koeln.de/color/."""

FONT = "Arimo, Arial, Helvetica, sans-serif"
"""vl-convert has the first, so that the same figures give the same bytes on every machine."""


NUMBERS = ",.4~r"
"""Numbers on an axis, in the words of d3: in full, without digits that say nothing."""


@dataclass(frozen=True)
class ReportFigure:
    """A figure: `name` is that of its files, `caption` a few plain sentences."""

    name: str
    title: str
    caption: str
    table: pd.DataFrame
    chart: alt.TopLevelMixin

    @property
    def specification(self) -> dict[str, Any]:
        """The chart in Vega-Lite, with the look that all have."""
        spec: dict[str, Any] = self.chart.to_dict()
        spec["background"] = "white"
        spec["title"] = {"text": self.title, "anchor": "start", "fontSize": 15, "offset": 12}
        spec["config"] = {
            "font": FONT,
            "axis": {"titleFontWeight": "normal", "gridColor": "#e8e8e8", "labelLimit": 260},
            "header": {"titleFontWeight": "normal", "labelFontSize": 12},
            "legend": {"titleFontWeight": "normal", "labelLimit": 260},
            "view": {"stroke": None},
            "range": {"category": list(COLOURS)},
        }
        return spec


def panel(
    table: pd.DataFrame, label: str, figure: str, title: str, order: list[str], colour: str | None
) -> alt.Chart:
    """One panel of horizontal bars, the rows in that order; beside each other by `colour`.

    Args:
        table: a row for each bar.
        label: the column that names rows.
        figure: the column that is shown.
        title: of the axis, with its unit.
        order: the labels from top to bottom.
        colour: the column that tells bars of a row apart, None for one bar a row.
    """
    import altair as alt

    encodings: dict[str, Any] = {
        "y": alt.Y(f"{label}:N", sort=order, title=None),
        "x": alt.X(f"{figure}:Q", title=title, axis=alt.Axis(tickCount=4, format=NUMBERS)),
        "tooltip": [f"{label}:N", alt.Tooltip(f"{figure}:Q", format=".4g")],
    }
    height = 16 * len(order)
    if colour is not None:
        encodings["yOffset"] = alt.YOffset(f"{colour}:N")
        encodings["color"] = alt.Color(
            f"{colour}:N", title=None, legend=alt.Legend(orient="bottom")
        )
        height = 24 * len(order)
    bars = alt.Chart(table).mark_bar(color=COLOURS[0]).encode(**encodings)
    return bars.properties(width=190, height=height)
