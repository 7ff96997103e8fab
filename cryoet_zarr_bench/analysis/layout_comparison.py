"""Layouts of one tomogram compared: which is best for what, and what the others lose against it.

Every statement on layouts is made here: documents, pages and commands take theirs from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.layouts.layout_lines import LAYOUTS_FILE, LayoutLine, read_layout_lines
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, PREFIX
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.tomogram_survey.findings.byte_spreads import ByteSpreads, byte_spreads

TODAY = "portal-2024"
"""The layout that the others are held against."""

TERABYTE = 10**12


@dataclass(frozen=True)
class RegrettedFigure:
    """A figure in which a layout can lose against the best; less is better."""

    name: str
    title: str
    figure: Callable[[LayoutLine], float]


def _seconds(pattern: str) -> Callable[[LayoutLine], float]:
    return lambda line: line.seconds(pattern, USUAL)


REGRETTED = (
    *(
        RegrettedFigure(name, f"{pattern.title}, seconds", _seconds(name))
        for name, pattern in PATTERNS.items()
        if name != "open"
    ),
    RegrettedFigure("stored", "bytes stored", lambda line: float(line.stored_bytes)),
    RegrettedFigure("files", "files", lambda line: float(line.files)),
    RegrettedFigure(
        "changing", "changing a box, bytes moved", lambda line: line.changing["box"].amplification
    ),
)
"""What regret is told of: each way of reading at the usual place, size, files, changes."""


@dataclass(frozen=True)
class ComparedLayouts:
    """The layouts of one tomogram that were measured on a machine; those with a reason left out.

    `spreads` tell how far layouts lie apart on other tomograms.
    """

    machine: str
    tomogram: str
    lines: tuple[LayoutLine, ...]
    spreads: ByteSpreads = field(default_factory=ByteSpreads)

    @property
    def named(self) -> list[LayoutLine]:
        """The field's own layouts, in the order of their table."""
        order = list(LAYOUTS)
        named = [line for line in self.lines if line.layout in LAYOUTS]
        return sorted(named, key=lambda line: order.index(line.layout))

    def of(self, layout: str) -> LayoutLine | None:
        """The line of a layout by its name, without `layout:`, or by its config."""
        return next((line for line in self.lines if line.layout == layout), None)

    @property
    def today(self) -> LayoutLine | None:
        """The layout of today."""
        return self.of(TODAY)

    def best(self, figure: Callable[[LayoutLine], float], count: int = 1) -> list[LayoutLine]:
        """The layouts with the least of a figure, the least first; of equal ones the smaller."""
        found = sorted(self.lines, key=lambda line: (figure(line), line.stored_bytes, line.layout))
        return found[:count]

    def regret(self, line: LayoutLine, regretted: RegrettedFigure) -> float:
        """What a layout loses against the best: 0.5 is half as much again."""
        best = regretted.figure(self.best(regretted.figure)[0])
        return regretted.figure(line) / best - 1 if best else 0.0


def compared_layouts(results: Path, machine: str) -> list[ComparedLayouts]:
    """What a machine has measured, for each tomogram; the one with most layouts comes first."""
    by_tomogram: dict[str, list[LayoutLine]] = {}
    spreads = byte_spreads(results)
    for line in read_layout_lines(results, machine):
        if line.reason is None:
            by_tomogram.setdefault(line.tomogram, []).append(line)
    found = [
        ComparedLayouts(machine, tomogram, tuple(lines), spreads)
        for tomogram, lines in by_tomogram.items()
    ]
    return sorted(found, key=lambda each: (-len(each.lines), each.tomogram))


def published_layouts(results: Path) -> list[ComparedLayouts]:
    """As `compared_layouts`, of the published machine if that has any; none without results."""
    machine = published_machine(results)
    if machine is None:
        return []
    return compared_layouts(results, machine_with(results, LAYOUTS_FILE, machine))


def per_terabyte(line: LayoutLine, count: int) -> float:
    """So many files or inodes for each 10^12 bytes of tomograms in memory."""
    return count / line.raw_bytes * TERABYTE


def is_file(line: LayoutLine) -> bool:
    """True for a file as it is, which is no Zarr."""
    return line.layout in LAYOUTS and LAYOUTS[line.layout].is_file


def title_of(layout: str) -> str:
    """What a layout is called, with `layout:` before its name or without."""
    known = LAYOUTS.get(layout.removeprefix(PREFIX))
    return layout if known is None else known.title
