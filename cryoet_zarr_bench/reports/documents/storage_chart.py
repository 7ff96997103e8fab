"""A chart of storage configs as SVG: compression ratio against what writing and reading cost.

Drawn by Vega-Lite, as the charts of the dashboard are, through Altair and vl-convert. Texts are
measured in a font that comes with vl-convert, so that the same figures give the same bytes on every
machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.analysis.pareto_front import Candidate
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 380, 230
FRONT, OTHER, MARKED = "#1f77b4", "#b5b5b5", "#d55e00"
FONT = "Arimo, Arial, Helvetica, sans-serif"

_PLACES = re.compile(r' (?:d|transform|x2|y2|width|height)="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(e-\d+)?")

COST = "CPU seconds per GB of voxels, fewer is better"
RATIO = "times smaller"
ON_FRONT, DOMINATED = "on the front, numbered as in the table", "dominated"


@dataclass(frozen=True)
class Row:
    """A row of panels: what it shows, all its configs, the front in its order, the marked ones."""

    title: str
    configs: Sequence[Candidate]
    front: Sequence[Candidate]
    marked: Sequence[Candidate]


def chart(title: str, rows: Sequence[Row], marked: str) -> str:
    """Two panels a row, by the cost of writing and of reading; numbers are those of the front.

    `marked` is what the legend calls the marked configs. Raises BadInput if Altair or vl-convert
    is not installed.
    """
    try:
        import altair as alt
        import vl_convert
    except ImportError as error:
        raise refused(
            "the charts of docs/storage.md",
            f"need {error.name}, which is not installed",
            "install cryoet-zarr-bench[documents]",
        ) from error
    panels = [
        alt.hconcat(
            _panel(f"{row.title}, writing", row, lambda each: each.write, marked),
            _panel(f"{row.title}, reading", row, lambda each: each.read, marked),
        )
        for row in rows
    ]
    drawn = (
        alt.vconcat(*panels)
        .properties(description=for_terminal(title))
        .configure(background="white", font=FONT)
        .configure_legend(orient="bottom", title=None, labelLimit=0)
        .configure_title(anchor="start")
        .configure_view(stroke=None)
    )
    svg = str(vl_convert.vegalite_to_svg(drawn.to_dict()))
    # A hundredth of a pixel is enough, and half as long.
    return _PLACES.sub(lambda found: _LONG_NUMBER.sub(_rounded, found[0]), svg) + "\n"


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}"


def _panel(
    title: str, row: Row, cost: Callable[[Candidate], float], marked: str
) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    across = LogarithmicAxis([cost(each) for each in row.configs], WIDTH)
    up = LogarithmicAxis([each.ratio for each in row.configs], HEIGHT)
    on_front = {id(each) for each in row.front}
    others = [each for each in row.configs if id(each) not in on_front]
    kinds = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=[ON_FRONT, DOMINATED, marked], range=[FRONT, OTHER, MARKED]),
    )
    x = alt.X("cost:Q", scale=across.scale, axis=across.axis(COST))
    y = alt.Y("ratio:Q", scale=up.scale, axis=up.axis(RATIO))

    def layer(configs: Sequence[Candidate], kind: str) -> alt.Chart:
        return alt.Chart(alt.Data(values=[_point(each, cost, kind) for each in configs])).encode(
            x=x, y=y, color=kinds
        )

    spots = _spots([(across.pixel(cost(each)), up.pixel(each.ratio)) for each in row.front])
    numbers = [
        {"cost": across.value(right), "ratio": up.value(above), "number": str(number)}
        for number, (right, above) in enumerate(spots, 1)
    ]
    named = alt.Description("name:N")
    return alt.layer(
        layer(others, DOMINATED).mark_circle(size=28, opacity=1, aria=False),
        layer(row.front, ON_FRONT).mark_circle(size=64, opacity=1).encode(description=named),
        layer(row.marked, marked)
        .mark_point(size=130, shape="diamond", strokeWidth=2)
        .encode(description=named),
        alt.Chart(alt.Data(values=numbers))
        .mark_text(fontSize=11, color="#111")
        .encode(x=x, y=y, text="number:N"),
    ).properties(title=for_terminal(title), width=WIDTH, height=HEIGHT)


def _point(each: Candidate, cost: Callable[[Candidate], float], kind: str) -> dict[str, Any]:
    name = for_terminal(f"{each.cell.codec} {each.cell.chunks}, ratio {each.ratio:.3f}")
    return {"cost": cost(each), "ratio": each.ratio, "kind": kind, "name": name}


class LogarithmicAxis:
    """A logarithmic axis over some values, so many pixels long."""

    def __init__(self, values: list[float], pixels: int) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.06 * (high - low), 0.01)
        self._low, self._high = low - margin, high + margin
        self._pixels = pixels

    @property
    def scale(self) -> alt.Scale:
        """The scale of Vega-Lite."""
        import altair as alt

        return alt.Scale(type="log", domain=[10**self._low, 10**self._high], nice=False)

    def axis(self, title: str) -> alt.Axis:
        """The axis of Vega-Lite, with its own numbers: Vega has none below a decade."""
        import altair as alt

        return alt.Axis(
            title=title,
            values=self.ticks(),
            format="~g",
            gridColor="#eee",
            titleFontWeight="normal",
            minExtent=30,
        )

    def pixel(self, value: float) -> float:
        """Position of a value along the axis."""
        return self._pixels * (math.log10(value) - self._low) / (self._high - self._low)

    def value(self, pixel: float) -> float:
        """The value that lies so far along the axis."""
        return float(10 ** (self._low + pixel / self._pixels * (self._high - self._low)))

    def ticks(self) -> list[float]:
        """Round values: at least three, and at most a dozen where the axis spans twelve decades."""
        low, high = 10**self._low, 10**self._high
        if high / low < 10:
            step = 10 ** math.floor(math.log10((high - low) / 3))
            step *= next(each for each in (1, 2, 5, 10) if (high - low) / (each * step) <= 8)
            return [
                round(number * step, 10)
                for number in range(math.ceil(low / step), math.floor(high / step) + 1)
            ]
        decades = range(math.floor(self._low), math.ceil(self._high) + 1)
        rounds = (1, 2, 5) if high / low < 1e4 else (1,)
        return [
            value
            for decade in decades
            for each in rounds
            if low <= (value := round(each * 10.0**decade, 10)) <= high
        ]


def _spots(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Place each point's number beside it, where it hides neither a point nor a number."""
    taken = list(points)
    spots = []
    for x, y in points:
        beside = [(9, 8), (9, -8), (-11, 8), (-11, -8), (0, 12), (0, -12), (17, 0), (-19, 0)]
        spot = max(
            # Left of an axis are its own numbers.
            ((x + dx, y + dy) for dx, dy in beside if x + dx > 8),
            key=lambda spot: min(
                14.0, *(math.hypot(spot[0] - a, spot[1] - b) for a, b in taken), 99
            ),
        )
        taken.append(spot)
        spots.append(spot)
    return spots
