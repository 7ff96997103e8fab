"""Layouts ranked by what they lose, for a purpose at a place.

Loss: for each figure that counts, how many times the best layout's it is; of these the geometric
mean by the weights of the purpose. It needs no units, and twice the seconds counts as much as twice
the bytes if their weights are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.recommending.storage_purposes import (
    CHANGING,
    FILES,
    STORED,
    WRITING,
    StoragePurpose,
)
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine


def figure_of(line: LayoutLine, figure: str, place: str) -> float:
    """A figure of a layout, less is better: seconds, bytes, files, or bytes moved a byte changed.

    Seconds of reading are those at the place, with decoding on one core.
    """
    if figure == STORED:
        return float(line.stored_bytes)
    if figure == FILES:
        return float(line.files)
    if figure == WRITING:
        return math.inf if line.write is None else line.write.wall
    if figure == CHANGING:
        return line.changing["box"].amplification
    return line.seconds(figure, place)


@dataclass(frozen=True)
class RankedLayout:
    """A layout, and by how much it loses: `loss` 0.5 is half as much again as the ideal.

    The ideal has the best of every figure. `regrets` are the factors of each figure that counts.
    """

    line: LayoutLine
    loss: float
    regrets: dict[str, float]


def ranked_layout(
    line: LayoutLine, purpose: StoragePurpose, place: str, best: dict[str, float]
) -> RankedLayout:
    """A layout held against the best of each figure."""
    regrets = {
        figure: _times(figure_of(line, figure, place), best[figure]) for figure in purpose.weights
    }
    logarithm = sum(weight * math.log(regrets[name]) for name, weight in purpose.weights.items())
    return RankedLayout(line, math.exp(logarithm) - 1, regrets)


def _times(figure: float, best: float) -> float:
    return figure / best if best else (1.0 if figure == best else math.inf)


def unable_readers(line: LayoutLine) -> list[str]:
    """The engines and releases that cannot read a layout, by their names with versions."""
    return [name for name, reason in line.readers.items() if reason]
