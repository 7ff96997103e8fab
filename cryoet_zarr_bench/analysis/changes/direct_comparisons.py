"""Releases that `confirm` compared directly, held against the ratio that the history gives them.

The history knows a ratio of two releases over their anchors; whether that is right is seen
where the two were measured side by side as well.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, Ratio
from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

DIRECT_FILE = "direct-comparisons.jsonl"
"""In a machine's folder of results: a line for each pair of releases."""

DECIDED_BY = "CPU time"

_Positive = Annotated[FiniteFloat, Field(gt=0)]


class DirectCell(BaseModel):
    """A cell of two releases: the CPU time of the second over the first's, 99 % interval."""

    model_config = ConfigDict(strict=True)

    benchmark: str
    codec: str
    chunks: str
    zarr_format: int
    ratio: _Positive
    low: _Positive
    high: _Positive


class DirectComparison(BaseModel):
    """Two releases by their tags, and every cell whose ratio was estimated."""

    model_config = ConfigDict(strict=True)

    a: str
    b: str
    tomogram: str
    python: str
    kept_at: str
    cells: list[DirectCell]


def direct_comparison(content: dict[str, Any], kept_at: str) -> DirectComparison:
    """What `confirm --json` has written; ValueError if it is not complete.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    if content["complete"] is not True:
        raise ValueError("it was interrupted")
    cells = [
        {name: cell[name] for name in DirectCell.model_fields}
        for cell in content["cells"]
        if cell["figure"] == DECIDED_BY and cell["ratio"] is not None
    ]
    return DirectComparison.model_validate(
        {
            "a": content["a"]["name"],
            "b": content["b"]["name"],
            "tomogram": content["tomogram"],
            "python": content["python"],
            "kept_at": kept_at,
            "cells": cells,
        }
    )


def read_direct(results: Path, machine: str) -> list[DirectComparison]:
    """The comparisons of a machine; what is no such line is left out, and said."""
    return list(read_lines_as(results / machine / DIRECT_FILE, DirectComparison.model_validate))


def keep_direct(results: Path, machine: str, lines: Iterable[DirectComparison]) -> None:
    """Write all comparisons of a machine, whole or not at all."""
    write_lines(results / machine / DIRECT_FILE, [line.model_dump() for line in lines])


@dataclass(frozen=True)
class DirectAgreement:
    """How the history agrees with one direct comparison, over `cells` that both know.

    `typical`, `least` and `largest` are of the history's ratio over the direct one; in
    `overlapping` cells the two 99 % intervals have something in common.
    """

    a: str
    b: str
    cells: int
    overlapping: int
    typical: float
    least: float
    largest: float


def direct_agreement(line: DirectComparison, history: AnchoredHistory) -> DirectAgreement | None:
    """Hold the history against a direct comparison; None where they share no cell."""
    pairs = [
        (known, cell)
        for cell in line.cells
        if (known := _chained(history, line.a, line.b, cell)) is not None
    ]
    if not pairs:
        return None
    over = [known.ratio / cell.ratio for known, cell in pairs]
    overlapping = sum(known.low <= cell.high and cell.low <= known.high for known, cell in pairs)
    return DirectAgreement(
        *(line.a, line.b, len(pairs), overlapping),
        *(statistics.median(over), min(over), max(over)),
    )


def direct_agreements(
    lines: Sequence[DirectComparison], history: AnchoredHistory
) -> list[DirectAgreement]:
    """As `direct_agreement`, of every comparison that shares a cell with the history."""
    found = [direct_agreement(line, history) for line in lines]
    return [each for each in found if each is not None]


def _chained(history: AnchoredHistory, a: str, b: str, cell: DirectCell) -> Ratio | None:
    named = ComparedCell(cell.benchmark, cell.codec, cell.chunks, cell.zarr_format)
    if not {a, b} <= history.releases:
        return None
    return history.between(a, b, named)
