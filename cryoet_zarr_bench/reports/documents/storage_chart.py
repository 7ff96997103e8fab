"""A chart of storage configs as SVG text: compression ratio against what writing and reading cost.

It is written by hand, so that it is small and the same bytes on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.pareto_front import Candidate
from cryoet_zarr_bench.common.shown_text import for_html

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 34, 44
LEGEND = 30

FRONT, OTHER, MARKED = "#1f77b4", "#b5b5b5", "#d55e00"


@dataclass(frozen=True)
class Row:
    """A row of panels: what it shows, all its configs, the front in its order, the marked ones."""

    title: str
    configs: Sequence[Candidate]
    front: Sequence[Candidate]
    marked: Sequence[Candidate]


def chart(title: str, rows: Sequence[Row], marked: str) -> str:
    """Two panels a row, by the cost of writing and of reading; numbers are those of the front.

    `marked` is what the legend calls the marked configs.
    """
    height = HEIGHT * len(rows) + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {height}" '
        f'width="{2 * WIDTH}" height="{height}" font-family="Verdana, DejaVu Sans, sans-serif" '
        f'font-size="11" role="img" aria-label="{for_html(title)}">',
        f'<rect width="{2 * WIDTH}" height="{height}" fill="white"/>',
    ]
    for place, row in enumerate(rows):
        for column, (what, cost) in enumerate(
            (("writing", lambda each: each.write), ("reading", lambda each: each.read))
        ):
            parts.append(f'<g transform="translate({column * WIDTH},{place * HEIGHT})">')
            parts += _panel(f"{row.title}, {what}", row, cost)
            parts.append("</g>")
    parts += _legend(HEIGHT * len(rows) + 16, marked)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(title: str, row: Row, cost: Callable[[Candidate], float]) -> list[str]:
    across = _Axis([cost(each) for each in row.configs], LEFT, WIDTH - RIGHT)
    up = _Axis([each.ratio for each in row.configs], HEIGHT - BOTTOM, TOP)
    parts = [f'<text x="{LEFT}" y="18" font-size="13" font-weight="bold">{for_html(title)}</text>']
    for value in across.ticks():
        x = across.place(value)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 15, f"{value:g}", "middle"))
    for value in up.ticks():
        y = up.place(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#eee"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        _text(middle, HEIGHT - 10, "CPU seconds per GB of voxels, fewer is better", "middle")
    )
    parts.append(
        f'<text transform="translate(13,{(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
        'text-anchor="middle" fill="#444">times smaller</text>'
    )
    places = {id(each): (across.place(cost(each)), up.place(each.ratio)) for each in row.configs}
    on_front = {id(each) for each in row.front}
    # One path of points: there may be thousands.
    points = [places[id(each)] for each in row.configs if id(each) not in on_front]
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    parts.append(f'<path d="{dots}" stroke="{OTHER}" stroke-width="6" stroke-linecap="round"/>')
    for each in row.front:
        parts.append(_dot(*places[id(each)], 4.5, FRONT, _named(each)))
    for each in row.marked:
        x, y = places[id(each)]
        parts.append(
            f'<path d="M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z" fill="none" stroke="{MARKED}" '
            f'stroke-width="2"><title>{for_html(_named(each))}</title></path>'
        )
    return parts + _numbers([places[id(each)] for each in row.front])


class _Axis:
    """A logarithmic axis over some values, from one place in pixels to another."""

    def __init__(self, values: list[float], begin: float, end: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.06 * (high - low), 0.01)
        self._low, self._high = low - margin, high + margin
        self._begin, self._end = begin, end

    def place(self, value: float) -> float:
        part = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + part * (self._end - self._begin)

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


def _numbers(points: list[tuple[float, float]]) -> list[str]:
    """The numbers of points, each beside its point where it hides no other number or point."""
    taken = list(points)
    parts = []
    for number, (x, y) in enumerate(points, 1):
        beside = [(9, -7), (9, 11), (-11, -7), (-11, 11), (0, -12), (0, 18), (17, 0), (-19, 0)]
        spot = max(
            ((x + dx, y + dy) for dx, dy in beside),
            key=lambda spot: min(
                14.0, *(math.hypot(spot[0] - a, spot[1] - 4 - b) for a, b in taken), 99
            ),
        )
        taken.append((spot[0], spot[1] - 4))
        parts.append(_text(*spot, str(number), "middle", "#111"))
    return parts


def _legend(y: float, marked: str) -> list[str]:
    parts = []
    x = float(LEFT)
    for colour, words in ((FRONT, "on the front, numbered as in the table"), (OTHER, "dominated")):
        parts.append(_dot(x, y - 4, 4.5 if colour == FRONT else 3, colour, words))
        parts.append(_text(x + 10, y, words, "start"))
        x += 30 + 6.6 * len(words)
    parts.append(
        f'<path d="M{x} {y - 11}l7 7l-7 7l-7 -7z" fill="none" stroke="{MARKED}" stroke-width="2"/>'
    )
    return [*parts, _text(x + 13, y, marked, "start")]


def _named(each: Candidate) -> str:
    return f"{each.cell.codec} {each.cell.chunks}, ratio {each.ratio:.3f}"


def _dot(x: float, y: float, radius: float, colour: str, title: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}">'
        f"<title>{for_html(title)}</title></circle>"
    )


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#444") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{for_html(words)}</text>"
    )
