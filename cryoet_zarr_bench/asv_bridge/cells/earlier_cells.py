"""Cells that an earlier run measured with a larger part of the grid: a smaller run keeps them.

asv replaces all cells of a benchmark by those of the newest run. Both functions work on what the
files hold, as JSON has it.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from cryoet_zarr_bench.asv_bridge.known_benchmarks import one_axis

_OF_A_BENCHMARK = ("params", "version", "started_at", "duration", "profile")
_OF_CONFIGS = ("stores", "impossible", "failed")


def with_earlier_cells(new: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """The content of a result file, with the cells that only the earlier one has.

    Both are of the same release, tomogram and machine. A benchmark of another version measured
    something else, and is not taken over.
    """
    columns = new["result_columns"]
    before = {name: _row(earlier, name) for name in earlier["results"]}
    results = {}
    for name in new["results"]:
        row = _row(new, name)
        if name in before and before[name].get("version") == row.get("version"):
            row = _with_cells(row, before[name], columns)
        results[name] = _shortened([row.get(column) for column in columns])
    return {**new, "results": {**earlier["results"], **results}}


def _shortened(row: list[Any]) -> list[Any]:
    """Without what is null at its end, as asv writes it."""
    while row and row[-1] is None:
        row.pop()
    return row


def _row(content: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(zip(content["result_columns"], content["results"][name], strict=False))


def _with_cells(row: dict[str, Any], before: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    if len(row["params"]) != len(before["params"]):
        return row
    axes = [one_axis(*each) for each in zip(before["params"], row["params"], strict=True)]
    if axes == row["params"]:
        return row
    cells = list(itertools.product(*axes))
    together = {**row, "params": axes}
    for column in columns:
        if column in _OF_A_BENCHMARK:
            continue
        # What neither run had in its grid is n/a, which asv writes as NaN.
        values: dict[tuple[str, ...], Any] = {}
        values |= dict.fromkeys(cells, math.nan if column == "result" else None)
        for each in (before, row):
            own = list(itertools.product(*each["params"]))
            values |= dict(zip(own, each.get(column) or [None] * len(own), strict=True))
        found = list(values.values())
        together[column] = None if all(value is None for value in found) else found
    return together


def with_earlier_stores(new: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """The content of a record, with what only the earlier one says of the stores of configs."""
    named = {config for key in _OF_CONFIGS for config in new.get(key, {})}
    together = {**earlier, **new}
    for key in _OF_CONFIGS:
        if key in earlier:
            kept = {name: said for name, said in earlier[key].items() if name not in named}
            together[key] = {**kept, **new.get(key, {})}
    for section in earlier.keys() & new.keys():
        both = earlier[section], new[section]
        if all(isinstance(each, dict) and "stores" in each for each in both):
            together[section] = with_earlier_stores(new[section], earlier[section])
    return together
