"""Layouts of one tomogram compared: which is best for what, and what the others lose against it.

Every statement on layouts is made here: documents, pages and commands take theirs from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.layouts.layout_lines import LayoutLine, read_layout_lines
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import USUAL

TODAY = "portal-2024"
"""The layout that the others are held against."""

TERABYTE = 10**12


@dataclass(frozen=True)
class Purpose:
    """What a tomogram is stored for, and the figure of a layout that tells; less is better."""

    name: str
    title: str
    figure: Callable[[LayoutLine], float]


def _seconds(pattern: str) -> Callable[[LayoutLine], float]:
    return lambda line: line.seconds(pattern, USUAL)


PURPOSES = (
    *(
        Purpose(name, f"{pattern.title}, seconds", _seconds(name))
        for name, pattern in PATTERNS.items()
        if name != "open"
    ),
    Purpose("stored", "bytes stored", lambda line: float(line.stored_bytes)),
    Purpose("files", "files", lambda line: float(line.files)),
    Purpose(
        "changing", "changing a box, bytes moved", lambda line: line.changing["box"].amplification
    ),
)
"""What layouts are judged for: each way of reading at the usual place, size, files, changes."""


@dataclass(frozen=True)
class ComparedLayouts:
    """The layouts of one tomogram that were measured on a machine; those with a reason left out."""

    machine: str
    tomogram: str
    lines: tuple[LayoutLine, ...]

    @property
    def named(self) -> list[LayoutLine]:
        """The field's own layouts, in the order of their table."""
        order = list(LAYOUTS)
        named = [line for line in self.lines if line.layout in LAYOUTS]
        return sorted(named, key=lambda line: order.index(line.layout))

    @property
    def today(self) -> LayoutLine | None:
        """The layout of today."""
        return next((line for line in self.lines if line.layout == TODAY), None)

    def best(self, figure: Callable[[LayoutLine], float], count: int = 1) -> list[LayoutLine]:
        """The layouts with the least of a figure, the least first; of equal ones the smaller."""
        found = sorted(self.lines, key=lambda line: (figure(line), line.stored_bytes, line.layout))
        return found[:count]

    def regret(self, line: LayoutLine, purpose: Purpose) -> float:
        """What a layout loses against the best: 0.5 is half as much again."""
        best = purpose.figure(self.best(purpose.figure)[0])
        return purpose.figure(line) / best - 1 if best else 0.0


def compared_layouts(results: Path, machine: str) -> list[ComparedLayouts]:
    """What a machine has measured, for each tomogram; the one with most layouts comes first."""
    by_tomogram: dict[str, list[LayoutLine]] = {}
    for line in read_layout_lines(results, machine):
        if line.reason is None:
            by_tomogram.setdefault(line.tomogram, []).append(line)
    found = [
        ComparedLayouts(machine, tomogram, tuple(lines)) for tomogram, lines in by_tomogram.items()
    ]
    return sorted(found, key=lambda each: (-len(each.lines), each.tomogram))


def per_terabyte(line: LayoutLine, count: int) -> float:
    """So many files or inodes for each 10^12 bytes of tomograms in memory."""
    return count / line.raw_bytes * TERABYTE


def title_of(layout: str) -> str:
    """What a layout is called."""
    known = LAYOUTS.get(layout)
    return layout if known is None else known.title
